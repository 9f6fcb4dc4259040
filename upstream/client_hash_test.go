package upstream

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

func randomClient(dice *rand.Rand) netip.Addr {
	n := dice.Uint32()
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// homes returns whom each of n clients is given, with nobody else asking.
func homes(p *Pool, n int) map[netip.Addr]*Upstream {
	dice := rand.New(rand.NewPCG(1, 2))
	all := make(map[netip.Addr]*Upstream, n)
	for range n {
		client := randomClient(dice)
		u := p.Pick(Tried{}, Request{Client: client})
		u.release()
		all[client] = u
	}
	return all
}

func TestTheSameClientTheSameUpstream(t *testing.T) {
	p := newTestPool(t, Config{Policy: ClientHash, Servers: equalServers(10)})
	again := newTestPool(t, Config{Policy: ClientHash, Servers: equalServers(10)})
	other := homes(again, 1000)
	for client, u := range homes(p, 1000) {
		for range 3 {
			v := p.Pick(Tried{}, Request{Client: client})
			v.release()
			if v != u {
				t.Fatalf("%s was given %s and then %s", client, u.Address, v.Address)
			}
		}
		if other[client].Address != u.Address {
			t.Fatalf("another process gives %s %s and not %s", client, other[client].Address, u.Address)
		}
	}
}

// "a /64 of IPv6": the rest of the address changes by the day.
func TestTheNetworkOfAnIPv6ClientCounts(t *testing.T) {
	p := newTestPool(t, Config{Policy: ClientHash, Servers: equalServers(50)})
	given := map[*Upstream]bool{}
	for i := range 20 {
		u := p.Pick(Tried{}, Request{Client: netip.MustParseAddr(fmt.Sprintf("2001:db8:1:2:%x::9", i+1))})
		u.release()
		given[u] = true
	}
	if len(given) != 1 {
		t.Errorf("one network was given %d upstreams", len(given))
	}
	mapped, plain := netip.MustParseAddr("::ffff:192.0.2.7"), netip.MustParseAddr("192.0.2.7")
	if p.Pick(Tried{}, Request{Client: mapped}) != p.Pick(Tried{}, Request{Client: plain}) {
		t.Error("IPv4 in IPv6 clothes is another client")
	}
}

// "minimal moves": when one goes, only its clients move; when it is back, they
// return. One that is added takes only what it keeps.
func TestOnlyTheClientsOfWhoIsGoneMove(t *testing.T) {
	p := newTestPool(t, Config{Policy: ClientHash, Servers: equalServers(10)})
	gone := ups(p)[3]
	before := homes(p, 5000)
	fail(gone)
	spread := map[*Upstream]int{}
	for client, u := range homes(p, 5000) {
		switch {
		case before[client] != gone && u != before[client]:
			t.Fatalf("%s moved although %s is in service", client, before[client].Address)
		case before[client] == gone:
			spread[u]++
		}
	}
	if len(spread) < 7 {
		t.Errorf("the clients of one were given to %d others", len(spread))
	}
	gone.fleet.reached(gone, gone.health.left)
	for client, u := range homes(p, 5000) {
		if u != before[client] {
			t.Fatalf("%s did not return to %s", client, before[client].Address)
		}
	}
	if err := p.Update(equalServers(11), nil); err != nil {
		t.Fatal(err)
	}
	added := ups(p)[10]
	gone.fleet.reached(added, added.health.since)
	moved := 0
	for client, u := range homes(p, 5000) {
		if u == before[client] {
			continue
		}
		if moved++; u != added {
			t.Fatalf("%s moved between old ones", client)
		}
	}
	if moved < 5000/11*7/10 || moved > 5000/11*13/10 {
		t.Errorf("%d of 5000 moved to the new one, want an eleventh", moved)
	}
}

func TestSharesOfClientsFollowTheWeights(t *testing.T) {
	p := newTestPool(t, Config{Policy: ClientHash, Servers: servers(1, 2, 1, 4)})
	counts := map[*Upstream]int{}
	for _, u := range homes(p, 20_000) {
		counts[u]++
	}
	for i, want := range []float64{1, 2, 1, 4} {
		share := float64(counts[ups(p)[i]]) / 20_000 * 8
		if share < want*0.7 || share > want*1.3 {
			t.Errorf("upstream %d of weight %v has %.2f eighths", i, want, share)
		}
	}
}

// "bounded loads": no Upstream has more than a quarter above the mean, even if
// all requests come from one client.
func TestLoadsAreBounded(t *testing.T) {
	p := newTestPool(t, Config{Policy: ClientHash, Servers: equalServers(5)})
	client := netip.MustParseAddr("192.0.2.1")
	home := p.Pick(Tried{}, Request{Client: client})
	home.release()
	for i := range 1000 {
		u := p.Pick(Tried{}, Request{Client: client})
		if i < loadFloor && u != home {
			t.Fatalf("request %d of a quiet pool was sent on", i+1)
		}
		mean := float64(i+1) / 5
		if n := float64(u.inFlight.Load()); n > loadFloor && n > 1.25*mean+1 {
			t.Fatalf("after %d requests one has %v", i+1, n)
		}
	}
}
