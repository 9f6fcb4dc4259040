package limiter

import (
	"bytes"
	"math"
	"testing"
	"time"
)

// "the admission key go along so that nothing is ... re-queued": who waits keeps
// the place, and who comes next comes behind.
func TestALineThatIsHandedOver(t *testing.T) {
	keys := testKeys(t)
	o := RoomOptions{PerSecond: 1, Burst: 1, Keys: keys}
	before := testRoom(t, o)
	now := roomStart.Add(time.Second)
	before.Visit(nil, nil, now) // gets in
	var tickets [][]byte
	for range 50 {
		tickets = append(tickets, before.Visit(nil, nil, now).Ticket)
	}
	was := before.Visit(nil, tickets[40], now)

	after := testKeys(t)
	if err := after.Adopt(keys.Text(), now); err != nil {
		t.Fatal(err)
	}
	o.Keys = after
	room := testRoom(t, o)
	room.Adopt(before.Leave(now), now)
	is := room.Visit(nil, tickets[40], now)
	if is.State != RoomWaiting || is.Place != was.Place || is.Ticket != nil {
		t.Errorf("place %d with ticket %q, was %d", is.Place, is.Ticket, was.Place)
	}
	if next := room.Visit(nil, nil, now); next.Place != is.Place+10 || next.Ticket == nil {
		t.Errorf("a newcomer has place %d, want %d", next.Place, is.Place+10)
	}
	entered := 0
	for i := range 60 { // nobody gets in faster than before
		for _, ticket := range tickets {
			if room.Visit(nil, ticket, now.Add(time.Duration(i)*time.Second/2)).State == RoomEntered {
				entered++
			}
		}
	}
	if entered < 25 || entered > 35 {
		t.Errorf("%d got in within 30 s at one a second", entered)
	}
}

// What cannot be is not taken over.
func TestALineThatCannotBe(t *testing.T) {
	good := RoomLine{Head: 5, Tail: 9, Credit: 1, Shows: 1, Speed: 1}
	for name, change := range map[string]func(*RoomLine){
		"head behind tail":   func(l *RoomLine) { l.Head = 10 },
		"nobody shows":       func(l *RoomLine) { l.Shows = 0 },
		"more than all show": func(l *RoomLine) { l.Shows = 2 },
		"no number":          func(l *RoomLine) { l.Shows = math.NaN() },
		"negative credit":    func(l *RoomLine) { l.Credit = -1 },
		"speed is no number": func(l *RoomLine) { l.Speed = math.NaN() },
	} {
		l := good
		change(&l)
		r := testRoom(t, RoomOptions{PerSecond: 1, Burst: 1})
		was := r.Leave(roomStart)
		if r.Adopt(l, roomStart); r.Leave(roomStart) != was {
			t.Errorf("%s: taken over", name)
		}
	}
	r := testRoom(t, RoomOptions{PerSecond: 1, Burst: 1})
	if r.Adopt(good, roomStart); r.Leave(roomStart).Tail != 9 {
		t.Error("a line that can be is not taken over")
	}
}

func TestAKeyringThatIsHandedOver(t *testing.T) {
	old, other := testKeys(t), testKeys(t)
	sealed := old.Seal("pass", []byte("x"), roomStart.Add(time.Hour))
	if err := other.Adopt(old.Text(), roomStart); err != nil {
		t.Fatal(err)
	}
	if got, ok := other.Open("pass", sealed, roomStart); !ok || !bytes.Equal(got, []byte("x")) {
		t.Errorf("%q, %v", got, ok)
	}
	for _, damaged := range []string{"", "1 zz\n", "x"} {
		if err := other.Adopt([]byte(damaged), roomStart); err == nil {
			t.Errorf("%q was taken over", damaged)
		}
	}
	if _, ok := other.Open("pass", sealed, roomStart); !ok {
		t.Error("what cannot be taken over has done harm")
	}
}

// Nobody gets a place, or takes one, of which the other process does not know:
// whoever comes is asked to come again soon, with what they have.
func TestALineThatHasBeenLeft(t *testing.T) {
	room := testRoom(t, RoomOptions{PerSecond: 1, Burst: 1, Keys: testKeys(t)})
	now := roomStart.Add(time.Second)
	pass := room.Visit(nil, nil, now).Pass
	ticket := room.Visit(nil, nil, now).Ticket
	line := room.Leave(now)
	now = now.Add(10 * time.Second) // it would be that ticket's turn
	for name, cookies := range map[string][2][]byte{"a newcomer": {}, "who waits": {nil, ticket}} {
		v := room.Visit(cookies[0], cookies[1], now)
		if v.State != RoomWaiting || v.Ticket != nil || v.Pass != nil || v.Spent || v.PollAfter > roomPollLeast {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if v := room.Visit(pass, nil, now); v.State != RoomEntered {
		t.Errorf("who was let in: %+v", v)
	}
	if room.Leave(now).Tail != line.Tail {
		t.Error("a place was given out")
	}
	room.Stay()
	if v := room.Visit(nil, ticket, now); v.State != RoomEntered {
		t.Errorf("after the other one has failed: %+v", v)
	}
}
