package server

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"sluice/config"
	"sluice/message"
	"sluice/names"
	"sluice/upstream"
)

// members keeps the Upstreams of one Pool what its configured addresses, its
// names and its file say.
type members struct {
	pool   *upstream.Pool
	failed func(pool string, err error)
	byHand *byHand

	mu      sync.Mutex // so that the newest is the last
	fixed   []upstream.Server
	sources []memberSource
}

// memberSource is a name or a file, and what was configured beside it.
type memberSource struct {
	names.Source
	host   string // the name as a person knows it; empty for a file
	weight int
	drain  bool
}

// follow begins to keep a Pool. What is known at once, it has when this
// returns. A file that is wrong is an error now; later it changes nothing.
func (s *Server) follow(pool *upstream.Pool, p config.Pool) (*members, error) {
	m := &members{pool: pool, failed: s.membersFailed, byHand: &s.byHand}
	for _, u := range p.Upstreams {
		if ip, err := netip.ParseAddr(u.Host); err == nil {
			m.fixed = append(m.fixed, upstream.Server{Addr: netip.AddrPortFrom(ip, u.Port), Weight: u.Weight, Drain: u.Drain})
			continue
		}
		q := names.Query{Host: u.Host, Port: u.Port}
		if u.Service {
			q.Form = names.FormSRV
		}
		m.add(memberSource{s.names.Follow(q, m.refresh), u.Host, u.Weight, u.Drain})
	}
	if p.ServersFile != "" {
		file := s.names.Watch(p.ServersFile, m.refresh)
		m.add(memberSource{Source: file, weight: 1})
		if _, err := file.Current(); err != nil {
			m.end()
			return nil, fmt.Errorf("pool %s: %w", p.Name, err)
		}
	}
	m.refresh()
	return m, nil
}

// add adds a source. Its refreshes may have begun already.
func (m *members) add(source memberSource) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sources = append(m.sources, source)
}

// refresh gives the Pool what the sources say now.
func (m *members) refresh() {
	m.mu.Lock()
	defer m.mu.Unlock()
	all, why := m.said()
	m.byHand.apply(m.pool.Name, all)
	if err := m.pool.Update(all, why); err != nil {
		m.failed(m.pool.Name, err)
	}
}

// said is what the config, the names and the file say: the Servers, and why there
// are none of a source. m.mu is held.
func (m *members) said() (all []upstream.Server, why *message.Failure) {
	all = slices.Clone(m.fixed)
	for _, source := range m.sources {
		found, err := source.Current()
		if err != nil {
			why = m.missing(source, err)
		}
		for _, a := range found {
			all = append(all, upstream.Server{Addr: a.AddrPort, Name: source.host, Weight: a.Weight * source.weight, Drain: source.drain})
		}
	}
	return all, why
}

// configured returns the Server of an address as it is without what was set by
// hand, and whether there is one.
func (m *members) configured(address string) (upstream.Server, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all, _ := m.said()
	for _, one := range all {
		if one.Addr.String() == address {
			return one, true
		}
	}
	return upstream.Server{}, false
}

// missing says why a Pool has no Upstreams.
func (m *members) missing(source memberSource, err error) *message.Failure {
	f := &message.Failure{
		Party: message.PartyUpstream,
		Phase: message.PhaseResolve,
		Cause: message.CauseDNSError,
		Again: message.AgainAlways,
		Where: source.String(),
		Err:   fmt.Errorf("pool %s has no upstreams: %w", m.pool.Name, err),
	}
	switch {
	case source.host == "":
		f.Cause = message.CauseDestinationUnavailable
	case names.IsTimeout(err):
		f.Cause = message.CauseDNSTimeout
	}
	return f
}

// wanted asks the sources to look again: one of the Pool's Upstreams is out,
// and may have moved.
func (m *members) wanted() {
	for _, source := range m.sources { // fixed after follow
		source.Wanted()
	}
}

// end follows nothing any more. A refresh that was on its way changes no Pool
// that is closed.
func (m *members) end() {
	for _, source := range m.sources { // fixed after follow
		source.Unfollow()
	}
}
