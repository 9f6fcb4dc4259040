package upstream

import (
	"testing"
	"time"
)

// replaced returns a Pool of the first n servers, and the one that takes its
// place with the first m.
func replaced(t *testing.T, f *Fleet, n, m int, changed func(*Config)) (old, next *Pool) {
	t.Helper()
	c := Config{Name: "app", Servers: equalServers(n), Settings: Settings{SlowStart: -1}}
	old, err := f.NewPool(c)
	if err != nil {
		t.Fatal(err)
	}
	c.Servers, c.Replaces = equalServers(m), old
	if changed != nil {
		changed(&c)
	}
	if next, err = f.NewPool(c); err != nil {
		t.Fatal(err)
	}
	return old, next
}

// "Exchanges that still hold it go on as if it were open, and may pick for
// another Attempt": a Pool that a reload has closed still serves those that
// began with it, and nothing of it is left in the Fleet.
func TestAClosedPoolServesThoseWhoHoldIt(t *testing.T) {
	for name, policy := range map[string]Policy{"round_robin": RoundRobin, "least_conn": LeastConn, "client_hash": ClientHash} {
		t.Run(name, func(t *testing.T) {
			f := NewFleet(nil)
			old, err := f.NewPool(Config{Name: "app", Servers: equalServers(3), Policy: policy, Settings: Settings{SlowStart: -1}})
			if err != nil {
				t.Fatal(err)
			}
			next, err := f.NewPool(Config{Name: "app", Servers: equalServers(2), Policy: policy, Settings: Settings{SlowStart: -1}, Replaces: old})
			if err != nil {
				t.Fatal(err)
			}
			old.Close()
			old.Close()
			if err := old.Update(equalServers(3), nil); err != nil {
				t.Error(err)
			}
			if len(f.all) != 2 {
				t.Errorf("the fleet has %d upstreams, want the 2 of the pool that is open", len(f.all))
			}
			if old.AllOut() || old.Len() != 3 {
				t.Errorf("all out %v, %d upstreams", old.AllOut(), old.Len())
			}
			var tried Tried
			for range 3 {
				u := old.Pick(tried, anybody)
				if u == nil {
					t.Fatal("a closed pool picks nobody")
				}
				tried = tried.With(u)
				u.release()
			}
			next.Close()
			if len(f.all) != 0 || len(f.schedule) != 0 {
				t.Errorf("%d upstreams and %d plans are left", len(f.all), len(f.schedule))
			}
		})
	}
}

// "while it serves, Upstreams that it does not have are probed first": what a
// reload adds gets no request before somebody has connected to it.
func TestWhatAReloadAddsIsProbedFirst(t *testing.T) {
	for _, tt := range []struct {
		name    string
		n, m    int
		changed func(*Config)
		want    []State
	}{
		{"one more", 2, 3, nil, []State{StateIn, StateIn, StateNew}},
		{"as before", 2, 2, nil, []State{StateIn, StateIn}},
		{"the first ones", 0, 2, nil, []State{StateIn, StateIn}},
		{"other settings, so that nobody is known", 2, 2, func(c *Config) { c.Settings.MaxIdle = 7 }, []State{StateIn, StateIn}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, next := replaced(t, NewFleet(nil), tt.n, tt.m, tt.changed)
			for i, u := range next.Stats().Upstreams {
				if u.State != tt.want[i] {
					t.Errorf("%s is %v, want %v", u.Address, u.State, tt.want[i])
				}
			}
			if next.replaces != nil {
				t.Error("the pool that was replaced is kept for ever")
			}
		})
	}
}

// "Its Budget goes on if it is the same": a reload gives a Pool in trouble no
// second helping of retries.
func TestTheBudgetGoesOn(t *testing.T) {
	old, next := replaced(t, NewFleet(nil), 1, 1, nil)
	if old.Budget != next.Budget {
		t.Error("the budget begins anew")
	}
	old, next = replaced(t, NewFleet(nil), 1, 1, func(c *Config) { c.RetryShare = 0.5 })
	if old.Budget == next.Budget || !next.Budget.Withdraw(time.Now()) {
		t.Error("another share, and the budget is the old one")
	}
}
