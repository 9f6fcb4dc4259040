package limiter

// Two counts in one word, so that they change together: of all, and of those
// that are not critical.
const placeOther = 1 << 32

func packPlaces(all, others int) uint64 { return uint64(all) | uint64(others)*placeOther }

func unpackPlaces(v uint64) (all, others int) { return int(uint32(v)), int(v / placeOther) }

// onePlace is what one Exchange adds to the counts.
func onePlace(critical bool) uint64 {
	if critical {
		return 1
	}
	return 1 + placeOther
}

// take takes a place if there is one.
func (a *Admission) take(critical bool) bool {
	for {
		v := a.places.Load()
		all, others := unpackPlaces(v)
		mayAll, mayOthers := unpackPlaces(a.room.Load())
		if all >= mayAll || !critical && others >= mayOthers {
			return false
		}
		if a.places.CompareAndSwap(v, v+onePlace(critical)) {
			return true
		}
	}
}

// give gives a place back.
func (a *Admission) give(critical bool) { a.places.Add(-onePlace(critical)) }

// held counts the places that are held.
func (a *Admission) held() int {
	all, _ := unpackPlaces(a.places.Load())
	return all
}
