package upstream

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"sluice/http1"
	"sluice/message"
)

// MaxServers is how many Servers a Pool may have.
const MaxServers = 10_000

// maxWeight bounds a Weight, so that sums of weights stay far from overflow.
const maxWeight = 1_000_000

// Server says where one Upstream of a Pool is, and what part it has.
type Server struct {
	Addr   netip.AddrPort
	Name   string // the DNS name that led there; empty for none
	Weight int    // 0 means 1
	Drain  bool   // no new Attempts; those under way finish
}

// Policy is how a Pool's Balancer picks.
type Policy uint8

// The policies.
const (
	RoundRobin Policy = iota // in turn, by weight
	LeastConn                // who has the fewest Attempts for its weight
	ClientHash               // the same client, the same Upstream
)

// Config is what a Pool is built from. What is zero takes its default.
type Config struct {
	Name     string
	Servers  []Server
	Settings Settings
	Policy   Policy

	ResponseTimeout time.Duration // 30 s; until the response head; for the caller to keep
	RetryOn         []int         // statuses that another Attempt is made for
	FailOn          []int         // statuses that speak against the Upstream

	RetryShare float64 // 0.2; negative: none
	RetryFloor float64 // 3 per second; negative: none

	// MinHealthy is the share of the Pool, 0 to 1, under which it fails open:
	// those that are out by their responses or checks are asked again, one
	// request at a time. With 0 it does so only when nobody is left.
	MinHealthy float64

	// Replaces is the Pool whose place this one takes, as after a reload; nil:
	// none. Its Budget goes on if it is the same, and while it serves, Upstreams
	// that it does not have are probed first, as in Update. It stays as it is,
	// and is to be closed when nobody new gets it any more.
	Replaces *Pool
}

// Pool is a named set of Upstreams and its Balancer.
type Pool struct {
	// Fixed after NewPool.
	Name            string
	Budget          *Budget
	ResponseTimeout time.Duration

	settings   Settings
	tls        *tls.Config
	minHealthy float64
	retryOn    []int
	failOn     []int
	allTried   *message.Failure // what NoneLeft says when not all are out
	fleet      *Fleet
	balancer   balancer

	// Guarded by fleet.mu.
	members  []member
	missing  *message.Failure // why there are none
	replaces *Pool            // until the first members are there
	closed   bool

	service atomic.Pointer[service]
}

// member is an Upstream and what part it has in a Pool.
type member struct {
	up     *Upstream
	weight int
	drain  bool
}

// balancer is what makes the policies differ.
type balancer interface {
	// adopt is told of the members when they change.
	adopt(all []member)
	// arrange returns what picks from those that are usable now. It is
	// called under fleet.mu.
	arrange(usable func(*member) bool, now time.Time) picker
}

// picker picks one of those that it was arranged for, with a place for the
// request; nil if nobody has one. It is called by all requests at once.
type picker interface {
	pick(tried Tried, r Request) *Upstream
}

// Request is what a Balancer must know of one.
type Request struct {
	Client netip.Addr
	// Replayable: if the Attempt fails there may be another one. Only such a
	// request is given to an Upstream on trial, as long as others serve.
	Replayable bool
}

// NewPool adds a Pool to the Fleet. It does no I/O. A Pool that is not needed
// any more is to be closed.
func (f *Fleet) NewPool(c Config) (*Pool, error) {
	p := &Pool{
		Name:            c.Name,
		Budget:          NewBudget(cmp.Or(c.RetryShare, 0.2), cmp.Or(c.RetryFloor, 3)),
		ResponseTimeout: cmp.Or(c.ResponseTimeout, 30*time.Second),
		settings:        c.Settings.withDefaults(),
		minHealthy:      c.MinHealthy,
		retryOn:         slices.Clone(c.RetryOn),
		failOn:          slices.Clone(c.FailOn),
		allTried: &message.Failure{
			Party: message.PartyUpstream,
			Phase: message.PhaseDial,
			Cause: message.CauseDestinationUnavailable,
			Err:   fmt.Errorf("pool %s: those in service were tried, are busy with a trial, or have all the connections that they may", c.Name),
		},
		fleet:    f,
		balancer: newBalancer(c.Policy),
		replaces: c.Replaces,
	}
	if c.Replaces != nil && c.Replaces.Budget.like(p.Budget) {
		p.Budget = c.Replaces.Budget
	}
	var err error
	if p.tls, err = p.settings.TLS.config(p.settings.Protocol); err != nil {
		return nil, fmt.Errorf("pool %s: %w", p.Name, err)
	}
	if err := p.Update(c.Servers, nil); err != nil {
		return nil, err
	}
	return p, nil
}

func newBalancer(p Policy) balancer {
	switch p {
	case LeastConn:
		return new(leastConn)
	case ClientHash:
		return new(clientHash)
	}
	return new(roundRobin)
}

// check says what is impossible about a Server.
func (s Server) check() error {
	if !s.Addr.IsValid() || s.Addr.Port() == 0 || s.Weight < 0 || s.Weight > maxWeight {
		return fmt.Errorf("server %s weight=%d: address, port or weight is impossible", s.Addr, s.Weight)
	}
	return nil
}

// Update replaces the Upstreams of the Pool. Those that were there keep all
// they have; what is new, while others serve, is probed before it gets a
// request; those that are gone finish what is under way. why is what requests
// are told if there are no servers. An error changes nothing. A closed Pool stays
// as it is.
func (p *Pool) Update(servers []Server, why *message.Failure) error {
	if len(servers) > MaxServers {
		return fmt.Errorf("pool %s: %d servers, at most %d are possible", p.Name, len(servers), MaxServers)
	}
	for _, s := range servers {
		if err := s.check(); err != nil {
			return fmt.Errorf("pool %s: %w", p.Name, err)
		}
	}
	f := p.fleet
	f.mu.Lock()
	if p.closed {
		f.mu.Unlock()
		return nil
	}
	closing := p.replace(servers, time.Now())
	p.missing = why
	p.arrange(time.Now())
	f.mu.Unlock()
	closeAll(closing)
	f.tell()
	return nil
}

// replace swaps the members and returns connections to close. The caller holds
// fleet.mu.
func (p *Pool) replace(servers []Server, now time.Time) (closing []*http1.ClientConn) {
	serving := p.inService(nil) > 0 || p.replaces != nil && p.replaces.inService(nil) > 0
	if len(servers) > 0 {
		p.replaces = nil
	}
	old := p.members
	p.members = make([]member, 0, len(servers))
	seen := make(map[*Upstream]bool, len(servers))
	for _, s := range servers {
		u, made := p.fleet.acquire(key{addr: s.Addr, name: s.Name, settings: p.settings}, p)
		if seen[u] { // named twice
			p.fleet.drop(u, p)
			continue
		}
		seen[u] = true
		if made {
			u.begin(serving, now)
		}
		p.members = append(p.members, member{up: u, weight: max(s.Weight, 1), drain: s.Drain})
	}
	for _, m := range old {
		closing = append(closing, p.fleet.drop(m.up, p)...)
	}
	if p.inService(nil) == 0 {
		p.letIn(now) // all that served are gone: there is no time for probes
	}
	p.balancer.adopt(p.members)
	return closing
}

// letIn puts those into service that were to be probed first. The caller holds
// fleet.mu.
func (p *Pool) letIn(now time.Time) {
	for _, m := range p.members {
		if u := m.up; u.health.state == StateNew && u.health.enter(now) {
			p.fleet.follow(u, now)
			u.warm = time.Time{}
		}
	}
}

// begin lets a new Upstream in, or has it probed first because others serve.
// The caller holds fleet.mu.
func (u *Upstream) begin(probed bool, now time.Time) {
	h := &u.health
	h.since = now
	if probed {
		h.state, h.probe = StateNew, now
		u.state.Store(uint32(StateNew))
	} else if u.settings.Check.Active() {
		h.probe = now
	}
	u.fleet.plan(u, now)
}

// Close takes the Pool off its Upstreams, which are forgotten if no other Pool
// has them. Exchanges that still hold it go on as if it were open, and may pick
// for another Attempt: among those that were in service last, by connections
// that are not kept. It may be called again.
func (p *Pool) Close() {
	f := p.fleet
	f.mu.Lock()
	var closing []*http1.ClientConn
	for _, m := range p.members {
		closing = append(closing, f.drop(m.up, p)...)
	}
	p.members, p.replaces, p.closed = nil, nil, true
	f.mu.Unlock()
	closeAll(closing)
}

// Pick chooses the Upstream for one Attempt, whatever connection the request
// came on, and passes over those tried already and those out of service. It is
// nil when none is left; NoneLeft then says why. What is picked has a place
// taken for this request, and must be asked for a connection.
func (p *Pool) Pick(tried Tried, r Request) *Upstream {
	if tried.Full() {
		return nil
	}
	s := p.service.Load()
	r.Replayable = r.Replayable || s.desperate
	return s.pick(tried, r)
}

// NoneLeft says why Pick gave nil. It was put in words before, because a flood
// may ask.
func (p *Pool) NoneLeft() *message.Failure {
	if none := p.service.Load().none; none != nil {
		return none
	}
	return p.allTried
}

// AllOut reports that no Upstream may be asked at all.
func (p *Pool) AllOut() bool { return p.service.Load().none != nil }

// FailsOpen reports that too few are in service, so that some that are not are
// asked with real requests.
func (p *Pool) FailsOpen() bool { return p.service.Load().open }

// Len returns how many Upstreams there are.
func (p *Pool) Len() int { return p.service.Load().members }

// RetryOn reports whether another Attempt is made for a response of this
// status, where method, body and Budget allow.
func (p *Pool) RetryOn(status int) bool { return slices.Contains(p.retryOn, status) }

// FailOn reports whether a response of this status speaks against its
// Upstream.
func (p *Pool) FailOn(status int) bool { return slices.Contains(p.failOn, status) }
