package upstream

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sluice/http1"
)

func mustGet(t testing.TB, u *Upstream) (c *http1.ClientConn, reused bool) {
	t.Helper()
	conn, reused, f := get(u)
	if f != nil {
		t.Fatal(f)
	}
	return conn.(*http1.ClientConn), reused
}

// getMany returns n new connections.
func getMany(t testing.TB, u *Upstream, n int) []*http1.ClientConn {
	t.Helper()
	conns := make([]*http1.ClientConn, n)
	for i := range conns {
		c, f := getFresh(u)
		if f != nil {
			t.Fatal(f)
		}
		conns[i] = c.(*http1.ClientConn)
	}
	return conns
}

func TestTheConnectionPutLastIsTakenFirst(t *testing.T) {
	u := ups(newTestPool(t, Config{Servers: []Server{newOrigin(t).server()}}))[0]
	conns := getMany(t, u, 3)
	for _, c := range conns {
		u.Put(c)
	}
	for i := range conns {
		c, reused := mustGet(t, u)
		if want := conns[len(conns)-1-i]; c != want || !reused {
			t.Errorf("take %d: got %p (reused %v), want %p", i, c, reused, want)
		}
	}
	c, reused := mustGet(t, u)
	if reused {
		t.Error("an empty list gave a connection")
	}
	u.Discard(c)
	for _, c := range conns {
		u.Discard(c)
	}
	if u.InFlight() != 0 || u.requests.Load() != 7 {
		t.Errorf("%d in flight of %d requests, want 0 of 7", u.InFlight(), u.requests.Load())
	}
}

func TestGetFreshPassesOverIdleConnections(t *testing.T) {
	u := ups(newTestPool(t, Config{Servers: []Server{newOrigin(t).server()}}))[0]
	old, _ := mustGet(t, u)
	u.Put(old)
	c, f := getFresh(u)
	if f != nil || c == old {
		t.Fatalf("got %p, %v; want a new one", c, f)
	}
	u.Put(c)
	closeAll(u.idle.retire())
}

// The peer closes while the connection is idle: the next Get notices and
// dials.
func TestAConnectionClosedWhileIdleIsNotReused(t *testing.T) {
	o := newOrigin(t)
	u := ups(newTestPool(t, Config{Servers: []Server{o.server()}}))[0]
	stale, _ := mustGet(t, u)
	live, _ := mustGet(t, u)
	peer := <-o.accepted
	peerLive := <-o.accepted
	defer peerLive.Close()
	u.Put(live)
	u.Put(stale)
	peer.Close()
	until(t, "the close is seen", stale.Stale)
	c, reused := mustGet(t, u)
	if !reused || c != live {
		t.Errorf("got %p (reused %v), want the live one below the stale one", c, reused)
	}
	u.Discard(c)
}

func TestUnsolicitedBytesMakeAConnectionStale(t *testing.T) {
	o := newOrigin(t)
	u := ups(newTestPool(t, Config{Servers: []Server{o.server()}}))[0]
	c, _ := mustGet(t, u)
	peer := <-o.accepted
	defer peer.Close()
	u.Put(c)
	if _, err := peer.Write([]byte("HTTP/1.1 408 Request Timeout\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	until(t, "the bytes are seen", c.Stale)
	fresh, reused := mustGet(t, u)
	if reused {
		t.Error("a connection with bytes nobody asked for was reused")
	}
	u.Discard(fresh)
}

// However many are dead, one Get looks at a few only.
func TestAGetClearsAwayAFewDeadOnes(t *testing.T) {
	o := newOrigin(t)
	u := ups(newTestPool(t, Config{Servers: []Server{o.server()}}))[0]
	conns := getMany(t, u, 3*maxStale)
	for range conns {
		(<-o.accepted).Close()
	}
	for _, c := range conns {
		until(t, "the close is seen", c.Stale)
		u.Put(c)
	}
	c, reused := mustGet(t, u)
	if reused || u.idle.len() != 2*maxStale {
		t.Errorf("reused %v and %d left, want a new one and %d", reused, u.idle.len(), 2*maxStale)
	}
	u.Discard(c)
	closeAll(u.idle.retire())
}

func TestTheIdleListIsBounded(t *testing.T) {
	u := ups(newTestPool(t, Config{Servers: []Server{newOrigin(t).server()}, Settings: Settings{MaxIdle: 2}}))[0]
	for _, c := range getMany(t, u, 5) {
		u.Put(c)
	}
	if got := u.idle.len(); got != 2 {
		t.Errorf("%d idle, want 2", got)
	}
	closeAll(u.idle.retire())
}

// Idle for the time-out, the oldest are closed, and those used since stay.
func TestTheOldestAreSweptFirst(t *testing.T) {
	u := ups(newTestPool(t, Config{Servers: []Server{newOrigin(t).server()}}))[0]
	conns := getMany(t, u, 3)
	u.Put(conns[0])
	u.Put(conns[1])
	for range u.idle.ticks / 2 {
		closeAll(u.idle.sweep())
	}
	u.Put(conns[2])
	for range u.idle.ticks - u.idle.ticks/2 {
		if got := u.idle.sweep(); got != nil {
			t.Fatalf("%d were swept early", len(got))
		}
	}
	swept := u.idle.sweep()
	if len(swept) != 2 || swept[0] != conns[0] || swept[1] != conns[1] || u.idle.len() != 1 {
		t.Errorf("%d swept and %d left, want the older two and one", len(swept), u.idle.len())
	}
	closeAll(swept)
	closeAll(u.idle.retire())
}

// The sweep of Run closes after IdleTimeout and at most two seconds more.
func TestRunSweepsSoonAfterTheTimeout(t *testing.T) {
	u := ups(newTestPool(t, Config{Servers: []Server{newOrigin(t).server()}}))[0]
	c, _ := mustGet(t, u)
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{Servers: equalServers(1), Settings: Settings{IdleTimeout: 40 * time.Second}})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- p.fleet.Run(ctx) }()
		time.Sleep(7 * time.Second)
		ups(p)[0].idle.put(c)
		time.Sleep(40 * time.Second)
		if ups(p)[0].idle.len() != 1 {
			t.Error("closed before the time-out")
		}
		time.Sleep(2*time.Second + time.Millisecond)
		if ups(p)[0].idle.len() != 0 {
			t.Error("still kept two seconds after the time-out")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestAnUpstreamThatIsOutKeepsNoConnections(t *testing.T) {
	o := newOrigin(t)
	p := newTestPool(t, Config{Servers: []Server{o.server()}})
	u := ups(p)[0]
	conns := getMany(t, u, 2)
	u.Put(conns[0])
	fail(u)
	if u.idle.len() != 0 {
		t.Error("idle connections outlived the outage's begin")
	}
	u.Put(conns[1])
	if u.idle.len() != 0 {
		t.Error("a connection was kept during the outage")
	}
	p.fleet.reached(u, time.Now())
	c, _ := mustGet(t, u)
	u.Put(c)
	if u.idle.len() != 1 {
		t.Error("after the outage connections are not kept again")
	}
	closeAll(u.idle.retire())
}

func TestARetiredPoolKeepsNoConnections(t *testing.T) {
	p := newTestPool(t, Config{Servers: []Server{newOrigin(t).server()}})
	u := ups(p)[0]
	conns := getMany(t, u, 2)
	u.Put(conns[0])
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.fleet.Run(ctx); err != nil {
		t.Fatal(err)
	}
	u.Put(conns[1])
	fail(u)
	p.fleet.reached(u, time.Now())
	c, _ := mustGet(t, u) // an Exchange of the old Generation still gets served
	u.Put(c)
	if u.idle.len() != 0 || u.InFlight() != 0 {
		t.Errorf("%d idle and %d in flight", u.idle.len(), u.InFlight())
	}
}
