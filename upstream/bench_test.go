package upstream

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

func TestTheWayOfARequestAllocatesNothing(t *testing.T) {
	p := newTestPool(t, Config{Servers: []Server{newOrigin(t).server()}})
	u := ups(p)[0]
	c, _ := mustGet(t, u)
	u.Put(c)
	many := newTestPool(t, Config{Servers: servers(5, 4, 3, 2, 1)})
	fail(ups(many)[0])
	least := newTestPool(t, Config{Policy: LeastConn, Servers: equalServers(5)})
	leastOfMany := newTestPool(t, Config{Policy: LeastConn, Servers: equalServers(500)})
	hash := newTestPool(t, Config{Policy: ClientHash, Servers: equalServers(500)})
	down := newTestPool(t, Config{Servers: equalServers(1)})
	fail(ups(down)[0])
	now, second := time.Now(), ups(many)[1]
	for _, tt := range []struct {
		name string
		do   func()
	}{
		{"Pick", func() { pick(many, Tried{}) }},
		{"Pick of least_conn", func() { pick(least, Tried{}).release() }},
		{"Pick of least_conn of many", func() { pick(leastOfMany, Tried{}).release() }},
		{"Pick of client_hash", func() { pick(hash, Tried{}).release() }},
		{"Pick of another", func() { pick(many, Tried{}.With(second)) }},
		{"Pick with all out", func() { pick(down, Tried{}); down.NoneLeft() }},
		{"Get and Put", func() {
			c, _, _ := get(u)
			u.Succeeded(now, now)
			u.Put(c)
		}},
		{"Deposit", func() { p.Budget.Deposit(now) }},
		{"Withdraw", func() { p.Budget.Withdraw(now) }},
	} {
		if got := testing.AllocsPerRun(1000, tt.do); got != 0 {
			t.Errorf("%s: %v allocations, want none", tt.name, got)
		}
	}
	closeAll(u.idle.retire())
}

func BenchmarkPick(b *testing.B) {
	for _, policy := range []Policy{RoundRobin, LeastConn, ClientHash} {
		for _, n := range []int{3, 100, 1000, 10_000} {
			p := newTestPool(b, Config{Policy: policy, Servers: equalServers(n)})
			b.Run(fmt.Sprintf("%s/%d", [...]string{"round_robin", "least_conn", "client_hash"}[policy], n), func(b *testing.B) { benchPick(b, p) })
		}
	}
	fine := make([]int, 1000)
	for i := range fine {
		fine[i] = 100 + i*i%997
	}
	b.Run("1000 of fine weights", func(b *testing.B) {
		benchPick(b, newTestPool(b, Config{Servers: servers(fine...)}))
	})
	b.Run("1000 of which 990 are out", func(b *testing.B) {
		p := newTestPool(b, Config{Servers: equalServers(1000)})
		for _, u := range ups(p)[:990] {
			fail(u)
		}
		benchPick(b, p)
	})
	b.Run("1000 on a trial under way", func(b *testing.B) {
		p := newTestPool(b, Config{Servers: equalServers(1000)})
		for _, u := range ups(p)[:999] {
			u.state.Store(uint32(StateTrial))
			u.trial.Store(true)
		}
		benchPick(b, p)
	})
}

func benchPick(b *testing.B, p *Pool) {
	b.ReportAllocs()
	dice := rand.New(rand.NewPCG(1, 2))
	var clients [256]Request
	for i := range clients {
		clients[i] = Request{Client: randomClient(dice), Replayable: true}
	}
	for i := 0; b.Loop(); i++ {
		if u := p.Pick(Tried{}, clients[i%len(clients)]); u != nil {
			u.release()
		}
	}
}

func BenchmarkPickParallel(b *testing.B) {
	for _, n := range []int{3, 100, 1000} {
		p := newTestPool(b, Config{Servers: equalServers(n)})
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					pick(p, Tried{})
				}
			})
		})
	}
}

// BenchmarkGetPut is dominated by the system call of Stale.
func BenchmarkGetPut(b *testing.B) {
	u := ups(newTestPool(b, Config{Servers: []Server{newOrigin(b).server()}}))[0]
	c, _ := mustGet(b, u)
	u.Put(c)
	b.ReportAllocs()
	for b.Loop() {
		c, _, _ := get(u)
		u.Put(c)
	}
	closeAll(u.idle.retire())
}

func BenchmarkIdleTakePut(b *testing.B) {
	u := ups(newTestPool(b, Config{Servers: []Server{newOrigin(b).server()}}))[0]
	c, _ := mustGet(b, u)
	u.Put(c)
	b.ReportAllocs()
	for b.Loop() {
		u.idle.put(u.idle.take())
	}
	closeAll(u.idle.retire())
}

func BenchmarkDeposit(b *testing.B) {
	budget := NewBudget(0.2, 3)
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		budget.Deposit(now)
	}
}

func BenchmarkWithdraw(b *testing.B) {
	budget := NewBudget(0.2, 3)
	now := time.Now()
	for b.Loop() {
		budget.Withdraw(now)
	}
}

// BenchmarkOutAndBack is what a change of state costs: two rings.
func BenchmarkOutAndBack(b *testing.B) {
	for _, n := range []int{3, 1000, 10_000} {
		p := newTestPool(b, Config{Servers: equalServers(n)})
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fail(ups(p)[0])
				p.fleet.reached(ups(p)[0], time.Now())
			}
		})
	}
}

func BenchmarkNewPool(b *testing.B) {
	worst := make([]int, 4000)
	for i := range worst {
		worst[i] = 1
	}
	worst[0] = 90
	for _, tt := range []struct {
		name    string
		servers []Server
	}{
		{"100 alike", equalServers(100)},
		{"10000 alike", equalServers(10_000)},
		{"ring of 4089 slots for 4000", servers(worst...)},
	} {
		b.Run(tt.name, func(b *testing.B) {
			for b.Loop() {
				newTestPool(b, Config{Servers: tt.servers})
			}
		})
	}
}
