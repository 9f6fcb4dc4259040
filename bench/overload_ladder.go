package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"syscall"
	"time"
)

const (
	unloadedAt   = 0.5 // of capacity: the load before and after each overload
	judgedAt     = 10.0
	otherLoads   = 3                // how many times longer the judged load lasts than the others
	leastQuiet   = 10 * time.Second // of unloaded load, for a p99 that stands still
	recoveryPart = 2 * time.Second  // more than patience: the part before is over then
	recoveryMost = 40 * time.Second
)

// overloads are the loads by capacity, after the unloaded one.
func overloads() []float64 { return []float64{1, 2, 5, judgedAt, 20} }

// ladder is one climb from unloaded to the highest load.
type ladder struct {
	*measurement
	generator *generator
	capacity  float64
	next      time.Time // when the next phase begins
	unloaded  time.Duration
}

// climb measures a proxy under each load, one after the other, as they would
// come in its life: it is not started anew in between. After each overload the
// load drops until all is well again.
func climb(retrying bool) measure {
	return func(ctx context.Context, m *measurement) (sample, error) {
		if err := enoughDescriptors(); err != nil {
			return sample{}, err
		}
		runtime.GOMAXPROCS(2*runtime.NumCPU() + 2) // one sleeps in a system call, and must not keep the others waiting
		defer runtime.SetDefaultGOMAXPROCS()
		if err := m.awaitRest(ctx); err != nil {
			return sample{}, err
		}
		l := &ladder{measurement: m, capacity: appServer().capacity(), generator: newGenerator(m.setup.HTTP, m.clients, retrying)}
		defer l.generator.close()
		steps, err := l.steps(ctx)
		if err != nil {
			return sample{}, err
		}
		s := &overloadSample{steps: steps}
		return sample{value: 100 * s.at(judgedAt).goodput, overload: s}, nil
	}
}

// enoughDescriptors makes sure that not descriptors decide who is served.
func enoughDescriptors() error {
	const want = 2*mostCallers + 1000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("descriptor limit: %w", err)
	}
	if limit.Max < want {
		return fmt.Errorf("%d descriptors are needed, the limit is %d: raise it (ulimit -Hn)", want, limit.Max)
	}
	return nil
}

// steps measures all loads, the unloaded one first.
func (l *ladder) steps(ctx context.Context) ([]strain, error) {
	l.next = time.Now()
	if err := l.warm(ctx); err != nil {
		return nil, err
	}
	others := max(l.overload/otherLoads, time.Second)
	first, err := l.phase(ctx, unloadedAt, max(others, leastQuiet))
	if err != nil {
		return nil, err
	}
	l.unloaded = first.admitted.p99
	steps := []strain{first}
	for _, load := range overloads() {
		length := others
		if load == judgedAt {
			length = l.overload
		}
		s, err := l.phase(ctx, load, length)
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	return steps, nil
}

// warm offers load that is not counted, but must be answered.
func (l *ladder) warm(ctx context.Context) error {
	o := l.offer(ctx, unloadedAt, 2*warmUp)
	l.count(o.wait())
	s := newStrain(unloadedAt, l.capacity, o)
	if ctx.Err() == nil && s.share(good) < 0.5 {
		return fmt.Errorf("%.0f %% good answers at half of capacity: %v", 100*s.share(good), s.ends)
	}
	return ctx.Err()
}

// offer makes a phase that begins where the last one ended.
func (l *ladder) offer(ctx context.Context, load float64, length time.Duration) *offered {
	o := l.generator.offer(ctx, load*l.capacity, l.next, length)
	l.next = l.next.Add(length)
	return o
}

// count adds up what was asked of the proxy.
func (l *ladder) count(visits []visit) {
	for _, v := range visits {
		l.requests += int64(v.attempts)
	}
}

// phase measures one load and, above the unloaded one, the recovery from it.
func (l *ladder) phase(ctx context.Context, load float64, length time.Duration) (strain, error) {
	before := l.read(ctx)
	if now := time.Now(); l.next.Before(now) {
		l.next = now
	}
	o := l.offer(ctx, load, length)
	reading := make(chan reading, 1)
	go func() { reading <- l.read(ctx) }() // ends within probeTimeout, awaited below; meanwhile the load must not pause
	normal := math.NaN()
	if load > unloadedAt {
		normal = l.recover(ctx)
	}
	after := <-reading
	l.count(o.wait())
	if err := errors.Join(before.err, after.err); err != nil {
		return strain{}, err
	}
	s := newStrain(load, l.capacity, o)
	s.normal = normal
	took := after.at.Sub(before.at).Seconds()
	s.busy = (after.cpu - before.cpu).Seconds() / took / float64(len(l.setup.Cores))
	// Work in progress is counted when it is done, so this could pass 100 %.
	s.working = min(1, (after.work.Spent-before.work.Spent).Seconds()/took/float64(appServer().Workers))
	if served := after.work.Served - before.work.Served; served > 0 {
		s.wasted = float64(after.work.Late-before.work.Late) / float64(served)
	}
	l.say("    %4gx  goodput %3.0f %%, p99 %4.0f ms, refused %3.0f %%, normal after %s s",
		load, 100*s.goodput, s.admitted.p99.Seconds()*1000, 100*s.share(limited, shed), figure(normal))
	return s, ctx.Err()
}

// reading is what proxy and app server had done at a moment.
type reading struct {
	at   time.Time
	cpu  time.Duration
	work workTally
	err  error
}

// read takes a reading.
func (l *ladder) read(ctx context.Context) reading {
	r := reading{at: time.Now()}
	var cpuErr, workErr error
	r.cpu, cpuErr = groupCPU(l.group)
	r.work, workErr = l.appTally(ctx)
	r.err = errors.Join(cpuErr, workErr)
	return r
}

// recover drops the load to the unloaded one, without a pause, until all is
// well again, and returns how many seconds that took: infinitely many if it
// never was.
func (l *ladder) recover(ctx context.Context) float64 {
	var visits []visit // of the parts that are over
	var last *offered
	for end := time.Duration(0); end < recoveryMost && ctx.Err() == nil; end += recoveryPart {
		part := l.offer(ctx, unloadedAt, recoveryPart)
		for i := range part.visits {
			part.visits[i].due += end
		}
		if last != nil {
			visits = append(visits, last.wait()...)
			if after, ok := normalAgain(visits, l.unloaded, end); ok {
				l.count(append(visits, part.wait()...))
				return after.Seconds()
			}
		}
		last = part
	}
	if last != nil {
		visits = append(visits, last.wait()...)
	}
	l.count(visits)
	return math.Inf(1)
}
