package names

import (
	"maps"
	"net/netip"
	"slices"
	"time"
)

// entry is one Query, shared by all Names that follow it. Its Directory's mutex
// guards it.
type entry struct {
	query     Query // fixed
	followers map[*Name]struct{}
	facts     map[Question]*fact // of all questions that it asks

	addresses []Address // where it leads; replaced whole, never changed
	moved     time.Time // when addresses last changed
	confirmed time.Time // when all facts last agreed with them
	gone      bool      // they were given up
	failing   bool      // NewsFailing was told
	wantedAt  time.Time // when a failed dial last had it asked again

	// What is on disk, and of when; when it was last written, and whether that
	// failed.
	stored   []Address
	storedAt time.Time
	triedAt  time.Time
	unsaved  bool
}

// questions are those that the entry has to ask, as far as is known.
func (e *entry) questions() []Question {
	all := e.query.questions()
	if e.query.Form == FormSRV {
		for _, s := range e.services() {
			all = append(all, hostQuestions(s.Target)...)
		}
	}
	return all
}

// services are the records of the SRV answer, none for FormHost.
func (e *entry) services() []Service {
	if f := e.facts[Question{e.query.Host, TypeSRV}]; f != nil {
		return f.known.Services
	}
	return nil
}

// compose puts together from the facts where the entry leads.
//
// For SRV only the targets of the lowest priority number that lead somewhere
// are used: "A client MUST attempt to contact the target host with the
// lowest-numbered priority it can reach" (RFC 2782). Every address of a target
// has the target's weight.
func (e *entry) compose() []Address {
	if e.query.Form == FormHost {
		return sorted(e.hostAddresses(e.query.Host, "", e.query.Port, 1))
	}
	services := slices.Clone(e.services())
	slices.SortStableFunc(services, func(a, b Service) int { return int(a.Priority) - int(b.Priority) })
	for len(services) > 0 {
		n := 1
		for n < len(services) && services[n].Priority == services[0].Priority {
			n++
		}
		if group, whole := e.groupAddresses(services[:n]); len(group) > 0 || !whole {
			return group
		}
		services = services[n:]
	}
	return nil
}

// groupAddresses returns where the services of one priority lead. whole is
// false while something has yet to be heard of them.
func (e *entry) groupAddresses(group []Service) (all []Address, whole bool) {
	whole = true
	for _, s := range group {
		all = append(all, e.hostAddresses(s.Target, s.Target, s.Port, int(s.Weight))...)
		for _, q := range hostQuestions(s.Target) {
			whole = whole && !e.facts[q].unknown()
		}
	}
	all = sorted(all)
	if len(all) > 0 {
		reduce(all)
	}
	return all, whole
}

func (e *entry) hostAddresses(host, target string, port uint16, weight int) (all []Address) {
	for _, q := range hostQuestions(host) {
		for _, addr := range e.facts[q].known.Addrs {
			all = append(all, Address{target, netip.AddrPortFrom(addr, port), weight})
		}
	}
	return all
}

// recall gives the facts that know nothing what a stored answer says.
func (e *entry) recall(stored []Address) {
	addrs := map[Question][]netip.Addr{}
	for _, a := range stored {
		q := Question{a.Host, TypeAAAA}
		if e.query.Form == FormHost {
			q.Name = e.query.Host
		}
		if addr := a.AddrPort.Addr(); addr.Is4() {
			q.Type = TypeA
		}
		if !slices.Contains(addrs[q], a.AddrPort.Addr()) {
			addrs[q] = append(addrs[q], a.AddrPort.Addr())
		}
	}
	for q, all := range addrs {
		if f := e.facts[q]; f != nil && f.unknown() {
			f.known.Addrs = all
		}
	}
}

// recalledServices are the SRV records that a stored answer was made of.
func recalledServices(stored []Address) (all []Service) {
	for _, a := range stored {
		s := Service{Target: a.Host, Port: a.AddrPort.Port(), Weight: uint16(a.Weight)}
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// unheard reports whether something has yet to be heard of at all.
func (e *entry) unheard() bool {
	for _, f := range e.facts {
		if f.unknown() {
			return true
		}
	}
	return false
}

// heard reports whether every question has been answered or has failed.
func (e *entry) heard() bool {
	for _, f := range e.facts {
		if !f.tried {
			return false
		}
	}
	return true
}

// settled reports whether the entry leads somewhere, or every question was
// answered or has failed once.
func (e *entry) settled() bool { return len(e.addresses) > 0 || !e.unheard() }

// allGone reports whether every question was answered so long by that there is
// nothing that it counts.
func (e *entry) allGone() bool {
	for _, f := range e.facts {
		if !f.gone {
			return false
		}
	}
	return true
}

// trouble returns the fact that is in trouble, the earliest if several are, or
// nil.
func (e *entry) trouble() (worst *fact) {
	for _, f := range e.facts {
		if f.trouble() != nil && (worst == nil || f.since.Before(worst.since)) {
			worst = f
		}
	}
	return worst
}

// why says why the entry leads nowhere.
func (e *entry) why() *LookupError {
	why := &LookupError{Query: e.query, Gone: e.gone, Err: ErrNoAnswer}
	if f := e.trouble(); f != nil {
		why.Since, why.Err = f.since, f.err
		return why
	}
	if e.unheard() {
		return why
	}
	for _, q := range slices.Backward(e.questions()) {
		if f := e.facts[q]; f != nil && f.err != nil {
			why.Since, why.Err = f.since, f.err
		}
	}
	return why
}

// notices returns what to call after a change.
func (e *entry) notices() (calls []func()) {
	for n := range maps.Keys(e.followers) {
		calls = append(calls, n.changed)
	}
	return calls
}

// event describes the entry as it is now.
func (e *entry) event(news News, since time.Time, err error) Event {
	return Event{News: news, Source: e.query.String(), Addresses: e.addresses, Since: since, Err: err}
}
