package handover

import (
	"context"
	"errors"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sd_watchdog_enabled(3): "$WATCHDOG_USEC: Set by the system manager for
// supervised process for which watchdog support is enabled"; "$WATCHDOG_PID:
// ... contains the PID of that process. See above for details": it "will return
// 0 ... if the process ID doesn't match", and without it the one who reads is meant.
func TestPeriodIsOursOrNone(t *testing.T) {
	self, other := strconv.Itoa(os.Getpid()), strconv.Itoa(os.Getppid())
	for _, tt := range []struct {
		usec, pid string
		want      time.Duration
		fails     bool
	}{
		{"", "", 0, false},
		{"30000000", "", 30 * time.Second, false},
		{"30000000", self, 30 * time.Second, false},
		{"30000000", other, 0, false},
		{"30000000", "me", 0, true},
		{"30000000", "-1", 0, true},
		{"0", self, 0, true},
		{"-5", self, 0, true},
		{"1.5", self, 0, true},
		{"9223372036854776", self, 0, true}, // more nanoseconds than there are
		{"99999999999999999999", self, 0, true},
	} {
		env := map[string]string{}
		if tt.usec != "" {
			env["WATCHDOG_USEC"] = tt.usec
		}
		if tt.pid != "" {
			env["WATCHDOG_PID"] = tt.pid
		}
		if got, err := watchdogPeriod(env); got != tt.want || (err != nil) != tt.fails {
			t.Errorf("%q, %q: %v, %v; want %v", tt.usec, tt.pid, got, err, tt.want)
		}
	}
}

// dog is a Watchdog with what it did.
type dog struct {
	Watchdog
	mu     sync.Mutex
	why    error       // guarded by mu; what Ask returns
	hangs  bool        // guarded by mu; Ask, until its context ends
	fed    []time.Time // guarded by mu until Run has ended
	events []string    // Run's, until it has ended
}

func newDog(period time.Duration) *dog {
	d := &dog{}
	d.Watchdog = Watchdog{Period: period,
		Ask: func(ctx context.Context) error {
			d.mu.Lock()
			hangs, why := d.hangs, d.why
			d.mu.Unlock()
			if hangs {
				<-ctx.Done()
				return ctx.Err()
			}
			return why
		},
		Feed: func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.fed = append(d.fed, time.Now())
		},
		Changed: func(why error, starved bool) {
			switch {
			case why == nil:
				d.events = append(d.events, "answers")
			case starved:
				d.events = append(d.events, "starved")
			default:
				d.events = append(d.events, "never answered")
			}
		}}
	return d
}

// while lets it run for a time. The caller is a step of during.
func (d *dog) while(t time.Duration) {
	d.mu.Unlock()
	defer d.mu.Lock()
	time.Sleep(t)
	synctest.Wait()
}

// during takes steps, each with mu held, while it runs.
func (d *dog) during(t *testing.T, steps ...func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.Run(ctx)
	}()
	for _, step := range steps {
		d.mu.Lock()
		step()
		d.mu.Unlock()
	}
	cancel()
	<-ended
}

func (d *dog) wantEvents(t *testing.T, want ...string) {
	t.Helper()
	if len(d.events) != len(want) {
		t.Fatalf("told %q, want %q", d.events, want)
	}
	for i := range want {
		if d.events[i] != want[i] {
			t.Fatalf("told %q, want %q", d.events, want)
		}
	}
}

// sd_watchdog_enabled(3): "It is recommended that a daemon sends a keep-alive
// notification message to the service manager every half of the time returned
// here."
func TestItIsFedTwiceInAPeriodAtLeast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDog(20 * time.Second)
		d.during(t, func() { d.while(time.Minute) })
		if len(d.fed) < 6 {
			t.Fatalf("fed %d times in three periods", len(d.fed))
		}
		for i := range d.fed[1:] {
			if gap := d.fed[i+1].Sub(d.fed[i]); gap > 10*time.Second {
				t.Errorf("a gap of %v in a period of %v", gap, d.Period)
			}
		}
		d.wantEvents(t)
	})
}

// "fed only while the data path answers", whether it says no or nothing.
func TestItIsNotFedWhenTheDataPathStopsAnswering(t *testing.T) {
	for name, stop := range map[string]func(*dog){
		"fails": func(d *dog) { d.why = errors.New("connection refused") },
		"hangs": func(d *dog) { d.hangs = true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDog(20 * time.Second)
				var before int
				d.during(t,
					func() { d.while(19 * time.Second) },
					func() { before = len(d.fed); stop(d); d.while(time.Minute) },
					func() {
						if len(d.fed) != before || before == 0 {
							t.Errorf("fed %d times before and %d since it stopped", before, len(d.fed)-before)
						}
					},
				)
				d.wantEvents(t, "starved")
			})
		})
	}
}

func TestOneSlowAnswerIsNoReasonToBeKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDog(20 * time.Second)
		d.during(t,
			func() { d.while(19 * time.Second) },
			func() { d.hangs = true; d.while(9 * time.Second) },
			func() { d.hangs = false; d.while(30 * time.Second) },
		)
		for i := range d.fed[1:] {
			if gap := d.fed[i+1].Sub(d.fed[i]); gap >= d.Period {
				t.Errorf("a gap of %v, which is a death", gap)
			}
		}
		d.wantEvents(t, "starved", "answers")
	})
}

// "A data path that has never answered proves nothing but that this machine
// cannot reach itself": it is told, and fed.
func TestADataPathThatHasNeverAnsweredIsFed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDog(20 * time.Second)
		d.hangs = true
		d.during(t,
			func() { d.while(time.Minute) },
			func() {
				if len(d.fed) < 6 {
					t.Errorf("fed %d times in three periods", len(d.fed))
				}
				d.hangs = false
				d.while(20 * time.Second)
			},
			func() { d.hangs = true; d.while(20 * time.Second) },
		)
		d.wantEvents(t, "never answered", "answers", "starved")
	})
}
