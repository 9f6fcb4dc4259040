package cachesuite

// Score is how many cases of a kind passed, of how many. A case counts as not
// passed whatever the reason: also where one that it depends on did not pass,
// where it was not run, and where the test itself failed.
type Score struct {
	Passed, Of int
}

// Count is the sum over some cases, those for browsers only left out.
type Count struct {
	Required, Optimal Score
	Yes, No           int // checks; those that were answered neither way are in neither
}

// Count sums over the group.
func (g Group) Count(v Verdicts) Count {
	var n Count
	for _, c := range g.Cases {
		if c.BrowserOnly {
			continue
		}
		switch c.Kind {
		case Required:
			n.Required.add(v[c.ID])
		case Optimal:
			n.Optimal.add(v[c.ID])
		case Check:
			switch v[c.ID] {
			case Yes:
				n.Yes++
			case No:
				n.No++
			}
		}
	}
	return n
}

// Count sums over the whole suite.
func (c *Catalogue) Count(v Verdicts) Count {
	var all Count
	for _, g := range c.Groups {
		n := g.Count(v)
		all.Required.Passed += n.Required.Passed
		all.Required.Of += n.Required.Of
		all.Optimal.Passed += n.Optimal.Passed
		all.Optimal.Of += n.Optimal.Of
		all.Yes += n.Yes
		all.No += n.No
	}
	return all
}

func (s *Score) add(v Verdict) {
	s.Of++
	if v == Passed {
		s.Passed++
	}
}

// BrowserOnly is how many required and optimal cases are for browsers only, and
// so in no Count.
func (c *Catalogue) BrowserOnly() (required, optimal int) {
	for _, each := range c.byID {
		switch {
		case each.BrowserOnly && each.Kind == Required:
			required++
		case each.BrowserOnly && each.Kind == Optimal:
			optimal++
		}
	}
	return required, optimal
}

// NotPassed are the required cases that did not pass, in the suite's order.
func (c *Catalogue) NotPassed(v Verdicts) []Case {
	var list []Case
	for _, g := range c.Groups {
		for _, each := range g.Cases {
			if each.Kind == Required && !each.BrowserOnly && v[each.ID] != Passed {
				list = append(list, each)
			}
		}
	}
	return list
}
