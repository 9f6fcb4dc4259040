package limiter

// roomPlaces is a set of places. Of those that have entered it sees to it that a
// ticket which was copied lets in one. It knows the last roomWindow places;
// older ones of this process count as in it, those of a former one as not.
type roomPlaces struct {
	born uint64   // first place of this process
	base uint64   // first place in bits; a multiple of 64
	bits []uint64 // nil until somebody enters
}

// roomWindow is how many places are remembered: two million, in 256 KiB. At
// 1,000 new visitors a second that is half an hour.
const roomWindow = 1 << 21

func (u *roomPlaces) has(place uint64) bool {
	switch {
	case place < u.born || u.bits == nil:
		return false
	case place < u.base:
		return true
	}
	i := place - u.base
	return i < roomWindow && u.bits[i/64]>>(i%64)&1 == 1
}

func (u *roomPlaces) add(place uint64) {
	if place < max(u.born, u.base) {
		return
	}
	if u.bits == nil {
		u.bits, u.base = make([]uint64, roomWindow/64), u.born&^63
	}
	if place-u.base >= roomWindow {
		u.slide(place)
	}
	i := place - u.base
	u.bits[i/64] |= 1 << (i % 64)
}

// slide forgets the oldest places, so that place and a quarter of a window
// behind it fit.
func (u *roomPlaces) slide(place uint64) {
	base := (place - roomWindow/4*3) &^ 63
	words := (base - u.base) / 64
	if words >= roomWindow/64 {
		clear(u.bits)
	} else {
		copy(u.bits, u.bits[words:])
		clear(u.bits[roomWindow/64-words:])
	}
	u.base = base
}
