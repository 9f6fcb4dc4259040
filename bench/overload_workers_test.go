package main

import (
	"context"
	"math"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestWorkersHaveTheirCapacity floods workers that wake up late.
func TestWorkersHaveTheirCapacity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := appServer()
		w := newWorkers(s, func(due time.Time) { sleepTill(due.Add(time.Millisecond)) })
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { // ends when waiting is closed
			defer close(ended)
			w.run(ctx)
		}()
		const seconds = 12
		done := make(chan struct{}, s.Queue+s.Workers)
		for range s.Queue {
			if !w.admit(job{came: time.Now(), done: done}) {
				t.Fatal("the queue is full too early")
			}
		}
		synctest.Wait() // the workers have taken one each
		for range s.Workers {
			w.admit(job{came: time.Now(), done: done})
		}
		if w.admit(job{came: time.Now(), done: done}) {
			t.Error("the queue takes more than it should")
		}
		time.Sleep(seconds * time.Second)
		got := w.tally()
		if want := s.capacity() * seconds; math.Abs(float64(got.Served)/want-1) > 0.02 {
			t.Errorf("%d served in %d s, want %v", got.Served, seconds, want)
		}
		if busy := got.Spent.Seconds() / seconds / float64(s.Workers); math.Abs(busy-1) > 0.01 {
			t.Errorf("the workers were busy for %.3f of the time", busy)
		}
		if got.Full != 1 || got.Inside != int64(s.Queue+s.Workers)-got.Served {
			t.Errorf("got %+v", got)
		}
		cancel()
		close(w.waiting)
		<-ended
	})
}

func TestServiceTimesAreLognormal(t *testing.T) {
	s := appServer()
	dice := seeded(2)
	var sum time.Duration
	took := make([]time.Duration, 200_000)
	for i := range took {
		took[i] = s.time(dice)
		sum += took[i]
	}
	l := newLatency(took, 0)
	near := func(what string, got time.Duration, want float64) {
		if math.Abs(got.Seconds()*1000/want-1) > 0.02 {
			t.Errorf("%s is %v, want %v ms", what, got, want)
		}
	}
	near("mean", sum/time.Duration(len(took)), 20)
	near("median", l.p50, 20*math.Exp(-0.125))
	near("p99", l.p99, 20*math.Exp(-0.125+0.5*2.3263))
}

func TestAppAnswersAndRefuses(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	free := make(chan struct{}, 1)
	free <- struct{}{} // for one job; the worker is held up at the next
	hold := func(time.Time) {
		select {
		case <-free:
		case <-ctx.Done():
		}
	}
	a := &app{workers: newWorkers(service{Workers: 1, Mean: time.Millisecond, Queue: 1}, hold)}
	ended := make(chan struct{})
	go func() { // ends with ctx
		defer close(ended)
		a.serve(ctx, []net.Listener{l})
	}()
	defer func() { cancel(); <-ended }()
	p := newProbe(l.Addr().(*net.TCPAddr).Port)
	if err := p.check(ctx); err != nil {
		t.Error(err)
	}
	m := &measurement{setup: setup{Origins: []int{p.port}}}
	if err := m.awaitRest(ctx); err != nil {
		t.Error(err)
	}
	if got, err := m.appTally(ctx); err != nil || got.Served != 1 || got.Inside != 0 || got.Full != 0 || got.Spent == 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	done := make(chan struct{}, 2)
	for range 2 { // one at the worker, one in the queue
		for !a.workers.admit(job{came: time.Now(), done: done}) {
		}
	}
	if got, err := p.ask(ctx); err != nil || got.status != http.StatusServiceUnavailable {
		t.Errorf("got %+v, %v; want 503", got, err)
	}
}
