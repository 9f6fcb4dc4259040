package limiter

// Class is how much a Route matters when not all can be served.
type Class uint8

// The classes. The zero value is what a Route has that says nothing.
const (
	ClassNormal Class = iota
	ClassCritical
	ClassSheddable
)

// String returns the word that configuration and logs use.
func (c Class) String() string {
	return [...]string{"normal", "critical", "sheddable"}[c]
}

// Priority says who is served before whom when not all can be: by Class, then
// those who are Admitted, then by Hash, and among equals by age.
type Priority struct {
	Class    Class
	Admitted bool // this person was let in before, and stays in
	// Hash is of the client and, changed by the hour, of the time: so that all
	// requests of one client live or die together, and not always the same.
	Hash uint32
}

// rank is a Priority as one number; the higher, the better. Its first three
// bits are the band (Class and Admitted), the others are from the Hash.
type rank uint32

const (
	rankHashBits  = 29
	rankLevelBits = 6

	rankBands  = 6                  // three classes, admitted or not
	rankLevels = 1 << rankLevelBits // of a band
)

// rank returns the number that p is compared by.
func (p Priority) rank() rank {
	band := 2 * [...]rank{ClassNormal: 1, ClassCritical: 2, ClassSheddable: 0}[p.Class]
	if p.Admitted {
		band++
	}
	return band<<rankHashBits | rank(p.Hash>>(32-rankHashBits))
}

// band is 0 for what is dropped first to rankBands-1 for what is dropped last.
func (r rank) band() int { return int(r >> rankHashBits) }

// level counts rankLevels in each band, over all bands.
func (r rank) level() int { return int(r >> (rankHashBits - rankLevelBits)) }

// critical reports whether r is of ClassCritical.
func (r rank) critical() bool { return r.band() >= rankBands-2 }
