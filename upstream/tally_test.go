package upstream

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"sluice/message"
)

var timedOut = &message.Failure{Party: message.PartyUpstream, Phase: message.PhaseWait, Cause: message.CauseConnectionReadTimeout}

// "by a sliding window with a minimum of requests", and by so many in a row.
func TestEvidence(t *testing.T) {
	type step struct {
		after time.Duration
		good  int
		bad   int
		out   bool // by the last of the bad ones
	}
	for _, tt := range []struct {
		name  string
		e     Evidence
		steps []step
	}{
		{"five in a row", Evidence{5, -1, -1}, []step{{0, 100, 4, false}, {0, 0, 1, true}}},
		{"a success between", Evidence{5, -1, -1}, []step{{0, 0, 4, false}, {0, 1, 4, false}, {0, 0, 1, true}}},
		{"in a row, however long it takes", Evidence{3, -1, -1}, []step{{0, 0, 2, false}, {time.Hour, 0, 1, true}}},
		{"half of twenty", Evidence{-1, 20, 0.5}, []step{{0, 10, 9, false}, {0, 0, 1, true}}},
		{"too few", Evidence{-1, 20, 0.5}, []step{{0, 0, 19, false}, {0, 0, 1, true}}},
		{"those of long ago do not count", Evidence{-1, 20, 0.5}, []step{{0, 0, 19, false}, {11 * time.Second, 0, 1, false}, {0, 0, 18, false}, {0, 0, 1, true}}},
		{"within the window they do", Evidence{-1, 20, 0.5}, []step{{0, 0, 19, false}, {8 * time.Second, 0, 1, true}}},
		{"turned off", Evidence{-1, -1, -1}, []step{{0, 0, 1000, false}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n tally
				for i, s := range tt.steps {
					time.Sleep(s.after)
					for range s.good {
						n.good(time.Now())
					}
					out := false
					for range s.bad {
						out = n.bad(time.Now(), tt.e)
					}
					if out != s.out {
						t.Errorf("step %d: enough: %v, want %v", i+1, out, s.out)
					}
				}
			})
		})
	}
}

// The tally against a plain list of what happened.
func TestTheTallyBySimulation(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	var n tally
	type result struct {
		at   time.Time
		good bool
	}
	var all []result
	now := epoch
	for range 20_000 {
		now = now.Add(time.Duration(dice.ExpFloat64() * float64(300*time.Millisecond)))
		good := dice.IntN(2) == 0
		if all = append(all, result{now, good}); good {
			n.good(now)
		} else {
			n.bad(now, Evidence{})
		}
		var want [2]int
		for i := len(all) - 1; i >= 0 && now.Unix()-all[i].at.Unix() < tallyWindow; i-- {
			if all[i].good {
				want[0]++
			} else {
				want[1]++
			}
		}
		if good, bad := n.sum(now); good != want[0] || bad != want[1] {
			t.Fatalf("%v: counted %d good and %d bad, want %v", now, good, bad, want)
		}
	}
}

// failAll has a request on u fail after it had its connection.
func failAnswer(u *Upstream) { u.Failed(time.Now(), timedOut) }

// "Never the last one".
func TestResponsesNeverTakeTheLastOneOut(t *testing.T) {
	p := newTestPool(t, Config{Servers: equalServers(3)})
	for _, u := range ups(p) {
		for range 100 {
			failAnswer(u)
		}
	}
	all := ups(p)
	if stateOf(all[0]) != StateOut || stateOf(all[1]) != StateOut || stateOf(all[2]) != StateIn {
		t.Errorf("they are %v, %v and %v", stateOf(all[0]), stateOf(all[1]), stateOf(all[2]))
	}
	if p.AllOut() || p.FailsOpen() {
		t.Error("it fails open although one is in service")
	}
	alone := newTestPool(t, Config{Servers: equalServers(1)})
	for range 100 {
		failAnswer(ups(alone)[0])
	}
	if stateOf(ups(alone)[0]) != StateIn {
		t.Error("the only one was taken out by its responses")
	}
}

// "with less than a configurable share healthy, fail open with a trickle of
// probes by real requests, and say so"
func TestAPoolFailsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{Servers: equalServers(4), MinHealthy: 0.5})
		var events []Event
		p.fleet.notify = func(e Event) { events = append(events, e) }
		all := ups(p)
		for range 10 {
			failAnswer(all[0])
			failAnswer(all[1])
			failAnswer(all[2])
		}
		if got := []State{stateOf(all[0]), stateOf(all[1]), stateOf(all[2])}; got[0] != StateOut || got[1] != StateOut || got[2] != StateIn {
			t.Fatalf("with half of four to stay they are %v", got)
		}
		fail(all[2]) // nobody is there: that counts
		if !p.FailsOpen() || !p.Stats().FailsOpen {
			t.Fatal("with a quarter in service it does not fail open")
		}
		// One request at a time for each that is out by its responses, none
		// for the one that nobody can connect to.
		got := picks(p, 100)
		if got[0] != 1 || got[1] != 1 || got[2] != 0 || got[3] != 98 {
			t.Errorf("picks: %v", got)
		}
		all[0].Succeeded(time.Now(), time.Now())
		if p.FailsOpen() || stateOf(all[0]) != StateIn {
			t.Error("one that has answered is not back")
		}
		if n := len(events); n != 6 || events[3].Upstream != "" && events[4].Upstream != "" {
			t.Errorf("events: %+v", events)
		}
		open, closed := false, false
		for _, e := range events {
			open = open || e.Upstream == "" && e.State == StateOut
			closed = closed || e.Upstream == "" && e.State == StateIn
		}
		if !open || !closed {
			t.Errorf("nobody was told: %+v", events)
		}
	})
}

// A connection proves nothing for one that does not answer.
func TestWhoDoesNotAnswerIsTriedByRequestsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{Servers: equalServers(2)})
		newNetwork(p) // every dial gets through
		defer running(t, p)()
		sick := ups(p)[0]
		for range 5 {
			failAnswer(sick)
		}
		time.Sleep(400 * time.Millisecond)
		if stateOf(sick) != StateOut {
			t.Fatal("a probe has brought it back")
		}
		time.Sleep(300 * time.Millisecond)
		for range 10 {
			if p.Pick(Tried{}, Request{}) == sick {
				t.Fatal("a request that may not be tried again was given to it")
			}
		}
		if got := picks(p, 10); got[0] != 1 {
			t.Fatalf("after its pause: %v, want one request", got)
		}
		failAnswer(sick)
		sick.release()
		if stateOf(sick) != StateOut {
			t.Error("a trial that failed did not take it out again")
		}
		time.Sleep(1300 * time.Millisecond)
		if pick(p, Tried{}.With(ups(p)[1])) != sick {
			t.Fatal("there was no second trial")
		}
		sick.Succeeded(time.Now(), time.Now())
		if stateOf(sick) != StateIn {
			t.Error("a trial that was answered did not bring it back")
		}
	})
}
