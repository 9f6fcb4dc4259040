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

// Line returns how the line stands.
func (r *Room) Line(now time.Time) RoomLine {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.advance(now)
	return RoomLine{Head: r.head, Tail: r.tail, Credit: r.credit, Shows: r.shows, Speed: r.speed}
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
