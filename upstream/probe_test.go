package upstream

import (
	"context"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// network is what a Pool of a test dials into: each address is up, refuses or
// swallows.
type network struct {
	mu     sync.Mutex
	down   map[string]error
	dials  int
	flying atomic.Int32
}

func newNetwork(p *Pool) *network {
	n := &network{down: make(map[string]error)}
	p.fleet.connect = n.connect
	return n
}

func (n *network) set(u *Upstream, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down[u.Address] = err
}

func (n *network) connect(ctx context.Context, timeout time.Duration, address string) (net.Conn, error) {
	n.flying.Add(1)
	defer n.flying.Add(-1)
	n.mu.Lock()
	n.dials++
	err := n.down[address]
	n.mu.Unlock()
	if err == os.ErrDeadlineExceeded {
		select {
		case <-time.After(timeout):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err != nil {
		return nil, err
	}
	c, peer := net.Pipe()
	peer.Close()
	return c, nil
}

func (n *network) total() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials
}

// running runs the Pool in the bubble until the returned function is called.
func running(t *testing.T, p *Pool) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.fleet.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// However long the pause has grown, one that is back answers within a second.
func TestOneThatIsBackIsInWithinASecond(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
	}{{"refused", syscall.ECONNREFUSED}, {"swallowed", os.ErrDeadlineExceeded}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newTestPool(t, Config{Servers: equalServers(3)})
				n := newNetwork(p)
				defer running(t, p)()
				u := ups(p)[1]
				n.set(u, tt.err)
				get(u)
				// Probes find it down: no request is spent on finding that again.
				for range 120 {
					time.Sleep(time.Second)
					if pick(p, Tried{}.With(ups(p)[0]).With(ups(p)[2])) == u {
						t.Fatal("it is on trial although probes fail")
					}
				}
				if State(u.state.Load()) != StateOut {
					t.Fatal("it is not out")
				}
				n.set(u, nil)
				time.Sleep(time.Second)
				if State(u.state.Load()) != StateIn {
					t.Error("a second after its return it is not in")
				}
			})
		})
	}
}

// A short hiccup costs a tenth of a second.
func TestTheFirstProbeComesSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{Servers: equalServers(1)})
		newNetwork(p)
		defer running(t, p)()
		synctest.Wait()
		fail(ups(p)[0])
		if pick(p, Tried{}) != nil {
			t.Fatal("it is not out")
		}
		time.Sleep(140 * time.Millisecond)
		synctest.Wait()
		if pick(p, Tried{}) == nil {
			t.Error("140 ms later it is not back")
		}
	})
}

// With all out nobody is picked and nothing waits; the prober brings them back.
func TestWithAllOutTheProberBringsThemBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{Servers: equalServers(3)})
		n := newNetwork(p)
		defer running(t, p)()
		for _, u := range ups(p) {
			n.set(u, syscall.ECONNREFUSED)
			get(u)
		}
		began := time.Now()
		if pick(p, Tried{}) != nil || p.NoneLeft() == nil || time.Since(began) != 0 {
			t.Fatal("with all out there was one, or it took time")
		}
		for _, u := range ups(p) {
			n.set(u, nil)
		}
		time.Sleep(time.Second)
		if got := p.Stats().Available; got != 3 {
			t.Errorf("%d in after a second, want 3", got)
		}
	})
}

// A thousand dead ones cost a bounded number of dials and sockets, none is
// forgotten, and each is looked at about twice a second. The prober's loop is
// played with a clock of our own: so many timers in a synctest bubble crash
// the race detector (golang/go #78156).
func TestAThousandDeadDoNotStorm(t *testing.T) {
	for _, tt := range []struct {
		name    string
		takes   time.Duration // until a probe has failed
		longest time.Duration // between two probes of the same one
	}{
		{"refused", 0, 700 * time.Millisecond},
		{"swallowed", 250 * time.Millisecond, 700 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newTestPool(t, Config{Servers: equalServers(1000)})
			for _, u := range ups(p) {
				fail(u)
			}
			begin := time.Now()
			end := begin.Add(10 * time.Second)
			last := make(map[*Upstream]time.Time)
			ends := make(map[time.Time][]*Upstream)
			dials := 0
			for now := begin; now.Before(end); now = now.Add(pace) {
				for at, done := range ends {
					if !at.After(now) {
						for _, u := range done {
							p.fleet.landed(u)
						}
						delete(ends, at)
					}
				}
				due, _ := p.fleet.tend(now)
				for _, u := range due {
					if gap := now.Sub(last[u]); !last[u].IsZero() && gap > tt.longest {
						t.Errorf("%s was probed after %v", u.Address, gap)
					}
					last[u] = now
				}
				dials += len(due)
				ends[now.Add(tt.takes)] = append(ends[now.Add(tt.takes)], due...)
				if p.fleet.flying > maxFlying {
					t.Fatalf("%d dials at a time, want at most %d", p.fleet.flying, maxFlying)
				}
			}
			if dials < 18_000 || dials > 22_000 {
				t.Errorf("%d dials in 10 s, want two a second for each", dials)
			}
			for _, u := range ups(p) {
				if gap := end.Sub(last[u]); gap > tt.longest {
					t.Errorf("%s has not been probed for %v", u.Address, gap)
				}
			}
		})
	}
}

// A healthy Pool is left alone.
func TestAHealthyPoolIsNotProbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{Servers: equalServers(100)})
		n := newNetwork(p)
		defer running(t, p)()
		time.Sleep(time.Hour)
		if dials := n.total(); dials != 0 {
			t.Errorf("%d dials in an hour, want none", dials)
		}
	})
}

// Run ends while probes wait for an answer, and does not leave them behind.
func TestRunEndsWithAllItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{Servers: equalServers(50), Settings: Settings{ConnectTimeout: time.Hour}})
		n := newNetwork(p)
		for _, u := range ups(p) {
			n.set(u, os.ErrDeadlineExceeded)
			fail(u)
		}
		stop := running(t, p)
		time.Sleep(time.Second)
		if n.flying.Load() != 50 {
			t.Errorf("%d probes under way, want 50", n.flying.Load())
		}
		began := time.Now()
		stop()
		if n.flying.Load() != 0 || time.Since(began) != 0 {
			t.Errorf("%d probes left, Run took %v to end", n.flying.Load(), time.Since(began))
		}
	})
}

// The whole of it once on real sockets: an upstream stops and starts again.
func TestARealUpstreamStopsAndStarts(t *testing.T) {
	const most, tries = time.Second, 10
	took := time.Hour // the best of some, for the machine may be busy
	for n := 0; took > most && n < tries; n++ {
		took = min(took, stopAndStart(t))
	}
	if took > most {
		t.Errorf("back after %v, want within %v", took, most)
	}
}

// stopAndStart returns how long an Upstream is out after it is back.
func stopAndStart(t *testing.T) time.Duration {
	t.Helper()
	fd, stopped := bound(t)
	p := newTestPool(t, Config{Servers: []Server{stopped, newOrigin(t).server()}})
	defer running(t, p)()
	u := ups(p)[0]
	if _, f := getFresh(u); f == nil {
		t.Fatal("the dial to a port that nobody listens on succeeded")
	}
	for range 10 {
		if pick(p, Tried{}) == u {
			t.Fatal("picked while out and another was in")
		}
	}
	if err := syscall.Listen(fd, 8); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	until(t, "it is back", func() bool { return State(u.state.Load()) == StateIn })
	return time.Since(back)
}
