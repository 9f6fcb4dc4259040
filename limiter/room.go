package limiter

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// RoomOptions say how a waiting room lets people in.
type RoomOptions struct {
	Site      string
	PerSecond float64 // new visitors; 0: all, once it is open
	Burst     int
	NotBefore time.Time // opens; zero: it is open
	NotAfter  time.Time // closes; zero: never
	Keys      *Keyring
	Passes    *Passes // of those who were let in
}

// Room is the waiting room of a Site. Nothing is stored for each visitor: a
// place in line stands in a ticket, which the visitor keeps.
//
// Places are numbers, given out one after the other. The head of the line is
// the first place that is not invited yet; it moves on as fast as people may be
// let in. Who is invited has a while to come; the places of those who do not
// are used for others, so neither visitors who leave nor bots that throw their
// tickets away keep anybody waiting for longer.
//
//	entered … │ invited, may come at any time │ waiting …        │ next newcomer
//	          └─ roomGrace old               head               tail
//
// After a restart, tickets of the former process come before all newcomers.
type Room struct {
	o       RoomOptions
	purpose string

	mu      sync.Mutex // held for some hundred nanoseconds
	head    uint64     // first place not invited
	tail    uint64     // next place to be given out
	credit  float64    // how many may enter now
	seen    time.Time
	looked  time.Time     // when the head was last thought of
	shows   float64       // share of the invited that come, lately
	invites []roomInvites // those with time left to come, oldest first
	used    roomPlaces    // that have entered
	came    roomPlaces    // that were invited and have come
	speed   float64       // places that the head moves on in a second, lately
	left    bool          // the line is another process's
	counts  RoomStats
}

// roomInvites are those invited at about one time.
type roomInvites struct {
	at      time.Time
	first   uint64 // place
	invited int
	came    int
	entered int
	judged  bool // its share is part of Room.shows
}

// RoomStats is how a Room is doing. Counts are since it was made.
type RoomStats struct {
	Waiting uint64 // places in line, also of those who have left
	Tickets uint64 // given out
	Entered uint64
	Refused uint64 // tickets that were forged, expired or used before
}

const (
	// roomGrace is how long an invited place is kept for its visitor: longer
	// than the page waits between two polls near its turn, also when a browser
	// slows down a hidden tab.
	roomGrace = 20 * time.Second

	roomTicketLife = 12 * time.Hour

	// roomSlot is the time within which invitations are counted together, and
	// how often the head moves.
	roomSlot = 100 * time.Millisecond

	// roomAhead is for how long those expected to come would last. Less, and
	// there would be gaps between polls; more, and order would suffer.
	roomAhead = 2 * time.Second

	// roomJudged is when most of the invited who come at all have come.
	roomJudged = 6 * time.Second

	// roomShows is the smallest share that is believed.
	roomShows = 0.001

	// Visitors far from their turn poll seldom, those near it often, so that
	// they come in by their order.
	roomPollLeast = 2 * time.Second
	roomPollMost  = 30 * time.Second

	// roomOpening is the time over which those who waited for the opening come.
	roomOpening = 20 * time.Second

	// roomEpoch makes places of a later process higher than those of former
	// ones: a process gives out fewer a millisecond.
	roomEpoch = 1 << 10
)

// NewRoom returns a Room in which nobody waits.
func NewRoom(o RoomOptions, now time.Time) *Room {
	first := uint64(now.UnixMilli()) * roomEpoch
	r := &Room{o: o, purpose: "ticket " + o.Site, head: first, tail: first, seen: now, used: roomPlaces{born: first}, came: roomPlaces{born: first}}
	r.credit, r.shows, r.speed = float64(max(o.Burst, 1)), 1, o.PerSecond
	return r
}

// RoomState is where a visitor stands.
type RoomState uint8

// The states.
const (
	RoomEntered    RoomState = iota
	RoomWaiting              // in line
	RoomNotStarted           // before NotBefore
	RoomOver                 // after NotAfter
)

// RoomVerdict is what a visitor is told.
type RoomVerdict struct {
	State     RoomState
	Place     int           // how many are before
	Estimate  time.Duration // until it is this visitor's turn
	PollAfter time.Duration // with jitter
	Opens     time.Time
	Ticket    []byte // to be kept by the visitor; nil: as before
	Pass      []byte // likewise
	Spent     bool   // the ticket is of no more use
}

// Visit decides about a visitor with these values of the two cookies, empty for
// those not sent. Whatever is not of our making counts as not sent.
func (r *Room) Visit(pass, ticket []byte, now time.Time) RoomVerdict {
	switch {
	case !r.o.NotAfter.IsZero() && now.After(r.o.NotAfter):
		return RoomVerdict{State: RoomOver}
	case now.Before(r.o.NotBefore):
		return r.early(now)
	}
	if ok, next := r.o.Passes.MayPass(pass, now); ok {
		return RoomVerdict{State: RoomEntered, Pass: next}
	}
	place, has := r.open(ticket, now)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.advance(now)
	has = has && place < r.tail && !r.used.has(place)
	if !has && len(ticket) > 0 {
		r.counts.Refused++
	}
	switch {
	case r.left && r.o.PerSecond > 0:
		return r.again(place, has, now)
	case !has:
		return r.newcomer(now)
	case place < r.head && r.claim(place):
		return r.enter(place, now)
	}
	return r.wait(place, now)
}

// slot is the invitation of a place, nil when its time is over. It needs mu.
func (r *Room) slot(place uint64) *roomInvites {
	for i := range r.invites {
		if s := &r.invites[i]; place >= s.first && place < s.first+uint64(s.invited) {
			return s
		}
	}
	return nil
}

// early is for those who come before the opening. They get no place: those who
// come first after it go first, and when each comes is up to chance, so nobody
// gains by loading the page over and over.
func (r *Room) early(now time.Time) RoomVerdict {
	until := r.o.NotBefore.Sub(now)
	poll := roomPollMost + rand.N(roomPollMost)
	if until < poll+roomPollMost {
		poll = until + rand.N(roomOpening)
	}
	return RoomVerdict{State: RoomNotStarted, Opens: r.o.NotBefore, PollAfter: poll, Estimate: until}
}

// open reads a ticket.
func (r *Room) open(ticket []byte, now time.Time) (place uint64, ok bool) {
	if len(ticket) == 0 {
		return 0, false
	}
	payload, ok := r.o.Keys.Open(r.purpose, ticket, now)
	if !ok || len(payload) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(payload), true
}

// newcomer gets in if nobody waits and there is room, and else a place. It needs
// mu.
func (r *Room) newcomer(now time.Time) RoomVerdict {
	place := r.tail
	r.tail++
	if r.o.PerSecond == 0 || r.head == place && r.credit >= 1 {
		if r.o.PerSecond > 0 {
			r.credit--
		}
		r.head = r.tail
		return r.enter(place, now)
	}
	r.counts.Tickets++
	v := r.wait(place, now)
	v.Ticket = r.o.Keys.Seal(r.purpose, binary.BigEndian.AppendUint64(nil, place), now.Add(roomTicketLife))
	return v
}

// claim takes one of the places that are free now for an invited visitor. It
// needs mu.
func (r *Room) claim(place uint64) bool {
	slot := r.slot(place)
	if slot != nil && !r.came.has(place) {
		r.came.add(place)
		slot.came++
	}
	if r.credit < 1 && r.o.PerSecond > 0 {
		return false
	}
	r.credit--
	if slot != nil {
		slot.entered++
	}
	return true
}

// enter lets somebody in. It needs mu.
func (r *Room) enter(place uint64, now time.Time) RoomVerdict {
	r.used.add(place)
	r.counts.Entered++
	return RoomVerdict{State: RoomEntered, Pass: r.o.Passes.New(now), Spent: true}
}

// wait tells a visitor how long it will be. It needs mu.
func (r *Room) wait(place uint64, now time.Time) RoomVerdict {
	v := RoomVerdict{State: RoomWaiting}
	if place > r.head {
		v.Place = int(min(place-r.head, 1<<31))
	}
	v.Estimate = time.Duration(float64(v.Place+1) / max(r.speed, r.o.PerSecond, 1e-3) * float64(time.Second))
	// Half of what is left, so that the last polls before the turn are close
	// together, and those of many are not.
	poll := min(max(v.Estimate/2, roomPollLeast), roomPollMost)
	v.PollAfter = poll - poll/8 + rand.N(poll/4)
	return v
}

// advance lets time pass. It needs mu.
func (r *Room) advance(now time.Time) {
	if passed := now.Sub(r.seen); passed > 0 {
		r.seen = now
		// What two polls of one visitor may be apart is saved up, or the rate
		// would not be reached.
		most := max(float64(r.o.Burst), r.ahead())
		r.credit = min(r.credit+passed.Seconds()*r.o.PerSecond, most)
	}
	passed := now.Sub(r.looked)
	if passed < roomSlot {
		return
	}
	r.looked = now
	expected := r.expected(now)
	n := (r.ahead() - expected) / r.shows
	n = min(max(n, 0), float64(r.tail-r.head))
	if n >= 1 {
		r.invites = append(r.invites, roomInvites{at: now, first: r.head, invited: int(n)})
		r.head += uint64(n)
	}
	// The speed of the last quarter of a minute or so.
	share := min(passed.Seconds()/15, 1)
	r.speed += share * (math.Trunc(n)/passed.Seconds() - r.speed)
}

// ahead is how many of the invited should be about to come: at least one, also
// when one is let in a minute.
func (r *Room) ahead() float64 { return max(r.o.PerSecond*roomAhead.Seconds(), 1) }

// expected is how many of the invited will come still, as far as those before
// tell. It forgets those whose time is over. It needs mu.
func (r *Room) expected(now time.Time) (n float64) {
	kept := r.invites[:0]
	for _, slot := range r.invites {
		age := now.Sub(slot.at)
		if age > roomJudged && !slot.judged {
			slot.judged = true
			weight := min(float64(slot.invited)/(r.ahead()+float64(slot.invited)), 0.2)
			r.shows += weight * (float64(slot.came)/float64(slot.invited) - r.shows)
			r.shows = max(r.shows, roomShows)
		}
		if age > roomGrace {
			continue
		}
		n += float64(slot.came - slot.entered)
		if !slot.judged {
			n += max(0, float64(slot.invited)*r.shows-float64(slot.came))
		}
		kept = append(kept, slot)
	}
	r.invites = kept
	return n
}

// Stats takes a snapshot.
func (r *Room) Stats() RoomStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.counts
	s.Waiting = r.tail - r.head
	return s
}
