package upstream

// MaxAttempts is the most Attempts that one Exchange may make. More than a
// few never help: whatever made so many fail will fail the next one.
const MaxAttempts = 8

// Tried is the set of Upstreams that an Exchange has tried. It is a value: the
// zero value is empty, and With gives a larger set.
type Tried struct {
	ups [MaxAttempts]*Upstream
	n   uint8
}

// With returns the set with u in it. A full set stays as it is.
func (t Tried) With(u *Upstream) Tried {
	if !t.Full() && !t.Has(u) {
		t.ups[t.n] = u
		t.n++
	}
	return t
}

// Has reports whether u is in the set.
func (t *Tried) Has(u *Upstream) bool {
	for _, tried := range t.ups[:t.n] {
		if tried == u {
			return true
		}
	}
	return false
}

// Full reports that there have been as many Attempts as there may be.
func (t *Tried) Full() bool { return t.n == MaxAttempts }

// Len reports how many have been tried.
func (t *Tried) Len() int { return int(t.n) }
