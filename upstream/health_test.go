package upstream

import (
	"context"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sluice/message"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// middle is the dice that jitters nothing.
const middle = 0.5

// Repeated failure doubles the pause from 500 ms to 30 s; having worked for a
// while begins anew.
func TestThePauseGrowsAndIsForgotten(t *testing.T) {
	var h health
	now := epoch
	for i, want := range []time.Duration{
		500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second,
		8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second,
	} {
		if !h.failed(byDial, now, now, refusal, middle) || h.state != StateOut {
			t.Fatalf("failure %d did not take it out", i+1)
		}
		if got := h.until.Sub(now); got != want {
			t.Errorf("failure %d: pause %v, want %v", i+1, got, want)
		}
		if h.ended(h.until.Add(-1)) {
			t.Error("the pause ended early")
		}
		now = h.until
		if !h.ended(now) || h.state != StateTrial {
			t.Error("the end of the pause brought no trial")
		}
	}
	if !h.reached(now, now) || h.state != StateIn {
		t.Fatal("a trial that worked did not bring it in")
	}
	now = now.Add(29 * time.Second)
	h.failed(byDial, now, now, refusal, middle)
	if h.pause != lastPause {
		t.Errorf("29 s after a pause of 30 s it was %v, want it kept", h.pause)
	}
	h.reached(now, now)
	now = now.Add(30 * time.Second)
	h.failed(byDial, now, now, refusal, middle)
	if h.pause != firstPause {
		t.Errorf("after 30 s of work the pause was %v, want %v", h.pause, firstPause)
	}
}

func TestThePauseIsJittered(t *testing.T) {
	for _, tt := range []struct {
		dice float64
		want time.Duration
	}{{0, 400 * time.Millisecond}, {0.5, 500 * time.Millisecond}, {1, 600 * time.Millisecond}} {
		var h health
		h.failed(byDial, epoch, epoch, refusal, tt.dice)
		if got := h.until.Sub(epoch); got != tt.want {
			t.Errorf("dice %v: %v, want %v", tt.dice, got, tt.want)
		}
	}
}

// Of a hundred dials that fail together one counts, and what began before a
// return does not undo it.
func TestOldEvidenceDoesNotCount(t *testing.T) {
	var h health
	at := func(ms int) time.Time { return epoch.Add(time.Duration(ms) * time.Millisecond) }
	h.failed(byDial, at(0), at(1), refusal, middle)
	for range 99 {
		if h.failed(byDial, at(0), at(2), refusal, middle) {
			t.Fatal("a second failure of the same moment counted")
		}
	}
	if h.pause != firstPause {
		t.Errorf("pause %v, want %v", h.pause, firstPause)
	}
	if h.reached(at(0), at(50)) {
		t.Error("a dial from before the outage brought it back")
	}
	if !h.reached(at(60), at(61)) {
		t.Error("a dial from after the outage did not bring it back")
	}
	if h.failed(byDial, at(10), at(260), refusal, middle) {
		t.Error("a time-out from before the return took it out")
	}
}

// "Never the last one": and what takes one out decides what brings it back.
func TestWhatBringsOneBack(t *testing.T) {
	at := func(ms int) time.Time { return epoch.Add(time.Duration(ms) * time.Millisecond) }
	for _, by := range []evidence{byDial, byResponse, byCheck} {
		for _, tt := range []struct {
			name string
			step func(h *health) bool
			want map[evidence]bool
		}{
			{"a probe connects", func(h *health) bool { return h.reached(at(10), at(11)) },
				map[evidence]bool{byDial: true}},
			{"a check passes during the pause", func(h *health) bool { return h.passed(at(10), at(11), 1) },
				map[evidence]bool{byDial: true, byCheck: true}},
			{"a check passes after it", func(h *health) bool { return h.passed(at(600), at(601), 1) },
				map[evidence]bool{byDial: true, byCheck: true, byResponse: true}},
			{"the first of two checks passes", func(h *health) bool { return h.passed(at(600), at(601), 2) }, nil},
			{"two of two do", func(h *health) bool { h.passed(at(600), at(601), 2); return h.passed(at(700), at(701), 2) },
				map[evidence]bool{byDial: true, byCheck: true, byResponse: true}},
			{"the second fails", func(h *health) bool {
				h.passed(at(600), at(601), 2)
				h.checkFailed(at(700), at(701), 1, refusal, middle)
				return h.passed(at(800), at(801), 2)
			}, nil},
			{"a request is answered", func(h *health) bool { return h.answered(at(10), at(11)) },
				map[evidence]bool{byDial: true, byCheck: true, byResponse: true}},
			{"one that began before is", func(h *health) bool { return h.answered(at(-10), at(11)) }, nil},
		} {
			var h health
			h.failed(by, at(0), at(0), refusal, middle)
			if got := tt.step(&h); got != tt.want[by] || (h.state == StateIn) != got {
				t.Errorf("out by %d, %s: changed %v to %v", by, tt.name, got, h.state)
			}
		}
	}
}

func TestChecksMustFailInARow(t *testing.T) {
	var h health
	now := epoch
	check := func(ok bool) bool {
		now = now.Add(time.Second)
		if ok {
			return h.passed(now, now, 1)
		}
		return h.checkFailed(now, now, 3, refusal, middle)
	}
	for i, ok := range []bool{false, false, true, false, false, true, false, false} {
		if check(ok) || h.state != StateIn {
			t.Fatalf("check %d took it out", i+1)
		}
	}
	if !check(false) || h.state != StateOut || h.by != byCheck {
		t.Error("the third failure in a row did not take it out")
	}
	if !check(true) || h.state != StateIn {
		t.Error("the next check did not bring it back")
	}
}

func TestHealthBySimulation(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	var h health
	now := epoch
	for step := range 200_000 {
		before := h
		now = now.Add(time.Duration(dice.Int64N(int64(2 * time.Second))))
		began := now.Add(-time.Duration(dice.Int64N(int64(time.Second))))
		changed := false
		switch dice.IntN(8) {
		case 0:
			changed = h.failed(byDial, began, now, refusal, dice.Float64())
		case 1:
			changed = h.failed(byResponse, began, now, refusal, dice.Float64())
		case 2:
			changed = h.checkFailed(began, now, 2, refusal, dice.Float64())
		case 3:
			changed = h.reached(began, now)
		case 4:
			changed = h.answered(began, now)
		case 5:
			changed = h.passed(began, now, 2)
		case 6:
			changed = h.ended(now)
		case 7:
			h.probeFailed(began, now)
		}
		switch {
		case changed != (before.state != h.state):
			t.Fatalf("step %d: changed is %v from %v to %v", step, changed, before.state, h.state)
		case h.state == StateNew:
			t.Fatalf("step %d: new again", step)
		case h.pause != 0 && (h.pause < firstPause || h.pause > lastPause):
			t.Fatalf("step %d: pause %v", step, h.pause)
		case changed && h.state == StateOut && (h.pause != firstPause && h.pause != min(2*before.pause, lastPause)):
			t.Fatalf("step %d: pause went from %v to %v", step, before.pause, h.pause)
		case changed && h.state == StateOut && (h.until.Sub(now) < h.pause*8/10 || h.until.Sub(now) > h.pause*12/10):
			t.Fatalf("step %d: out for %v at pause %v", step, h.until.Sub(now), h.pause)
		case changed && h.state == StateOut && h.probe.Sub(now) > 120*time.Millisecond:
			t.Fatalf("step %d: first probe after %v", step, h.probe.Sub(now))
		case changed && h.state == StateTrial && now.Before(before.until):
			t.Fatalf("step %d: on trial before the pause ended", step)
		case changed && h.state == StateIn && began.Before(before.left):
			t.Fatalf("step %d: came in by what began before it went out", step)
		}
	}
}

// Random outages and returns of a whole Pool: an Upstream that is out is never
// picked, one on trial has one request, and one that is in is always found.
func TestServiceBySimulation(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		dice := rand.New(rand.NewPCG(seed, 0))
		events := make(map[string]State)
		p := newTestPool(t, Config{Servers: servers(1, 1, 2, 3, 1, 5)})
		p.fleet.notify = func(e Event) {
			if events[e.Upstream] == StateIn && e.State != StateOut {
				t.Errorf("%q came back without having been out", e.Upstream)
			}
			events[e.Upstream] = e.State
		}
		for range 20_000 {
			time.Sleep(time.Duration(dice.Int64N(int64(300 * time.Millisecond))))
			u := ups(p)[dice.IntN(len(ups(p)))]
			switch dice.IntN(6) {
			case 0, 1:
				fail(u)
			case 2:
				p.fleet.reached(u, time.Now())
			case 3:
				u.Succeeded(time.Now(), time.Now())
			case 4:
				u.release()
			case 5:
				due, _ := p.fleet.tend(time.Now())
				for _, u := range due {
					p.fleet.landed(u)
				}
			}
			checkService(t, p)
		}
	})
}

func checkService(t *testing.T, p *Pool) {
	t.Helper()
	var tried Tried
	free := 0
	for _, u := range ups(p) {
		if s := u.health.state; s == StateIn || s == StateTrial && !u.trial.Load() {
			free++
		}
		if (u.place >= 0) != (u.health.state != StateIn) || u.place >= 0 && p.fleet.schedule[u.place] != u {
			t.Fatalf("%s is %v and at place %d of the schedule", u.Address, u.health.state, u.place)
		}
	}
	for range free {
		u := pick(p, tried)
		if u == nil || tried.Has(u) || u.health.state == StateOut {
			t.Fatalf("%d of %d found, then %v", tried.Len(), free, u)
		}
		tried = tried.With(u)
	}
	if u := pick(p, tried); u != nil {
		t.Fatalf("picked %s, which is %v", u.Address, u.health.state)
	}
}

func TestATrialIsOneRequestAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{Servers: equalServers(2)})
		sick := ups(p)[0]
		fail(sick)
		time.Sleep(time.Second)
		p.fleet.tend(time.Now())
		if got := picks(p, 100); got[0] != 1 || got[1] != 99 {
			t.Fatalf("during the trial: %v, want one on the first", got)
		}
		sick.release()
		if got := picks(p, 100); got[0] != 1 {
			t.Fatalf("after the first of the trial had ended: %v, want one more", got)
		}
		sick.Succeeded(time.Now(), time.Now())
		if got := picks(p, 100); got[0] != 50 {
			t.Fatalf("after success: %v, want halves", got)
		}
	})
}

// onTrial takes u out and lets its pause be over.
func onTrial(u *Upstream) {
	fail(u)
	u.fleet.mu.Lock()
	u.health.until = time.Now()
	u.fleet.plan(u, time.Now())
	u.fleet.mu.Unlock()
	u.fleet.tend(time.Now())
}

func TestADialThatWorksEndsTheTrial(t *testing.T) {
	p := newTestPool(t, Config{Servers: []Server{newOrigin(t).server()}})
	u := ups(p)[0]
	onTrial(u)
	if pick(p, Tried{}) != u || pick(p, Tried{}) != nil || p.AllOut() {
		t.Fatal("it is not on trial")
	}
	if f := p.NoneLeft(); f == nil || f.Status() != 503 {
		t.Fatalf("for those who wait for the trial: %v", f)
	}
	c, _, f := u.Get()
	if f != nil || u.health.state != StateIn {
		t.Fatalf("after the dial: %v, %v", u.health.state, f)
	}
	u.Discard(c)
}

// A trial that came to nothing leaves its place to the next.
func TestAnUndecidedTrialGivesItsPlaceUp(t *testing.T) {
	o := newOrigin(t)
	for _, tt := range []struct {
		name string
		end  func(p *Pool, u *Upstream)
	}{
		{"our own shortage", func(p *Pool, u *Upstream) {
			p.fleet.connect = func(context.Context, time.Duration, string) (net.Conn, error) { return nil, syscall.EMFILE }
			u.Get()
		}},
		{"put", func(p *Pool, u *Upstream) { u.Put(getMany(t, u, 1)[0]); onTrial(u) }},
		{"never asked for a connection, but probed", func(p *Pool, u *Upstream) {
			p.fleet.reached(u, time.Now())
			onTrial(u)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newTestPool(t, Config{Servers: []Server{o.server()}})
			u := ups(p)[0]
			onTrial(u)
			if pick(p, Tried{}) != u {
				t.Fatal("there was no trial")
			}
			tt.end(p, u)
			if u.health.state != StateTrial || pick(p, Tried{}) != u {
				t.Errorf("it is %v and there was no other trial", u.health.state)
			}
		})
	}
}

func TestEventsSayWhyAndForHowLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []Event
		p := newTestPool(t, Config{Servers: equalServers(1)})
		p.fleet.notify = func(e Event) { events = append(events, e) }
		u := ups(p)[0]
		fail(u)
		time.Sleep(3 * time.Second)
		p.fleet.tend(time.Now())
		fail(u)
		time.Sleep(time.Second)
		p.fleet.reached(u, time.Now())
		if len(events) != 3 {
			t.Fatalf("got %v, want out, out, in", events)
		}
		for i, want := range []Event{
			{State: StateOut, For: 500 * time.Millisecond},
			{State: StateOut, For: time.Second},
			{State: StateIn, For: 4 * time.Second},
		} {
			e := events[i]
			off := (e.For - want.For).Abs()
			if e.State != want.State || off > want.For/5 || e.Pool != "app" || e.Upstream != u.Address {
				t.Errorf("event %d: %+v, want %v for %v", i, e, want.State, want.For)
			}
			if e.Why == nil || e.Why.Cause != message.CauseConnectionRefused {
				t.Errorf("event %d does not say why: %v", i, e.Why)
			}
		}
	})
}
