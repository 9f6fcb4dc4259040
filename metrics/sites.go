package metrics

// sites are those that are counted by name. A table is immutable.
type sites struct {
	named map[string]site
	none  site // of Exchanges that belong to none of them
}

// with returns the table of exactly these names. Those that were there before
// go on counting where they are.
func (s *sites) with(lanes int, names []string) *sites {
	t := &sites{named: make(map[string]site, len(names)), none: s.none}
	for _, name := range names {
		if t.named[name] = s.named[name]; t.named[name] == nil {
			t.named[name] = make(site, lanes)
		}
	}
	delete(t.named, "") // the name of none
	return t
}

func (s *sites) find(name string) site {
	if found, ok := s.named[name]; ok {
		return found
	}
	return s.none
}

// each calls f with every Site, and with none.
func (s *sites) each(f func(name string, s site)) {
	f("", s.none)
	for name, site := range s.named {
		f(name, site)
	}
}
