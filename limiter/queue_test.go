package limiter

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// waiterOf returns one that came at a time, in milliseconds.
func waiterOf(p Priority, came int) *Waiter {
	return &Waiter{rank: p.rank(), came: time.Duration(came) * time.Millisecond}
}

func TestRanksAreByClassThenAdmittedThenHash(t *testing.T) {
	inOrder := []Priority{
		{Class: ClassSheddable},
		{Class: ClassSheddable, Hash: 1 << 31},
		{Class: ClassSheddable, Admitted: true},
		{},
		{Hash: 1 << 30},
		{Hash: 1<<32 - 1},
		{Admitted: true},
		{Class: ClassCritical},
		{Class: ClassCritical, Admitted: true, Hash: 1<<32 - 1},
	}
	for i := 1; i < len(inOrder); i++ {
		if lower, higher := inOrder[i-1].rank(), inOrder[i].rank(); lower >= higher || lower.level() > higher.level() {
			t.Errorf("%+v is %d, %+v is %d", inOrder[i-1], lower, inOrder[i], higher)
		}
	}
}

// "First come first served while it drains", but critical ones first; "newest
// first and low priority dropped first" when it stands.
func TestQueueServesByItsMood(t *testing.T) {
	const top = 1<<32 - 1
	all := []*Waiter{
		waiterOf(Priority{Class: ClassSheddable, Admitted: true}, 0),
		waiterOf(Priority{}, 1),
		waiterOf(Priority{Hash: top}, 2),
		waiterOf(Priority{Hash: top}, 3),
		waiterOf(Priority{Admitted: true}, 4),
		waiterOf(Priority{Admitted: true, Hash: top}, 5),
		waiterOf(Priority{Class: ClassCritical}, 6),
		waiterOf(Priority{Class: ClassCritical}, 7),
	}
	normalNew := Priority{}.rank().band()
	for _, tt := range []struct {
		name string
		edge int
		want []int
	}{
		{"all drain", -1, []int{6, 7, 0, 1, 2, 3, 4, 5}},
		{"new ones stand", normalNew, []int{6, 7, 4, 5, 3, 2, 1, 0}},
		{"all stand", rankBands - 1, []int{7, 6, 5, 4, 3, 2, 1, 0}},
	} {
		q := waitQueue{edge: tt.edge, patience: time.Second, short: time.Millisecond}
		for _, w := range all {
			q.push(w)
		}
		var got []int
		for q.n > 0 {
			w := q.next(false)
			got = append(got, slices.Index(all, w))
			q.remove(w)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: served %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestQueueGivesTheReserveToCriticalOnesOnly(t *testing.T) {
	q := waitQueue{edge: -1}
	q.push(waiterOf(Priority{Admitted: true}, 0))
	if w := q.next(true); w != nil {
		t.Errorf("got one of %+v", w.rank.band())
	}
	critical := waiterOf(Priority{Class: ClassCritical}, 1)
	q.push(critical)
	if w := q.next(true); w != critical {
		t.Errorf("got %v, want the critical one", w)
	}
}

func TestQueueDisplacesTheWorst(t *testing.T) {
	const high = 1 << 31
	for _, tt := range []struct {
		name    string
		edge    int
		waiting []Priority
		comes   Priority
		want    int // which of the waiting; -1: none
	}{
		{"equals keep their place while it drains", -1, []Priority{{}, {}}, Priority{Hash: high}, -1},
		{"of a worse band the newest", -1, []Priority{{}, {}}, Priority{Admitted: true}, 1},
		{"sheddable before normal", -1, []Priority{{}, {Class: ClassSheddable}}, Priority{}, 1},
		{"nobody better", -1, []Priority{{Class: ClassCritical}}, Priority{}, -1},
		{"the lowest hash when it stands", 5, []Priority{{Hash: high}, {}, {}}, Priority{Hash: high}, 1},
		{"the oldest of equals when it stands", 5, []Priority{{}, {}}, Priority{}, 0},
		{"not one of a better hash", 5, []Priority{{Hash: high}}, Priority{}, -1},
	} {
		q := waitQueue{edge: tt.edge}
		var all []*Waiter
		for i, p := range tt.waiting {
			all = append(all, waiterOf(p, i))
			q.push(all[i])
		}
		got := -1
		if w := q.displaced(tt.comes.rank()); w != nil {
			got = slices.Index(all, w)
		}
		if got != tt.want {
			t.Errorf("%s: %d displaced, want %d", tt.name, got, tt.want)
		}
	}
}

// The queue agrees with one that looks at everybody each time.
func TestQueueAgreesWithASimpleOne(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	q := waitQueue{edge: -1, patience: 500 * time.Millisecond, short: 20 * time.Millisecond}
	var all []*Waiter
	for now := range 20_000 {
		switch rng.IntN(5) {
		case 0, 1:
			w := waiterOf(Priority{Class(rng.IntN(3)), rng.IntN(2) == 0, rng.Uint32()}, now)
			q.push(w)
			all = append(all, w)
		case 2:
			if len(all) > 0 {
				w := all[rng.IntN(len(all))]
				q.remove(w)
				all = slices.DeleteFunc(all, func(o *Waiter) bool { return o == w })
			}
		case 3:
			q.edge = rng.IntN(rankBands+1) - 1
		}
		at := time.Duration(now) * time.Millisecond
		for w := q.overdue(at); w != nil; w = q.overdue(at) {
			if at-w.came < q.allowance(w.rank.band()) {
				t.Fatalf("at %v one that came at %v is overdue", at, w.came)
			}
			q.remove(w)
			all = slices.DeleteFunc(all, func(o *Waiter) bool { return o == w })
		}
		checkQueue(t, &q, all, at)
	}
}

func checkQueue(t *testing.T, q *waitQueue, all []*Waiter, now time.Duration) {
	t.Helper()
	if q.n != len(all) {
		t.Fatalf("%d wait, want %d", q.n, len(all))
	}
	if len(all) == 0 {
		if q.next(false) != nil || q.oldest(now) != 0 {
			t.Fatal("an empty queue has somebody")
		}
		return
	}
	// better reports whether a is served before b.
	better := func(a, b *Waiter) bool {
		ac, bc := a.rank.critical(), b.rank.critical()
		as, bs := a.rank.band() <= q.edge, b.rank.band() <= q.edge
		switch {
		case ac != bc:
			return ac
		case as != bs:
			return bs
		case !as:
			return a.came < b.came
		case a.rank.level() != b.rank.level():
			return a.rank.level() > b.rank.level()
		}
		return a.came > b.came
	}
	best, deadline := all[0], all[0].came+q.allowance(all[0].rank.band())
	for _, w := range all[1:] {
		if better(w, best) {
			best = w
		}
		deadline = min(deadline, w.came+q.allowance(w.rank.band()))
	}
	if got := q.next(false); got != best {
		t.Fatalf("next is of rank %d and came at %v, want %d and %v", got.rank, got.came, best.rank, best.came)
	}
	if q.deadline() != deadline || deadline <= now {
		t.Fatalf("deadline %v, want %v; now %v", q.deadline(), deadline, now)
	}
	if oldest := now - all[0].came; q.oldest(now) != oldest {
		t.Fatalf("oldest %v, want %v", q.oldest(now), oldest)
	}
}

func TestCoDelTellsABurstThatDrainsFromAQueueThatStands(t *testing.T) {
	const target, interval = 10 * time.Millisecond, 100 * time.Millisecond
	for _, tt := range []struct {
		name         string
		come, served int // each millisecond
		want         bool
	}{
		{"a burst that drains", 0, 1, false},
		{"just as many come as are served", 1, 1, true},
		{"more come", 2, 1, true},
	} {
		q := waitQueue{edge: -1, patience: 500 * time.Millisecond}
		var c waitCoDel
		for range 300 {
			q.push(waiterOf(Priority{}, 0))
		}
		for now := range 250 {
			for range tt.come {
				q.push(waiterOf(Priority{}, now))
			}
			for range tt.served {
				q.remove(q.next(false))
			}
			c.look(&q, time.Duration(now)*time.Millisecond, target, interval)
		}
		if c.standing != tt.want {
			t.Errorf("%s: standing %v, want %v", tt.name, c.standing, tt.want)
		}
	}
}
