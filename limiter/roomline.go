package limiter

import "time"

// RoomLine is how a Room's line stands, to be handed over to another process:
// whoever waits keeps the place that the ticket says.
type RoomLine struct {
	Head   uint64  `json:"head"`
	Tail   uint64  `json:"tail"`
	Credit float64 `json:"credit"`
	Shows  float64 `json:"shows"`
	Speed  float64 `json:"speed"`
}

// Leave returns how the line stands, for another process to go on with. Whoever
// comes here from now on is asked to come again soon: a place that we gave out,
// or let somebody take, the other one would not know of.
func (r *Room) Leave(now time.Time) RoomLine {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.advance(now)
	r.left = true
	return RoomLine{Head: r.head, Tail: r.tail, Credit: r.credit, Shows: r.shows, Speed: r.speed}
}

// Stay takes back what Leave has left.
func (r *Room) Stay() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = false
}

// again is for those who come when the line is another process's. It needs mu.
func (r *Room) again(place uint64, has bool, now time.Time) RoomVerdict {
	if !has {
		place = r.tail
	}
	v := r.wait(place, now)
	v.PollAfter = roomPollLeast
	return v
}

// Adopt takes over a line before anybody has come. Those who were invited and
// have not come yet may still come, and are not waited for. A line that cannot
// be is left alone.
func (r *Room) Adopt(l RoomLine, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.Head > l.Tail || !(l.Shows >= roomShows && l.Shows <= 1) || !(l.Speed >= 0) || !(l.Credit >= 0) {
		return
	}
	r.head, r.tail = l.Head, l.Tail
	r.used.born, r.came.born = l.Head, l.Head
	r.shows, r.speed = l.Shows, l.Speed
	r.credit = min(l.Credit, max(float64(r.o.Burst), r.ahead()))
	r.seen, r.looked = now, now
}
