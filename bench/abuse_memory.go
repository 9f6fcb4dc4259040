package main

import (
	"context"
	"time"
)

// memoryEach is how often resident memory is read under an attack.
const memoryEach = 50 * time.Millisecond

// memoryWatch reads the resident memory of processes over and over and keeps
// the most.
type memoryWatch struct {
	members map[int]stat
	peak    int64 // fixed when done is closed
	err     error // likewise
	cancel  context.CancelFunc
	done    chan struct{}
}

// watchMemory starts to watch the processes that a group has now. The caller
// must stop it.
func watchMemory(ctx context.Context, group int) (*memoryWatch, error) {
	members, err := groupMembers(group)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &memoryWatch{members: members, cancel: cancel, done: make(chan struct{})}
	go w.run(ctx) // ends when canceled, awaited by stop
	return w, nil
}

// stop ends the watch and returns the most that was read.
func (w *memoryWatch) stop() (int64, error) {
	w.cancel()
	<-w.done
	return w.peak, w.err
}

// run reads at once, then on each tick, and a last time at the end.
func (w *memoryWatch) run(ctx context.Context) {
	defer close(w.done)
	ticker := time.NewTicker(memoryEach)
	defer ticker.Stop()
	for ended := false; ; {
		now, err := residentMemory(w.members)
		if err != nil {
			w.err = err
			return
		}
		if w.peak = max(w.peak, now); ended {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			ended = true
		}
	}
}
