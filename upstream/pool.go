package upstream

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"sluice/message"
)

// MaxServers is how many Servers a Pool may have.
const MaxServers = 10_000

// Server is one server address as configured.
type Server struct {
	Host   string // an IP address (IPv6 without brackets) or a DNS name
	Port   uint16
	Weight int // 0 means 1
}

// Config is what a Pool is built from. What is zero takes its default.
type Config struct {
	Name    string
	Servers []Server

	ConnectTimeout  time.Duration // 250 ms; of a dial, over all addresses of a name
	ResponseTimeout time.Duration // 30 s; until the response head; for the caller to keep
	RetryOn         []int         // statuses that another Attempt is made for

	RetryShare float64 // 0.2; negative: none
	RetryFloor float64 // 3 per second; negative: none

	MaxIdle     int           // 256 idle connections an Upstream
	IdleTimeout time.Duration // 60 s

	// Lookup resolves a name; net.DefaultResolver.LookupNetIP when nil. It
	// must return when ctx ends.
	Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
	// Notify is told of each Upstream that goes out or comes back, in that
	// order, one at a time. It runs on the goroutine that noticed, which may
	// be a request's, so it must not block. It may call Stats.
	Notify func(Event)
}

// Pool is a named set of Upstreams and its Balancer.
type Pool struct {
	// Fixed after NewPool.
	Name            string
	Upstreams       []*Upstream
	Budget          *Budget
	ConnectTimeout  time.Duration
	ResponseTimeout time.Duration

	retryOn     []int
	allTried    *message.Failure // what NoneLeft says when not all are out
	idleTimeout time.Duration
	names       []*name
	lookup      func(ctx context.Context, network, host string) ([]netip.Addr, error)
	connect     connectFunc
	notify      func(Event)
	probeKick   chan struct{} // the prober has something new to look at
	nameKick    chan struct{} // a name is wanted before its time

	balancer roundRobin

	// mu guards the health of every Upstream and what follows from it.
	// Requests take it only when a dial fails or a trial ends.
	mu     sync.Mutex
	away   []*Upstream // those not in, in no order
	cursor int         // where in away the prober goes on
	flying int         // probes under way
	events []Event     // not yet told

	telling sync.Mutex // held while Notify runs, so that events keep their order
}

// NewPool builds a Pool. It starts nothing and does no I/O: Upstreams named by
// address are in, those with a DNS name come in when Run has resolved it.
func NewPool(c Config) (*Pool, error) {
	if len(c.Servers) > MaxServers {
		return nil, fmt.Errorf("pool %s: %d servers, at most %d are possible", c.Name, len(c.Servers), MaxServers)
	}
	p := &Pool{
		Name:            c.Name,
		Budget:          NewBudget(cmp.Or(c.RetryShare, 0.2), cmp.Or(c.RetryFloor, 3)),
		ConnectTimeout:  cmp.Or(c.ConnectTimeout, 250*time.Millisecond),
		ResponseTimeout: cmp.Or(c.ResponseTimeout, 30*time.Second),
		retryOn:         slices.Clone(c.RetryOn),
		allTried: &message.Failure{
			Party: message.PartyUpstream,
			Phase: message.PhaseDial,
			Cause: message.CauseDestinationUnavailable,
			Err:   fmt.Errorf("pool %s: those in service were tried, or are busy with a trial", c.Name),
		},
		idleTimeout: cmp.Or(c.IdleTimeout, time.Minute),
		lookup:      c.Lookup,
		connect:     connectTCP,
		notify:      c.Notify,
		probeKick:   make(chan struct{}, 1),
		nameKick:    make(chan struct{}, 1),
	}
	if p.lookup == nil {
		p.lookup = net.DefaultResolver.LookupNetIP
	}
	named := make(map[string]*name)
	for i, s := range c.Servers {
		if s.Weight < 0 || s.Port == 0 || s.Host == "" {
			return nil, fmt.Errorf("pool %s: server %s:%d weight=%d: host, port or weight is impossible", c.Name, s.Host, s.Port, s.Weight)
		}
		u := newUpstream(p, i, s, cmp.Or(c.MaxIdle, 256))
		p.Upstreams = append(p.Upstreams, u)
		if addr, err := netip.ParseAddr(s.Host); err == nil {
			u.addresses.Store(newAddresses([]netip.AddrPort{netip.AddrPortFrom(addr, s.Port)}))
			continue
		}
		if named[s.Host] == nil {
			named[s.Host] = &name{host: s.Host}
			p.names = append(p.names, named[s.Host])
		}
		named[s.Host].adopt(u)
	}
	p.balancer.build(p.Upstreams)
	p.rebuild()
	return p, nil
}

// Pick chooses the Upstream for one Attempt, whatever client connection the
// request came on, and passes over those tried already and those out of
// service. It is nil when none is left; NoneLeft then says why. What is
// picked must be asked for a connection.
func (p *Pool) Pick(tried Tried) *Upstream {
	if tried.Full() {
		return nil
	}
	return p.balancer.pick(tried)
}

// NoneLeft says why Pick gave nil. It was put in words before, because a flood
// may ask.
func (p *Pool) NoneLeft() *message.Failure {
	if none := p.balancer.ring.Load().none; none != nil {
		return none
	}
	return p.allTried
}

// AllOut reports that no Upstream is in service or on trial.
func (p *Pool) AllOut() bool { return p.balancer.ring.Load().none != nil }

// RetryOn reports whether another Attempt is made for a response of this
// status, where method, body and Budget allow.
func (p *Pool) RetryOn(status int) bool { return slices.Contains(p.retryOn, status) }

// Run keeps the Pool: it probes Upstreams that are out, resolves names and
// sweeps idle connections. It returns when ctx has ended and all it started
// has ended too. The Pool is retired then: Exchanges that still hold it may go
// on, but no connection is kept any more and no Upstream comes back.
func (p *Pool) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { p.followNames(ctx) })
	wg.Go(func() { p.probeAway(ctx) })
	p.sweepIdle(ctx)
	wg.Wait()
	for _, u := range p.Upstreams {
		closeAll(u.idle.retire())
	}
	return nil
}
