package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestArrivalsAreRandomAndAsManyAsWanted(t *testing.T) {
	const rate, length = 1000.0, 100 * time.Second
	due := arrivals(rate, length, seeded(7))
	if n := float64(len(due)); math.Abs(n-rate*length.Seconds()) > 4*math.Sqrt(rate*length.Seconds()) {
		t.Errorf("%v arrivals, want about %v", n, rate*length.Seconds())
	}
	var sum, squares float64
	last := time.Duration(0)
	for _, d := range due {
		gap := (d - last).Seconds()
		if gap < 0 || d >= length {
			t.Fatalf("%v after %v, in a phase of %v", d, last, length)
		}
		sum, squares, last = sum+gap, squares+gap*gap, d
	}
	mean := sum / float64(len(due))
	// Of exponential gaps mean and standard deviation are the same.
	if deviation := math.Sqrt(squares/float64(len(due)) - mean*mean); math.Abs(deviation/mean-1) > 0.02 {
		t.Errorf("gaps of mean %v and standard deviation %v, want the same", mean, deviation)
	}
	again := arrivals(rate, length, seeded(7))
	if len(again) != len(due) || again[100] != due[100] {
		t.Error("the same seed gives other arrivals")
	}
}

// sleepTill waits by Go's clock, which is a fake in synctest.
func sleepTill(due time.Time) { time.Sleep(time.Until(due)) }

// pipeServer is a server on pipes whose answers are made by a function, so that
// time can be fake.
type pipeServer struct {
	answer func(n int64, r *http.Request) (status int, after time.Duration) // n counts from 1
	hangUp bool                                                             // after each answer, without a word
	asked  atomic.Int64
	dialed atomic.Int64
	wg     sync.WaitGroup // connections
}

func (s *pipeServer) dial(time.Time) (net.Conn, error) {
	s.dialed.Add(1)
	client, server := net.Pipe()
	s.wg.Go(func() { s.serve(server) }) // ends when the client hangs up
	return client, nil
}

func (s *pipeServer) serve(conn net.Conn) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		status, after := s.answer(s.asked.Add(1), request)
		time.Sleep(after)
		body := smallJSON()
		if status != http.StatusOK {
			body = "no"
		}
		if _, err := io.WriteString(conn, fmt.Sprintf("HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)); err != nil || s.hangUp {
			return
		}
	}
}

// offerTo offers load to a server and returns the visits.
func offerTo(s *pipeServer, change func(*generator), rate float64, length time.Duration) *offered {
	g := &generator{dial: s.dial, most: 1000, clients: 100, sleep: sleepTill, dice: seeded(3)}
	if change != nil {
		change(g)
	}
	defer s.wg.Wait()
	defer g.close()
	o := g.offer(context.Background(), rate, time.Now(), length)
	o.wait()
	return o
}

func always(status int, after time.Duration) func(int64, *http.Request) (int, time.Duration) {
	return func(int64, *http.Request) (int, time.Duration) { return status, after }
}

func TestGeneratorCountsLatencyFromWhenAVisitWasDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &pipeServer{answer: always(http.StatusOK, 30*time.Millisecond)}
		o := offerTo(s, nil, 200, 5*time.Second)
		for _, v := range o.visits {
			if v.outcome != good || v.took != 30*time.Millisecond || v.late != 0 || v.attempts != 1 {
				t.Fatalf("got %+v, want a good answer after 30 ms", v)
			}
		}
		if got := newStrain(1, 200, o); math.Abs(got.goodput-1) > 0.1 || got.admitted.p99 != 30*time.Millisecond {
			t.Errorf("got %+v", got)
		}
		if d := s.dialed.Load(); d > 30 {
			t.Errorf("%d connections for about 6 visits at a time: they are not kept", d)
		}
	})
}

// TestGeneratorIsAnOpenLoop has a server that stalls once: in a closed loop
// nobody would be due meanwhile.
func TestGeneratorIsAnOpenLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		s := &pipeServer{answer: func(int64, *http.Request) (int, time.Duration) {
			return http.StatusOK, max(0, 500*time.Millisecond-time.Since(begin))
		}}
		o := offerTo(s, nil, 1000, time.Second)
		waited := 0
		for _, v := range o.visits {
			if want := max(0, 500*time.Millisecond-v.due); v.took != want || v.outcome != good {
				t.Fatalf("due at %v: got %+v, want it to take %v", v.due, v, want)
			}
			if v.took > 0 {
				waited++
			}
		}
		if waited < 400 {
			t.Errorf("%d visits met the stall, want about 500", waited)
		}
	})
}

// TestGeneratorCountsItsOwnLateness has a generator that wakes up late: the
// visits take as long as they would have seemed to.
func TestGeneratorCountsItsOwnLateness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &pipeServer{answer: always(http.StatusOK, 10*time.Millisecond)}
		o := offerTo(s, func(g *generator) {
			g.sleep = func(due time.Time) { sleepTill(due.Add(5 * time.Millisecond)) }
		}, 100, time.Second)
		for _, v := range o.visits {
			if v.late < 5*time.Millisecond || v.took != v.late+10*time.Millisecond {
				t.Fatalf("got %+v, want it late and that in its latency", v)
			}
		}
	})
}

func TestOutcomesOfVisits(t *testing.T) {
	retrying := func(g *generator) { g.retrying = true }
	for _, tt := range []struct {
		name     string
		answer   func(int64, *http.Request) (int, time.Duration)
		hangUp   bool
		change   func(*generator)
		want     outcome
		attempts [2]int // least and most
		took     time.Duration
	}{
		{"limited", always(429, 0), false, nil, limited, [2]int{1, 1}, 0},
		{"shed", always(503, 2*time.Millisecond), false, nil, shed, [2]int{1, 1}, 2 * time.Millisecond},
		{"broken", always(502, 0), false, nil, broken, [2]int{1, 1}, 0},
		{"too slow", always(200, 3*time.Second), false, nil, gaveUp, [2]int{1, 1}, patience},
		{"connections not kept", always(200, time.Millisecond), true, nil, good, [2]int{1, 1}, time.Millisecond},
		{"retries", always(503, 0), false, retrying, shed, [2]int{1, 4}, 0},
		{"no connection", always(200, time.Minute), false, func(g *generator) { g.most = 0 }, crowdedUp, [2]int{0, 0}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &pipeServer{answer: tt.answer, hangUp: tt.hangUp}
				o := offerTo(s, tt.change, 100, time.Second)
				attempts := map[int]int{}
				for _, v := range o.visits {
					attempts[v.attempts]++
					if v.outcome != tt.want || v.took != tt.took {
						t.Fatalf("got %+v, want outcome %d after %v", v, tt.want, tt.took)
					}
				}
				for n := range attempts {
					if n != tt.attempts[0] && n != tt.attempts[1] {
						t.Errorf("attempts %v, want %v", attempts, tt.attempts)
					}
				}
				if a := tt.attempts; a[0] != a[1] && (attempts[a[0]] < len(o.visits)/4 || attempts[a[1]] < len(o.visits)/4) {
					t.Errorf("attempts %v, want half of the clients to retry", attempts)
				}
			})
		})
	}
}

func TestARetryThatIsAnsweredIsGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &pipeServer{answer: func(n int64, _ *http.Request) (int, time.Duration) {
			if n%3 != 0 {
				return 429, time.Millisecond
			}
			return 200, time.Millisecond
		}}
		o := offerTo(s, func(g *generator) { g.retrying, g.clients = true, 1 }, 1, 20*time.Second)
		for _, v := range o.visits {
			if v.outcome != good || v.attempts != 3 || v.took != 3*time.Millisecond {
				t.Errorf("got %+v, want a good answer at the third attempt", v)
			}
		}
	})
}

func TestVisitsComeFromManyClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := make(map[string]int) // of one connection after the other
		s := &pipeServer{answer: func(_ int64, r *http.Request) (int, time.Duration) {
			seen[r.Header.Get("X-Forwarded-For")]++
			if r.Header.Get(dueField) == "" || r.Host != benchHost {
				t.Errorf("got %v of %s", r.Header, r.Host)
			}
			return 200, 0
		}}
		offerTo(s, func(g *generator) { g.most, g.clients = 1, 300 }, 100, 30*time.Second)
		if len(seen) < 295 || len(seen) > 300 || seen["10.0.1.2"] == 0 {
			t.Errorf("%d clients, want 300", len(seen))
		}
	})
}
