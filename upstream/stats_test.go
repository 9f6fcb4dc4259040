package upstream

import (
	"strings"
	"testing"
	"time"

	"sluice/message"
)

func TestStatsTellAllThereIsToKnow(t *testing.T) {
	o := newOrigin(t)
	live := o.server()
	live.Weight = 3
	p := newTestPool(t, Config{Name: "shop", Servers: []Server{live, refusing(t), servers(1)[0]}})
	u, dead := ups(p)[0], ups(p)[1]
	conns := getMany(t, u, 2)
	u.Put(conns[0])
	u.Failed(time.Now(), &message.Failure{Party: message.PartyUpstream})
	u.Failed(time.Now(), &message.Failure{Party: message.PartyClient})
	failed := time.Now()
	get(dead)
	p.Budget.Deposit(time.Now())
	p.Budget.Withdraw(time.Now())

	s := p.Stats()
	if s.Pool != "shop" || s.Available != 2 || s.Requests != 1 || s.Retries != 1 || len(s.Upstreams) != 3 {
		t.Errorf("got %+v", s)
	}
	if g := s.Upstreams[0]; g.Address != u.Address || g.Weight != 3 || g.State != StateIn ||
		g.Requests != 2 || g.Failures != 1 || g.InFlight != 1 || g.Idle != 1 || g.Why != "" || g.Share != 1 {
		t.Errorf("the one that is in: %+v", g)
	}
	if g := s.Upstreams[1]; g.State.String() != "out" || g.Requests != 1 || g.Failures != 1 || g.InFlight != 0 ||
		g.Until.Before(failed.Add(firstPause/2)) || !strings.Contains(g.Why, "connection_refused") {
		t.Errorf("the one that is out: %+v", g)
	}
	if g := s.Upstreams[2]; g.State != StateIn || g.Draining || g.Requests != 0 {
		t.Errorf("the one that nobody asked: %+v", g)
	}
	u.Discard(conns[1])
	closeAll(u.idle.retire())
}

func TestRetryOnNamesTheStatuses(t *testing.T) {
	p := newTestPool(t, Config{RetryOn: []int{502, 503}})
	for status, want := range map[int]bool{200: false, 502: true, 503: true, 504: false} {
		if got := p.RetryOn(status); got != want {
			t.Errorf("%d: got %v, want %v", status, got, want)
		}
	}
}
