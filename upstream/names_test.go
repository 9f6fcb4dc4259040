package upstream

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/message"
)

// resolver is a stub whose answer can be changed. With hang it lets every
// question wait until its context ends.
type resolver struct {
	mu     sync.Mutex
	addrs  []netip.Addr
	err    error
	hang   bool
	asked  []time.Time
	flying int
	most   int
}

func (r *resolver) set(err error, addrs ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err, r.addrs = err, nil
	for _, a := range addrs {
		r.addrs = append(r.addrs, netip.MustParseAddr(a))
	}
}

func (r *resolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	r.mu.Lock()
	r.asked = append(r.asked, time.Now())
	r.flying++
	r.most = max(r.most, r.flying)
	addrs, err, hang := r.addrs, r.err, r.hang
	r.mu.Unlock()
	defer func() { r.mu.Lock(); r.flying--; r.mu.Unlock() }()
	if hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return addrs, err
}

func (r *resolver) times() []time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

var errServfail = &net.DNSError{Err: "server misbehaving", Name: "app.internal", IsTemporary: true}

func named(host string, ports ...uint16) (all []Server) {
	for _, port := range ports {
		all = append(all, Server{Host: host, Port: port})
	}
	return all
}

func addressesOf(u *Upstream) string {
	s := ""
	for _, a := range u.addresses.Load().plain() {
		s += a.String() + " "
	}
	return s
}

// NewPool asks nobody; Run resolves once for all Servers of the name.
func TestANameIsResolvedInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &resolver{}
		r.set(nil, "192.0.2.2", "192.0.2.1", "192.0.2.2", "::ffff:192.0.2.3")
		p := newTestPool(t, Config{Servers: named("app.internal", 3001, 3002, 3003), Lookup: r.LookupNetIP})
		if len(r.times()) != 0 {
			t.Fatal("NewPool asked the resolver")
		}
		if p.Pick(Tried{}) != nil {
			t.Fatal("picked before it was resolved")
		}
		wantCause(t, p.NoneLeft(), message.PartyUpstream, message.PhaseResolve, message.CauseDNSTimeout)
		_, _, f := p.Upstreams[0].Get()
		wantCause(t, f, message.PartyUpstream, message.PhaseResolve, message.CauseDNSTimeout)

		defer running(t, p)()
		synctest.Wait()
		if got := len(r.times()); got != 1 {
			t.Errorf("asked %d times for one name", got)
		}
		if got, want := addressesOf(p.Upstreams[1]), "192.0.2.1:3002 192.0.2.2:3002 192.0.2.3:3002 "; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := picks(p, 3); !slices.Equal(got, []int{1, 1, 1}) {
			t.Errorf("picks %v, want one each", got)
		}
	})
}

// A resolver that fails says so in the degraded answer, and is asked again at
// growing distances.
func TestANameThatNeverResolvedIsOutAndSaysWhy(t *testing.T) {
	for _, tt := range []struct {
		name  string
		r     *resolver
		cause message.Cause
	}{
		{"fails", &resolver{err: errServfail}, message.CauseDNSError},
		{"times out", &resolver{hang: true}, message.CauseDNSTimeout},
		{"is told of a time-out", &resolver{err: &net.DNSError{Err: "i/o timeout", IsTimeout: true}}, message.CauseDNSTimeout},
		{"answers with nothing", &resolver{}, message.CauseDNSError},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newTestPool(t, Config{Servers: named("app.internal", 80), Lookup: tt.r.LookupNetIP})
				defer running(t, p)()
				time.Sleep(3 * time.Minute)
				wantCause(t, p.NoneLeft(), message.PartyUpstream, message.PhaseResolve, tt.cause)
				if s := p.Stats().Upstreams[0]; s.State != StateResolving || s.Why == "" {
					t.Errorf("status %+v", s)
				}
				asked := tt.r.times()
				for i := 1; i < len(asked); i++ {
					gap := asked[i].Sub(asked[i-1])
					if gap < time.Second || gap > lookupEvery+lookupTimeout {
						t.Errorf("gap %d is %v", i, gap)
					}
				}
				if len(asked) < 8 || len(asked) > 14 {
					t.Errorf("asked %d times in 3 minutes", len(asked))
				}
				tt.r.mu.Lock()
				tt.r.hang = false
				tt.r.mu.Unlock()
				tt.r.set(nil, "192.0.2.1")
				time.Sleep(lookupEvery + lookupTimeout)
				if p.Pick(Tried{}) == nil {
					t.Error("the answer did not bring it in")
				}
			})
		})
	}
}

// Nothing a resolver does empties a Pool: the last good addresses stay.
func TestTheLastGoodAddressesAreKeptWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &resolver{}
		r.set(nil, "192.0.2.1")
		p := newTestPool(t, Config{Servers: append(named("app.internal", 80), equalServers(1)...), Lookup: r.LookupNetIP})
		defer running(t, p)()
		synctest.Wait()
		u := p.Upstreams[0]
		for _, err := range []error{errServfail, &net.DNSError{Err: "no such host", IsNotFound: true}, errors.New("odd"), nil} {
			r.set(err)
			time.Sleep(24 * time.Hour)
			if got := addressesOf(u); got != "192.0.2.1:80 " {
				t.Errorf("after a day of %v: %q", err, got)
			}
			if got := picks(p, 10); got[0] != 5 {
				t.Errorf("after a day of %v: picks %v", err, got)
			}
		}
	})
}

func TestAGoodAnswerIsRefreshedEveryHalfMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &resolver{}
		r.set(nil, "192.0.2.1")
		p := newTestPool(t, Config{Servers: named("app.internal", 80), Lookup: r.LookupNetIP})
		defer running(t, p)()
		time.Sleep(10 * time.Minute)
		asked := r.times()
		for i := 1; i < len(asked); i++ {
			if gap := asked[i].Sub(asked[i-1]); gap < 24*time.Second || gap > 36*time.Second {
				t.Errorf("gap %d is %v, want 30 s and jitter", i, gap)
			}
		}
		if len(asked) < 16 {
			t.Errorf("asked %d times in 10 minutes", len(asked))
		}
	})
}

// A resolver that flaps changes nothing, one that answers anew changes the
// addresses.
func TestAFlappingResolver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &resolver{}
		r.set(nil, "192.0.2.1", "192.0.2.2")
		p := newTestPool(t, Config{Servers: named("app.internal", 80), Lookup: r.LookupNetIP})
		defer running(t, p)()
		synctest.Wait()
		u := p.Upstreams[0]
		kept := u.addresses.Load()
		for i := range 100 {
			switch i % 3 {
			case 0:
				r.set(errServfail)
			case 1:
				r.set(nil, "192.0.2.2", "192.0.2.1")
			case 2:
				r.set(nil)
			}
			time.Sleep(20 * time.Second)
			if u.addresses.Load() != kept || p.Pick(Tried{}) != u {
				t.Fatalf("step %d: the addresses are %s", i, addressesOf(u))
			}
		}
		r.set(nil, "192.0.2.3")
		time.Sleep(40 * time.Second)
		if got := addressesOf(u); got != "192.0.2.3:80 " {
			t.Errorf("got %s, want the new one", got)
		}
	})
}

// A failed dial asks again at once, for the name may have moved, but not more
// than once a second.
func TestAFailedDialAsksForTheNameAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &resolver{}
		r.set(nil, "192.0.2.1")
		p := newTestPool(t, Config{Servers: named("app.internal", 80), Lookup: r.LookupNetIP})
		n := newNetwork(p)
		n.down["192.0.2.1:80"] = errors.New("gone")
		defer running(t, p)()
		time.Sleep(5 * time.Second)
		u := p.Upstreams[0]
		r.set(nil, "192.0.2.2")
		for range 50 { // all before the first probe
			fail(u)
			time.Sleep(time.Millisecond)
		}
		if got := len(r.times()); got != 2 {
			t.Errorf("asked %d times, want once more", got)
		}
		if got := addressesOf(u); got != "192.0.2.2:80 " {
			t.Errorf("got %s, want the new address", got)
		}
		time.Sleep(20 * time.Second)
		if got := len(r.times()); got != 2 {
			t.Errorf("20 s later it was asked for %d times, want no more", got)
		}
	})
}

func TestManyNamesAskAFewAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &resolver{hang: true}
		var all []Server
		for i := range 50 {
			all = append(all, named(string(rune('a'+i%26))+string(rune('a'+i/26))+".internal", 80)...)
		}
		p := newTestPool(t, Config{Servers: all, Lookup: r.LookupNetIP})
		stop := running(t, p)
		time.Sleep(time.Minute)
		stop()
		if r.most != maxLookups || r.flying != 0 {
			t.Errorf("%d lookups at a time and %d left, want %d and none", r.most, r.flying, maxLookups)
		}
	})
}

// A connection does not outlive its address, neither idle nor in use.
func TestConnectionsFollowTheName(t *testing.T) {
	o := newOrigin(t)
	u := newTestPool(t, Config{Servers: []Server{{Host: "app.internal", Port: o.server().Port}}}).Upstreams[0]
	move := func(addr string) {
		u.pool.learn(answer{name: u.name, addrs: []netip.Addr{netip.MustParseAddr(addr)}}, time.Now())
	}
	move("127.0.0.1")
	conns := getMany(t, u, 2)
	u.Put(conns[0])
	if u.idle.len() != 1 {
		t.Fatal("a connection to a current address was not kept")
	}
	move("127.0.0.2")
	if u.idle.len() != 0 {
		t.Error("an idle connection outlived its address")
	}
	u.Put(conns[1])
	if u.idle.len() != 0 {
		t.Error("a busy connection outlived its address")
	}
	move("127.0.0.1")
	c, _ := mustGet(t, u)
	u.Put(c)
	c, reused := mustGet(t, u)
	if !reused {
		t.Error("a connection to the new address is not kept")
	}
	u.Discard(c)
	if len(u.idle.peers) != 0 {
		t.Errorf("%d connections are still remembered", len(u.idle.peers))
	}
}
