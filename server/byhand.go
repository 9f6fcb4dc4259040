package server

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"sluice/upstream"
)

// maxWeightByHand is the largest weight that can be set, as in the config.
const maxWeightByHand = 1000

// byHand is what was set of Upstreams by hand and not by the config. It belongs
// to the Server and not to a Generation: a Reload takes it back only for
// Upstreams that it removes.
type byHand struct {
	mu  sync.Mutex
	set map[upstreamName]handSetting // guarded by mu
}

// upstreamName is an Upstream as a person names it.
type upstreamName struct{ pool, address string }

// handSetting is what was set of one; what is nil is as in the config.
type handSetting struct {
	weight  *int
	drained *bool
}

// setByHand is what was set of one Upstream, as it is handed over to another
// process.
type setByHand struct {
	Pool    string `json:"pool"`
	Address string `json:"address"`
	Weight  *int   `json:"weight,omitempty"`
	Drained *bool  `json:"drained,omitempty"`
}

// all returns what was set.
func (h *byHand) all() (all []setByHand) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, set := range h.set {
		all = append(all, setByHand{Pool: name.pool, Address: name.address, Weight: set.weight, Drained: set.drained})
	}
	return all
}

// adopt takes over what was set in another process.
func (h *byHand) adopt(all []setByHand) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range all {
		if one.Weight != nil && (*one.Weight < 0 || *one.Weight > maxWeightByHand) {
			continue
		}
		if h.set == nil {
			h.set = make(map[upstreamName]handSetting)
		}
		h.set[upstreamName{one.Pool, one.Address}] = handSetting{weight: one.Weight, drained: one.Drained}
	}
}

// of returns what was set of an Upstream, and whether anything was.
func (h *byHand) of(pool, address string) (handSetting, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	set, found := h.set[upstreamName{pool, address}]
	return set, found
}

// apply gives the Servers of a Pool what was set of them.
func (h *byHand) apply(pool string, servers []upstream.Server) {
	for i := range servers {
		set, found := h.of(pool, servers[i].Addr.String())
		if !found {
			continue
		}
		if set.drained != nil {
			servers[i].Drain = *set.drained
		}
		if set.weight != nil {
			servers[i].Weight = *set.weight
			servers[i].Drain = servers[i].Drain || *set.weight == 0
		}
	}
}

// change sets something of an Upstream; what is as in the config is forgotten.
func (h *byHand) change(name upstreamName, configured upstream.Server, change func(*handSetting)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	set := h.set[name]
	change(&set)
	if set.weight != nil && *set.weight == max(configured.Weight, 1) {
		set.weight = nil
	}
	if set.drained != nil && *set.drained == configured.Drain {
		set.drained = nil
	}
	if set == (handSetting{}) {
		delete(h.set, name)
		return
	}
	if h.set == nil {
		h.set = make(map[upstreamName]handSetting)
	}
	h.set[name] = set
}

// keep forgets what was set of Upstreams that are not there any more.
func (h *byHand) keep(there func(upstreamName) bool) {
	h.mu.Lock()
	names := slices.Collect(maps.Keys(h.set))
	h.mu.Unlock()
	for _, name := range names {
		if there(name) { // which is not to be asked with mu held: who answers may hold what waits for it
			continue
		}
		h.mu.Lock()
		delete(h.set, name)
		h.mu.Unlock()
	}
}

// DrainUpstream lets an Upstream have no new requests, or have them again, until
// a restart. It returns what to tell who asked; the error says why nothing was
// done. The last one of a Pool is drained only by force. It may be called by
// anyone while the Server runs.
func (s *Server) DrainUpstream(pool, address string, drained, force bool) (said string, err error) {
	change := func(set *handSetting) {
		set.drained = &drained
		if !drained && set.weight != nil && *set.weight == 0 {
			set.weight = nil
		}
	}
	said = "drained: no new requests go there, those under way finish"
	if !drained {
		said = "gets requests again"
	}
	return s.setByHand(pool, address, said, drained && !force, change)
}

// WeighUpstream gives an Upstream another weight, as DrainUpstream drains it; of
// weight 0 it gets nothing.
func (s *Server) WeighUpstream(pool, address string, weight int, force bool) (said string, err error) {
	if weight < 0 || weight > maxWeightByHand {
		return "", fmt.Errorf("a weight is a number from 0 to %d, not %d", maxWeightByHand, weight)
	}
	change := func(set *handSetting) { set.weight = &weight }
	return s.setByHand(pool, address, "weight "+strconv.Itoa(weight), weight == 0 && !force, change)
}

// setByHand changes what is set of an Upstream. careful: not of the last one.
func (s *Server) setByHand(pool, address, said string, careful bool, change func(*handSetting)) (string, error) {
	defer s.statuses.outdate()
	// A Reload that comes meanwhile would build by what was set before.
	s.reloading.Lock()
	defer s.reloading.Unlock()
	if s.succession.succeeded.Load() {
		return "", s.notServing("sets nothing now")
	}
	g := s.inForce.Load()
	m := g.members[pool]
	if m == nil {
		return "", fmt.Errorf("there is no pool %q; there are %s", pool, poolNames(g))
	}
	configured, found := m.configured(address)
	if !found {
		return "", fmt.Errorf("the pool %s has no upstream %q; it has %s", pool, address, addresses(g.pools[pool].Stats()))
	}
	if careful && isLast(g.pools[pool].Stats(), address) {
		return "", fmt.Errorf("%s is the last upstream of the pool %s that gets requests: without it all of them get the degraded answer\n"+
			"if that is meant, say force=true (sluice upstream: --force)", address, pool)
	}
	s.byHand.change(upstreamName{pool, address}, configured, change)
	m.refresh()
	said = address + " of the pool " + pool + ": " + said
	if _, set := s.byHand.of(pool, address); !set {
		said += ", as in the configuration"
	} else {
		said += ", until a restart or until it is undone"
	}
	s.errlog.Info("upstream set by hand", "pool", pool, "upstream", address, "what", said)
	s.timeline.add(LevelInfo, "upstream_set", said+".", "pool", pool, "upstream", address)
	return said, nil
}

// isLast reports whether no other Upstream of a Pool gets requests, and this one
// does.
func isLast(n upstream.Stats, address string) bool {
	last := false
	for _, u := range n.Upstreams {
		if !gets(u) {
			continue
		}
		if u.Address != address {
			return false
		}
		last = true
	}
	return last
}

// poolNames lists the Pools for a person, as many as one can read.
func poolNames(g *generation) string {
	var all []string
	for _, p := range g.cfg.Pools {
		all = append(all, p.Name)
	}
	return listed(all)
}

func addresses(n upstream.Stats) string {
	var all []string
	for _, u := range n.Upstreams {
		all = append(all, u.Address)
	}
	return listed(all)
}

// listed joins names for a person.
func listed(all []string) string {
	const most = 20
	if len(all) > most {
		all = append(all[:most:most], fmt.Sprintf("and %d more", len(all)-most))
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}
