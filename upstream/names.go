package upstream

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sluice/message"
)

// The pace of lookups. One name has one lookup under way at most, however many
// Upstreams it serves, and begins no two within lookupGap.
const (
	lookupTimeout = 2 * time.Second
	lookupEvery   = 30 * time.Second // also the longest wait after failures
	lookupGap     = time.Second
	maxLookups    = 8 // under way at a time, of a Pool
)

var (
	errNoAnswer    = errors.New("no answer from the resolver yet")
	errNoAddresses = errors.New("the resolver's answer holds no address")
)

// name is a DNS name and the Upstreams that stand under it. What it led to last
// is kept without end: an answer replaces it, a failure never does.
type name struct {
	host  string      // fixed
	users []*Upstream // fixed

	wanted atomic.Bool // a dial failed: look again soon

	// Owned by followNames.
	asked  time.Time // when the last lookup began
	due    time.Time
	fails  int
	asking bool
}

// answer is what a lookup brought.
type answer struct {
	name  *name
	addrs []netip.Addr
	err   error
}

// adopt puts an Upstream under the name, out until there is an answer.
func (n *name) adopt(u *Upstream) {
	n.users = append(n.users, u)
	u.name = n
	u.health.unresolved(time.Now(), unresolved(u.Address, errNoAnswer))
	u.pool.follow(u, u.health.since)
}

// followNames keeps the names' addresses up to date until ctx ends.
func (p *Pool) followNames(ctx context.Context) {
	if len(p.names) == 0 {
		return
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	answers := make(chan answer, maxLookups) // never full: a lookup never waits to hand in
	asking := 0
	timer := time.NewTimer(never)
	defer timer.Stop()
	for {
		due, wake := p.ask(time.Now(), maxLookups-asking)
		for _, n := range due {
			asking++
			wg.Go(func() { answers <- p.resolve(ctx, n) })
		}
		timer.Reset(wake)
		select {
		case <-ctx.Done():
			return
		case <-p.nameKick:
		case <-timer.C:
		case a := <-answers:
			asking--
			if ctx.Err() == nil {
				p.learn(a, time.Now())
			}
		}
	}
}

// ask returns up to room names whose lookup is due, and when the next one is.
func (p *Pool) ask(now time.Time, room int) (due []*name, wake time.Duration) {
	wake = never
	for _, n := range p.names {
		if n.asking {
			continue
		}
		at := n.due
		if soon := n.asked.Add(lookupGap); n.wanted.Load() && soon.Before(at) {
			at = soon
		}
		if now.Before(at) {
			wake = min(wake, at.Sub(now))
			continue
		}
		if len(due) == room {
			continue // the next answer makes room and comes back here
		}
		n.asking, n.asked = true, now
		n.wanted.Store(false)
		due = append(due, n)
	}
	return due, wake
}

// resolve makes one lookup.
func (p *Pool) resolve(ctx context.Context, n *name) answer {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	addrs, err := p.lookup(ctx, "ip", n.host)
	if err == nil && len(addrs) == 0 {
		err = errNoAddresses
	}
	return answer{n, addrs, err}
}

// learn takes in an answer and plans the next lookup.
func (p *Pool) learn(a answer, now time.Time) {
	n := a.name
	n.asking = false
	if a.err != nil {
		n.due = now.Add(afterFailures(n.fails, rand.Float64()))
		n.fails++
		for _, u := range n.users {
			p.change(u, func(h *health, now time.Time) bool {
				return h.state == StateResolving && h.unresolved(now, unresolved(u.Address, a.err))
			})
		}
		return
	}
	n.fails = 0
	n.due = now.Add(jittered(lookupEvery, rand.Float64()))
	for _, u := range n.users {
		u.move(a.addrs)
		p.change(u, func(h *health, now time.Time) bool { return h.resolved(now) })
	}
}

// move sets where the name leads. The same addresses in another order are no
// news, as resolvers rotate them.
func (u *Upstream) move(addrs []netip.Addr) {
	next := make([]netip.AddrPort, len(addrs))
	for i, a := range addrs {
		next[i] = netip.AddrPortFrom(a.Unmap(), u.port)
	}
	slices.SortFunc(next, netip.AddrPort.Compare)
	next = slices.Compact(next)
	if slices.Equal(next, u.addresses.Load().plain()) {
		return
	}
	u.addresses.Store(newAddresses(next))
	closeAll(u.idle.move(next))
}

// afterFailures is how long to wait after so many failures before: 1 to 2 s,
// then double, up to lookupEvery. dice is in [0,1).
func afterFailures(fails int, dice float64) time.Duration {
	wait := time.Second << min(fails, 5)
	return min(wait+time.Duration(dice*float64(wait)), lookupEvery)
}

// unresolved says that a name has not led anywhere yet.
func unresolved(where string, err error) *message.Failure {
	f := &message.Failure{
		Party: message.PartyUpstream,
		Phase: message.PhaseResolve,
		Cause: message.CauseDNSError,
		Again: message.AgainAlways,
		Where: where,
		Err:   err,
	}
	var dns *net.DNSError
	if errors.Is(err, errNoAnswer) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &dns) && dns.IsTimeout {
		f.Cause = message.CauseDNSTimeout
	}
	return f
}
