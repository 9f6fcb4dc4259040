package main

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// service is what an app server can do.
type service struct {
	Workers int
	Mean    time.Duration // of what a request takes a worker
	Spread  float64       // standard deviation of the logarithm of that
	Queue   int           // requests that wait for a worker; more get 503
}

// appServer is a small one: 800 requests a second. Half of its requests take
// less than 18 ms, 1 % more than 56, as queries to a database do.
func appServer() service {
	return service{Workers: 16, Mean: 20 * time.Millisecond, Spread: 0.5, Queue: 10000}
}

// capacity is how many requests a second it can answer.
func (s service) capacity() float64 {
	return float64(s.Workers) / s.Mean.Seconds()
}

// time draws how long one request takes.
func (s service) time(dice *rand.Rand) time.Duration {
	mu := math.Log(s.Mean.Seconds()) - s.Spread*s.Spread/2 // so that the mean of the lognormal is Mean
	return time.Duration(math.Exp(mu+s.Spread*dice.NormFloat64()) * float64(time.Second))
}

// workers answer requests in the order in which they came. They do not look
// whether anybody still waits: threads of an app server cannot.
type workers struct {
	service
	sleep   func(until time.Time)
	waiting chan job

	served atomic.Int64 // all that was done
	late   atomic.Int64 // of that, what nobody waited for any more
	full   atomic.Int64 // refused because the queue was full
	inside atomic.Int64 // waiting or being done
	spent  atomic.Int64 // nanoseconds of workers
}

// job is a request at the app server.
type job struct {
	due  time.Time // zero: not known
	came time.Time
	done chan<- struct{} // has room
}

// newWorkers has workers that do nothing before run.
func newWorkers(s service, sleep func(time.Time)) *workers {
	return &workers{service: s, sleep: sleep, waiting: make(chan job, s.Queue)}
}

// run works until waiting is closed. What is still there when ctx is canceled
// is not done any more.
func (w *workers) run(ctx context.Context) {
	var wg sync.WaitGroup
	for i := range w.Workers {
		wg.Go(func() { w.work(ctx, seeded(uint64(i))) }) // ends when waiting is closed
	}
	wg.Wait()
}

// work is one worker. It begins with a job when that came or when the one
// before should have ended, not when the operating system woke it up: otherwise
// each job would take a bit longer, and capacity would not be what it says.
func (w *workers) work(ctx context.Context, dice *rand.Rand) {
	var free time.Time
	for j := range w.waiting {
		begin := free
		if begin.Before(j.came) {
			begin = j.came
		}
		takes := w.time(dice)
		free = begin.Add(takes)
		if ctx.Err() == nil {
			w.sleep(free)
		}
		w.spent.Add(int64(takes))
		w.served.Add(1)
		if !j.due.IsZero() && free.Sub(j.due) > patience {
			w.late.Add(1)
		}
		w.inside.Add(-1)
		j.done <- struct{}{}
	}
}

// admit puts a job into the queue, unless that is full.
func (w *workers) admit(j job) bool {
	w.inside.Add(1)
	select {
	case w.waiting <- j:
		return true
	default:
		w.inside.Add(-1)
		w.full.Add(1)
		return false
	}
}

// workTally is what workers have done so far.
type workTally struct {
	Served, Late, Full, Inside int64
	Spent                      time.Duration
}

// tally reads the counts.
func (w *workers) tally() workTally {
	return workTally{
		Served: w.served.Load(),
		Late:   w.late.Load(),
		Full:   w.full.Load(),
		Inside: w.inside.Load(),
		Spent:  time.Duration(w.spent.Load()),
	}
}
