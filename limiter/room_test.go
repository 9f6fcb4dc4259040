package limiter

import (
	"bytes"
	"container/heap"
	"math"
	"math/rand/v2"
	"sort"
	"testing"
	"time"
)

var roomStart = time.Date(2026, 12, 1, 20, 0, 0, 0, time.UTC)

func testKeys(t testing.TB) *Keyring {
	t.Helper()
	k, err := NewKeyring(nil, roomStart)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func testRoom(t testing.TB, o RoomOptions) *Room {
	t.Helper()
	o.Site = "shop.example.com"
	if o.Keys == nil {
		o.Keys = testKeys(t)
	}
	o.Passes = NewPasses(o.Site, o.Keys, 30*time.Minute)
	return NewRoom(o, roomStart)
}

// visitor is somebody in a simulation.
type visitor struct {
	arrived  time.Duration
	next     time.Duration // poll
	ticket   []byte
	leaves   time.Duration // loses patience; 0: never
	bot      bool          // throws tickets away
	entered  time.Duration
	estimate time.Duration
}

// agenda is a heap of visitors by their next poll.
type agenda []*visitor

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].next < a[j].next }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(v any)        { *a = append(*a, v.(*visitor)) }
func (a *agenda) Pop() any          { v := (*a)[len(*a)-1]; *a = (*a)[:len(*a)-1]; return v }

// simulate lets visitors come at a rate for a time, and returns those who got in
// in the order in which they did.
func simulate(r *Room, rnd *rand.Rand, perSecond float64, last time.Duration, bots, leavers float64) (entered []*visitor, over time.Duration) {
	var a agenda
	for at := 0.0; at < last.Seconds(); at += rnd.ExpFloat64() / perSecond {
		v := &visitor{arrived: time.Duration(at * 1e9), bot: rnd.Float64() < bots}
		if v.next = v.arrived; !v.bot && rnd.Float64() < leavers {
			v.leaves = v.arrived + time.Duration(rnd.ExpFloat64()*float64(time.Minute))
		}
		a = append(a, v)
	}
	heap.Init(&a)
	for len(a) > 0 {
		v := heap.Pop(&a).(*visitor)
		now := v.next
		if v.leaves > 0 && now > v.leaves || v.bot && now > last+time.Minute || now > 6*time.Hour {
			continue
		}
		verdict := r.Visit(nil, v.ticket, roomStart.Add(now))
		over = now
		switch {
		case verdict.State == RoomEntered:
			v.entered = now
			if !v.bot {
				entered = append(entered, v)
			}
			continue
		case v.ticket == nil:
			v.estimate = verdict.Estimate
		}
		if verdict.Ticket != nil && !v.bot {
			v.ticket = verdict.Ticket
		}
		v.next = now + verdict.PollAfter
		if v.bot {
			v.next = now + time.Second // as fast as it may
		}
		heap.Push(&a, v)
	}
	return entered, over
}

// inversions is the share of pairs that entered in another order than they came.
func inversions(entered []*visitor) float64 {
	at := make([]time.Duration, len(entered))
	for i, v := range entered {
		at[i] = v.arrived
	}
	n := 0
	var sorted func(lo, hi int) []time.Duration
	sorted = func(lo, hi int) []time.Duration {
		if hi-lo < 2 {
			return at[lo:hi]
		}
		mid := (lo + hi) / 2
		a, b := append([]time.Duration(nil), sorted(lo, mid)...), append([]time.Duration(nil), sorted(mid, hi)...)
		out := at[lo:lo]
		for len(a) > 0 && len(b) > 0 {
			if b[0] < a[0] {
				n += len(a)
				out = append(out, b[0])
				b = b[1:]
			} else {
				out = append(out, a[0])
				a = a[1:]
			}
		}
		return append(append(out, a...), b...)
	}
	sorted(0, len(at))
	return float64(n) / (float64(len(at)) * float64(len(at)-1) / 2)
}

// "order of admission against order of arrival (inversions ≤ 1 %)"; "bots that
// drop cookies gain nothing": people get in at the rate, whoever else knocks.
func TestTheRoomLetsInByOrderAndAtItsRate(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for name, crowd := range map[string]struct{ perSecond, bots, leavers float64 }{
		"people":        {500, 0, 0},
		"some leave":    {500, 0, 0.3},
		"half are bots": {300, 0.5, 0.3},
	} {
		t.Run(name, func(t *testing.T) {
			r := testRoom(t, RoomOptions{PerSecond: 50, Burst: 50})
			rnd := rand.New(rand.NewPCG(seed, 0))
			entered, _ := simulate(r, rnd, crowd.perSecond, 2*time.Minute, crowd.bots, crowd.leavers)
			share := inversions(entered)
			// The rate while there was a queue: from the first minute to the
			// last but one person.
			var from, to int
			begin, end := time.Minute, entered[len(entered)*9/10].entered
			for i, v := range entered {
				if v.entered < begin {
					from = i
				}
				if v.entered < end {
					to = i
				}
			}
			rate := float64(to-from) / (end - begin).Seconds()
			good := 0
			waited := 0
			for _, v := range entered[len(entered)/10:] {
				if v.estimate == 0 {
					continue
				}
				waited++
				if took := (v.entered - v.arrived).Seconds(); math.Abs(took-v.estimate.Seconds()) <= 0.25*took+5 {
					good++
				}
			}
			t.Logf("%d entered, inversions %.2f %%, %.1f people a second, %.0f %% of %d estimates within a quarter", len(entered), 100*share, rate, 100*float64(good)/float64(waited), waited)
			if share > 0.01 {
				t.Errorf("inversions: %.2f %%", 100*share)
			}
			if crowd.bots == 0 && (rate < 47 || rate > 53) {
				t.Errorf("%.1f people a second", rate)
			}
			if crowd.bots > 0 && rate < 45 {
				t.Errorf("%.1f people a second beside bots", rate)
			}
			if crowd.bots == 0 && crowd.leavers == 0 && float64(good) < 0.9*float64(waited) {
				t.Errorf("%d of %d estimates", good, waited)
			}
		})
	}
}

// One a minute is a rate, too.
func TestARoomWithALowRate(t *testing.T) {
	r := testRoom(t, RoomOptions{PerSecond: 1.0 / 60, Burst: 1})
	entered, over := simulate(r, rand.New(rand.NewPCG(1, 2)), 0.1, 5*time.Minute, 0, 0)
	if len(entered) < 20 || over < time.Duration(len(entered)-2)*time.Minute || over > time.Duration(len(entered)+2)*time.Minute {
		t.Errorf("%d entered in %v", len(entered), over)
	}
}

// Whom nobody keeps waiting gets in at once.
func TestAnEmptyRoomKeepsNobody(t *testing.T) {
	r := testRoom(t, RoomOptions{PerSecond: 10, Burst: 5})
	for i := range 1000 {
		v := r.Visit(nil, nil, roomStart.Add(time.Duration(i)*150*time.Millisecond))
		if v.State != RoomEntered || v.Pass == nil {
			t.Fatalf("visitor %d: %+v", i, v)
		}
	}
}

// A pass is good at once, without place or wait; it is renewed when it is used,
// and ends.
func TestPassesKeepPeopleIn(t *testing.T) {
	r := testRoom(t, RoomOptions{PerSecond: 1, Burst: 1})
	pass := r.Visit(nil, nil, roomStart).Pass
	for range 100 { // the room is full
		r.Visit(nil, nil, roomStart)
	}
	if v := r.Visit(pass, nil, roomStart.Add(10*time.Minute)); v.State != RoomEntered || v.Pass != nil {
		t.Errorf("after 10 minutes: %+v", v)
	}
	v := r.Visit(pass, nil, roomStart.Add(20*time.Minute))
	if v.State != RoomEntered || v.Pass == nil {
		t.Errorf("after 20 minutes: %+v", v)
	}
	if v := r.Visit(v.Pass, nil, roomStart.Add(45*time.Minute)); v.State != RoomEntered {
		t.Errorf("renewed: %+v", v)
	}
	for range 200_000 {
		r.newcomer(roomStart) // a long line again
	}
	if v := r.Visit(pass, nil, roomStart.Add(31*time.Minute)); v.State == RoomEntered {
		t.Error("an expired pass lets in")
	}
}

// One pass in the hands of many lets in no more than one person could be.
func TestAPassThatIsPassedAround(t *testing.T) {
	p := NewPasses("x", testKeys(t), time.Hour)
	pass := p.New(roomStart)
	in := 0
	for range 10_000 {
		if ok, _ := p.MayPass(pass, roomStart); ok {
			in++
		}
	}
	if in != passBurst {
		t.Errorf("%d requests at once", in)
	}
}

// "forged, replayed and expired cookies refused".
func TestBadTicketsAreRefused(t *testing.T) {
	keys := testKeys(t)
	r := testRoom(t, RoomOptions{PerSecond: 1, Burst: 1, Keys: keys})
	r.Visit(nil, nil, roomStart)
	good := r.Visit(nil, nil, roomStart).Ticket
	later := roomStart.Add(5 * time.Second)
	otherKeys := testRoom(t, RoomOptions{PerSecond: 1, Burst: 1})
	otherKeys.Visit(nil, nil, roomStart)
	otherSite := NewRoom(RoomOptions{Site: "www.example.com", PerSecond: 1, Burst: 1, Keys: keys, Passes: NewPasses("www.example.com", keys, time.Hour)}, roomStart)
	otherSite.Visit(nil, nil, roomStart)
	flipped := bytes.Clone(good)
	flipped[14] ^= 1
	r.Visit(nil, nil, roomStart) // so that a line is there
	for name, ticket := range map[string][]byte{
		"garbage": []byte("garbage"), "long": bytes.Repeat([]byte("A"), 1<<16), "cut": good[:len(good)-2], "altered": flipped,
		"another key": otherKeys.Visit(nil, nil, roomStart).Ticket, "another site": otherSite.Visit(nil, nil, roomStart).Ticket,
		"a pass": r.o.Passes.New(roomStart),
	} {
		if ticket == nil {
			t.Fatalf("%s: no ticket", name)
		}
		before := r.Stats().Refused
		if v := r.Visit(nil, ticket, roomStart); v.State == RoomEntered || v.Ticket == nil {
			t.Errorf("%s: %+v", name, v)
		}
		if r.Stats().Refused != before+1 {
			t.Errorf("%s is not counted", name)
		}
		if v := r.Visit(ticket, nil, roomStart); v.State == RoomEntered && name != "a pass" {
			t.Errorf("%s as a pass: %+v", name, v)
		}
	}
	if v := r.Visit(nil, good, later); v.State != RoomEntered {
		t.Fatalf("the good one: %+v", v)
	}
	if v := r.Visit(nil, good, later); v.State == RoomEntered {
		t.Error("a replayed ticket lets in")
	}
	if v := r.Visit(nil, good, roomStart.Add(13*time.Hour)); v.Ticket == nil && v.State != RoomEntered {
		t.Errorf("an expired ticket: %+v", v)
	}
}

// "not_before … for an event announced in advance", and its end.
func TestOpeningAndClosing(t *testing.T) {
	r := testRoom(t, RoomOptions{PerSecond: 10, Burst: 10, NotBefore: roomStart.Add(time.Hour), NotAfter: roomStart.Add(2 * time.Hour)})
	var polls []float64
	for i := range 2400 {
		v := r.Visit(nil, nil, roomStart.Add(50*time.Minute+time.Duration(i)*time.Second/4))
		if v.State != RoomNotStarted || !v.Opens.Equal(roomStart.Add(time.Hour)) || v.Ticket != nil || v.PollAfter <= 0 {
			t.Fatalf("before: %+v", v)
		}
		if at := 50*60 + float64(i)/4 + v.PollAfter.Seconds(); at >= 3600 {
			polls = append(polls, at)
		}
	}
	sort.Float64s(polls)
	if len(polls) < 100 || polls[len(polls)*9/10]-polls[len(polls)/10] < roomOpening.Seconds()/2 {
		t.Errorf("%d polls after the opening, all at once", len(polls))
	}
	if v := r.Visit(nil, nil, roomStart.Add(time.Hour)); v.State != RoomEntered {
		t.Errorf("at the opening: %+v", v)
	}
	if v := r.Visit(nil, nil, roomStart.Add(2*time.Hour+time.Second)); v.State != RoomOver {
		t.Errorf("after the end: %+v", v)
	}
}

// After a restart the tickets are good still, and there is no storm.
func TestARestartKeepsTheLine(t *testing.T) {
	keys := testKeys(t)
	r := testRoom(t, RoomOptions{PerSecond: 10, Burst: 10, Keys: keys})
	var tickets [][]byte
	for range 1000 {
		if v := r.Visit(nil, nil, roomStart); v.Ticket != nil {
			tickets = append(tickets, v.Ticket)
		}
	}
	later := roomStart.Add(10 * time.Second)
	again, err := NewKeyring(keys.Text(), later)
	if err != nil {
		t.Fatal(err)
	}
	o := r.o
	o.Keys, o.Passes = again, NewPasses(o.Site, again, time.Hour)
	r = NewRoom(o, later)
	in := 0
	for s := range 20 {
		for _, ticket := range tickets[in:] {
			if v := r.Visit(nil, ticket, later.Add(time.Duration(s)*time.Second)); v.State == RoomEntered {
				in++
			}
		}
	}
	if in < 180 || in > 220 {
		t.Errorf("%d were let in within 20 s at 10 a second", in)
	}
}

// Memory is bounded whatever places there are.
func TestUsedPlacesAreForgotten(t *testing.T) {
	u := roomPlaces{born: 1000}
	for _, place := range []uint64{1000, 1001, 1000 + roomWindow, 1000 + 3*roomWindow, 1000 + 100*roomWindow, 1000 + 100*roomWindow - 5} {
		if u.has(place) {
			t.Errorf("%d was used before", place)
		}
		u.add(place)
		if !u.has(place) {
			t.Errorf("%d is forgotten at once", place)
		}
	}
	if !u.has(1005) || u.has(999) {
		t.Error("what is long past counts as used, what was before us does not")
	}
	if len(u.bits) != roomWindow/64 {
		t.Errorf("%d words", len(u.bits))
	}
}

// FuzzVisit: whatever is sent, only what we have sealed lets in.
func FuzzVisit(f *testing.F) {
	keys := testKeys(f)
	r := testRoom(f, RoomOptions{PerSecond: 0.001, Burst: 1, Keys: keys})
	r.Visit(nil, nil, roomStart)
	f.Add([]byte("x"), r.Visit(nil, nil, roomStart).Ticket)
	f.Add(keys.Seal("pass other", []byte("0123456789abcdef"), roomStart.Add(time.Hour)), []byte{})
	f.Fuzz(func(t *testing.T, pass, ticket []byte) {
		if v := r.Visit(pass, ticket, roomStart); v.State == RoomEntered {
			t.Errorf("%q, %q let in", pass, ticket)
		}
	})
}

func TestKeysRotateAndRecognizeWhatFormerOnesSigned(t *testing.T) {
	k := testKeys(t)
	sealed := k.Seal("a", []byte("payload"), roomStart.Add(100*24*time.Hour))
	for day := range 20 {
		now := roomStart.Add(time.Duration(day) * 25 * time.Hour)
		if rotated := k.Rotate(now); rotated != (day > 0) {
			t.Errorf("day %d: rotated %v", day, rotated)
		}
		payload, ok := k.Open("a", sealed, now)
		if want := day < keyringMost; ok != want || ok && string(payload) != "payload" {
			t.Errorf("day %d: %q, %v", day, payload, ok)
		}
		again, err := NewKeyring(k.Text(), now)
		if err != nil || !bytes.Equal(again.Text(), k.Text()) {
			t.Fatalf("day %d: %v", day, err)
		}
	}
	if n := len(*k.keys.Load()); n != keyringMost {
		t.Errorf("%d keys", n)
	}
	for _, text := range []string{"x", "1 zz\n", "1 00\n", "1\n", "9999999999999999999 " + string(bytes.Repeat([]byte("0"), 64)) + "\n"} {
		if _, err := NewKeyring([]byte(text), roomStart); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if _, ok := k.Open("b", k.Seal("a", nil, roomStart.Add(1e6*time.Hour)), roomStart); ok {
		t.Error("good for another purpose")
	}
	if _, ok := k.Open("a", k.Seal("a", nil, roomStart), roomStart.Add(time.Second)); ok {
		t.Error("good after its end")
	}
}

// "the client key's hash, changing hourly": all of one client in one hour are
// equal, and about half of the clients change places in half an hour.
func TestLuckChangesByTheHour(t *testing.T) {
	changed := 0
	for client := range uint64(10_000) {
		a, b := HourlyHash(client, roomStart), HourlyHash(client, roomStart.Add(30*time.Minute))
		if a != b {
			changed++
		}
		if a == HourlyHash(client, roomStart.Add(61*time.Minute)) {
			t.Fatalf("client %d has the same luck for ever", client)
		}
	}
	if changed < 4800 || changed > 5200 {
		t.Errorf("%d of 10000 changed in half an hour", changed)
	}
}

func BenchmarkVisitWaiting(b *testing.B) {
	r := testRoom(b, RoomOptions{PerSecond: 1, Burst: 1})
	r.Visit(nil, nil, roomStart)
	ticket := r.Visit(nil, nil, roomStart).Ticket
	b.ReportAllocs()
	for b.Loop() {
		r.Visit(nil, ticket, roomStart)
	}
}

func BenchmarkVisitWithPass(b *testing.B) {
	r := testRoom(b, RoomOptions{PerSecond: 1, Burst: 1})
	pass := r.o.Passes.New(roomStart)
	b.ReportAllocs()
	for b.Loop() {
		r.Visit(pass, nil, roomStart)
	}
}
