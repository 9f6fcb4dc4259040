package config

import (
	"maps"
	"slices"
	"strings"
)

// maxUpstreams is how many servers one file may name in all.
const maxUpstreams = 10_000

// poolSet is the Pools of one file while it is read.
type poolSet struct {
	byName    map[string]*Pool
	lines     map[string]int // where they are made
	defined   []string       // names of [upstream.NAME], in the order of the file
	uses      []poolUse
	upstreams int  // how many there are in all
	full      bool // more than allowed, which was reported
}

// poolUse is a place that names a Pool.
type poolUse struct {
	name, key string
	line      int
}

// newPoolSet returns an empty set.
func newPoolSet() *poolSet {
	return &poolSet{byName: map[string]*Pool{}, lines: map[string]int{}}
}

// sorted returns the Pools by name.
func (p *poolSet) sorted() []Pool {
	list := make([]Pool, 0, len(p.byName))
	for _, name := range slices.Sorted(maps.Keys(p.byName)) {
		list = append(list, *p.byName[name])
	}
	return list
}

// unnamed returns what to call the Pool of a list of servers.
func (d *decoder) unnamed(site Site, path string) string {
	if len(site.Hosts) == 0 {
		return path // only of a Site that was reported already
	}
	return site.Hosts[0] + path
}

// poolOf returns the name of the Pool that the key upstream of a Site or Route
// means: a name, an address, or a list of servers, whose Pool is called list.
func (d *decoder) poolOf(s section, list string) string {
	const remedy = `write a Pool's name, an address such as "127.0.0.1:8080", or a list of addresses`
	n := s.value("upstream")
	switch {
	case n.kind == kindList && len(n.items) == 0:
		s.fail("upstream", remedy, "is empty")
		return list
	case n.kind == kindList:
		d.pools.byName[list] = d.unnamedPool(list, s, s.onlyTexts("upstream", n))
		return list
	case n.kind != kindText:
		s.fail("upstream", remedy, "must be a string or a list, not %s", n.kind)
		return ""
	case isPoolName(n.text):
		d.pools.uses = append(d.pools.uses, poolUse{name: n.text, key: s.key("upstream"), line: n.line})
		return n.text
	}
	name := strings.ToLower(strings.Join(strings.Fields(n.text), " "))
	// Several places may name one address: they share its Pool.
	if old := d.pools.byName[name]; old == nil || len(old.Upstreams) == 0 {
		d.pools.byName[name] = d.unnamedPool(name, s, []*node{n})
	}
	return name
}

// unnamedPool returns a Pool of servers that stand in a Site or Route, with all
// else at its default.
func (d *decoder) unnamedPool(name string, s section, servers []*node) *Pool {
	d.pools.lines[name] = s.line("upstream")
	standard := section{d: d, spec: specOf("upstream.NAME"), path: s.path, node: newTable(s.line("upstream"), byValue)}
	pool := standard.pool(name)
	pool.Upstreams = d.upstreams(s, "upstream", servers)
	return pool
}

// checkPoolUses reports the names of Pools that nobody defined.
func (d *decoder) checkPoolUses() {
	for _, use := range d.pools.uses {
		if d.pools.byName[use.name] != nil {
			continue
		}
		remedy := didYouMean(use.name, d.pools.defined)
		if remedy == "" {
			remedy = "write [upstream." + use.name + "] with its servers, or an address with a port, such as " + shorten(use.name+":8080")
		}
		d.add(use.line, use.key, remedy, "there is no Pool %q", use.name)
	}
}

// upstreams returns the Upstreams that the servers of a key make.
func (d *decoder) upstreams(s section, key string, servers []*node) []Upstream {
	var list []Upstream
	lines := map[string]int{}
	for _, server := range servers {
		r, bad := halfWidth(parseServer)(server.text)
		if bad != nil {
			d.add(server.line, s.key(key), bad.remedy, "%s", bad.problem)
			continue
		}
		if !d.pools.room(r.count()) {
			if !d.pools.full {
				d.add(server.line, s.key(key), "write shorter ranges", "with this there are more than %d servers in the file", maxUpstreams)
			}
			d.pools.full = true
			continue
		}
		for _, u := range r.upstreams() {
			if first := lines[u.Address()]; first != 0 {
				d.add(server.line, s.key(key), "name it once, with weight=N for a larger share",
					"%s is in the list already, at line %d", u.Address(), first)
				break
			}
			lines[u.Address()] = server.line
			list = append(list, u)
		}
	}
	return list
}

// room counts n more Upstreams and reports whether the file may have them.
// Nothing is expanded before, or one line could ask for all the memory.
func (p *poolSet) room(n int) bool {
	p.upstreams += n
	return p.upstreams <= maxUpstreams
}
