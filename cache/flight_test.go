package cache

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/cache/policy"
	"sluice/message"
)

func newCache(t *testing.T) *Cache {
	t.Helper()
	c, err := New(8 << 20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// asks is what a request says that says nothing about copies.
var asks = policy.Asked{MaxAge: -1, MinFresh: -1, MaxStale: -1, StaleIfError: -1}

// never is the channel of a client that stays.
var never chan struct{}

// landWith has a Flight decided with a copy of body.
func landWith(t *testing.T, c *Cache, f *Flight, key, body string) {
	t.Helper()
	d, ok := c.Keep(&Head{Key: []byte(key), Meta: Meta{Reuse: true}, Length: int64(len(body))})
	if !ok {
		t.Fatal("no room")
	}
	defer d.Release()
	d.Retain()
	f.Decide(Outcome{Copy: d.Copy}, time.Now())
	d.Append([]byte(body))
	d.Commit()
}

func text(c *Copy) string {
	var all []byte
	for off := int64(0); ; {
		p := c.Piece(off)
		if len(p) == 0 {
			return string(all)
		}
		all, off = append(all, p...), off+int64(len(p))
	}
}

// "1,000 clients ask for one slow key at once: the upstream sees one request."
func TestAThousandAskAndOneLeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, key := newCache(t), []byte("s/slow")
		var leaders, answered atomic.Int64
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				f, leads := c.Join(key, asks, time.Now())
				if leads {
					leaders.Add(1)
					defer f.Return(nil)
					go func() {
						time.Sleep(2 * time.Second) // how slow the Upstream is
						landWith(t, c, f, string(key), "answer")
						f.End(time.Now())
					}()
				}
				o, ok := f.Wait(leads, never, time.Minute)
				if ok && o.Copy != nil && o.Copy.Wait(5, never) == nil && text(o.Copy) == "answer" && o.Took == 2*time.Second {
					answered.Add(1)
				}
				if o.Copy != nil {
					o.Copy.Release()
				}
			})
		}
		all.Wait()
		if leaders.Load() != 1 || answered.Load() != 1000 {
			t.Errorf("%d led and %d were answered; want 1 and 1000", leaders.Load(), answered.Load())
		}
	})
}

// With nobody left who waits, the Attempt is broken off, and who comes then
// begins anew.
func TestAFlightThatEverybodyLeftIsBrokenOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, key := newCache(t), []byte("s/x")
		f, leads := c.Join(key, asks, time.Now())
		g, second := c.Join(key, asks, time.Now())
		if !leads || second || f != g {
			t.Fatal("the second does not wait for the first")
		}
		canceled := make(canceler, 1)
		f.Watch(canceled)
		if _, ok := f.Wait(true, never, time.Second); ok {
			t.Fatal("decided by nobody")
		}
		f.Return(nil)
		if len(canceled) != 0 {
			t.Error("broken off although one waits still")
		}
		h, third := c.Join(key, asks, time.Now())
		if third || h != f {
			t.Error("a third does not join")
		}
		for range 2 {
			g.Wait(false, never, time.Second)
		}
		if len(canceled) != 1 {
			t.Error("not broken off although nobody waits")
		}
		if n, leads := c.Join(key, asks, time.Now()); !leads || n == f {
			t.Error("who comes later waits for what was broken off")
		}
		f.End(time.Now())
		if n, leads := c.Join(key, asks, time.Now()); leads || n == f {
			t.Error("the end of one Flight has ended another")
		}
	})
}

type canceler chan struct{}

func (c canceler) Cancel() { c <- struct{}{} }

// What cannot be shared goes to the leader alone, and the Attempt waits for him.
func TestWhatIsLentGoesToTheLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t)
		f, _ := c.Join([]byte("s/x"), asks, time.Now())
		c.Join([]byte("s/x"), asks, time.Now())
		lent, broke := &message.Response{Status: 200}, &message.Failure{Cause: message.CauseClientGone}
		var returned *message.Failure
		var done sync.WaitGroup
		done.Go(func() { returned = f.Lend(Outcome{Lent: lent}, time.Now()); f.End(time.Now()) })
		other, ok := f.Wait(false, never, time.Second)
		if !ok || other.Lent != nil || other.Copy != nil || other.Failure != nil {
			t.Errorf("another got %+v", other)
		}
		mine, _ := f.Wait(true, never, time.Second)
		if mine.Lent != lent {
			t.Errorf("the leader got %+v", mine)
		}
		f.Return(broke)
		done.Wait()
		if returned != broke {
			t.Errorf("the Attempt was told %v", returned)
		}
	})
}

// A leader who is gone holds nobody up.
func TestALeaderWhoHasLeftIsLentNothing(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		synctest.Test(t, func(t *testing.T) {
			c := newCache(t)
			f, _ := c.Join([]byte("s/x"), asks, time.Now())
			gone := make(chan struct{})
			close(gone)
			if when == "before" {
				f.Wait(true, gone, time.Hour)
				f.Return(nil)
			}
			var returned *message.Failure
			var done sync.WaitGroup
			done.Go(func() { returned = f.Lend(Outcome{Lent: &message.Response{}}, time.Now()) })
			synctest.Wait()
			if when == "after" {
				f.Return(failureLeft)
			}
			done.Wait()
			if returned == nil {
				t.Errorf("%s: the Attempt was told that the answer was passed on", when)
			}
		})
	}
}

func TestInterimResponsesGoToTheLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t)
		f, _ := c.Join([]byte("s/x"), asks, time.Now())
		go func() {
			f.Inform(&message.Response{Status: 103})
			f.Decide(Outcome{}, time.Now())
			f.End(time.Now())
		}()
		o, ok := f.Wait(true, never, time.Second)
		if !ok || o.Interim == nil || o.Interim.Status != 103 {
			t.Fatalf("got %+v", o)
		}
		f.Informed()
		if o, ok = f.Wait(true, never, time.Second); !ok || o.Interim != nil {
			t.Errorf("then got %+v", o)
		}
		f.Return(nil)
		f.Inform(&message.Response{Status: 103}) // to nobody, and does not wait
	})
}

// What a copy has no room for is the leader's; others learn that theirs is cut
// short.
func TestTheRestOfWhatIsTooLargeIsTheLeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t)
		f, _ := c.Join([]byte("s/x"), asks, time.Now())
		c.Join([]byte("s/x"), asks, time.Now())
		var returned *message.Failure
		var done sync.WaitGroup
		done.Go(func() {
			d, _ := c.Keep(&Head{Key: []byte("s/x"), Length: -1})
			defer d.Release()
			d.Retain()
			f.Decide(Outcome{Copy: d.Copy}, time.Now())
			d.Append([]byte("begin"))
			returned = f.LendRest(Rest{Piece: []byte("more"), Body: noBody{}}, d)
			f.End(time.Now())
		})
		mine, _ := f.Wait(true, never, time.Second)
		other, _ := f.Wait(false, never, time.Second)
		for _, o := range []Outcome{mine, other} {
			if err := o.Copy.Wait(5, never); err == nil || text(o.Copy) != "begin" {
				t.Errorf("got %q, %v", text(o.Copy), err)
			}
			o.Copy.Release()
		}
		if rest, ok := f.Rest(); !ok || string(rest.Piece) != "more" {
			t.Errorf("the leader has the rest %q, %v", rest.Piece, ok)
		}
		f.Return(nil)
		done.Wait()
		if returned != nil {
			t.Errorf("the Attempt was told %v", returned)
		}
		if o := c.Find([]byte("s/x"), &message.Request{}); o != nil {
			t.Error("a copy that was cut short is found")
		}
	})
}

type noBody struct{}

func (noBody) Ready() bool              { return true }
func (noBody) Next() ([]byte, error)    { return nil, io.EOF }
func (noBody) Trailers() message.Fields { return nil }

// Whatever the order of things: nobody hangs, each gets what the Flight brought,
// and in the end all memory is free again.
func TestFlightsInAnyOrder(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		dice := rand.New(rand.NewPCG(seed, 0))
		c := newCache(t)
		var all sync.WaitGroup
		for i := range 2000 {
			key := fmt.Sprintf("s/%d", dice.IntN(20))
			start, patience := time.Duration(dice.IntN(5000))*time.Millisecond, time.Duration(1+dice.IntN(400))*time.Millisecond
			slow, fate := time.Duration(dice.IntN(300))*time.Millisecond, dice.IntN(4)
			all.Go(func() {
				time.Sleep(start)
				client(t, c, &all, key, i, patience, slow, fate)
			})
		}
		all.Wait()
		if n := c.Stats().Objects; n > 20 {
			t.Errorf("%d copies of 20 keys", n)
		}
		if len(c.flights.byKey) != 0 {
			t.Errorf("%d Flights have not ended", len(c.flights.byKey))
		}
	})
}

// client is one who asks; if it leads, its Flight has that fate.
func client(t *testing.T, c *Cache, all *sync.WaitGroup, key string, i int, patience, slow time.Duration, fate int) {
	f, leads := c.Join([]byte(key), asks, time.Now())
	if leads {
		defer f.Return(nil)
		all.Go(func() {
			defer func() { f.End(time.Now()) }()
			time.Sleep(slow)
			switch fate {
			case 0:
				f.Decide(Outcome{Failure: failureLeft}, time.Now())
			case 1:
				f.Lend(Outcome{Lent: &message.Response{Status: 200 + i}}, time.Now())
			case 2:
				landWith(t, c, f, key, key)
			}
		})
	}
	o, ok := f.Wait(leads, never, patience)
	switch {
	case !ok:
	case o.Copy != nil:
		if err := o.Copy.Wait(int64(len(key))-1, never); err != nil || text(o.Copy) != key {
			t.Errorf("got %q for %s, %v", text(o.Copy), key, err)
		}
		o.Copy.Release()
	case o.Lent != nil && !leads:
		t.Error("lent to one who does not lead")
	case o.Failure != nil && !errors.Is(o.Failure.Err, failureLeft.Err):
		t.Errorf("got %v", o.Failure)
	}
}
