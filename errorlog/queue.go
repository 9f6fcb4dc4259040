package errorlog

import (
	"bytes"
	"sync"
	"sync/atomic"
)

// maxQueue bounds the lines that wait while one write is under way, in bytes.
const maxQueue = 1 << 20

// mode is what becomes of a line.
type mode int

const (
	modeDirect mode = iota // written at once
	modeQueued             // left to Run
	modeLost               // dropped: the last write does not come back
)

// queue is what lines wait in for Run.
type queue struct {
	wake   chan struct{}
	reopen atomic.Bool // asked for and not yet done

	mu    sync.Mutex
	mode  mode
	lines []byte // whole ones
	count Stats
	sink  sink // while mode is modeQueued, Run's alone
}

func newQueue(s sink) *queue { return &queue{wake: make(chan struct{}, 1), sink: s} }

// Write takes a line. It waits for I/O only when Run does not run, and returns
// no error: nobody could be told of it.
func (q *queue) Write(line []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.mode == modeDirect:
		q.settle(q.sink.write(line))
	case q.mode == modeLost || len(q.lines)+len(line) > maxQueue:
		q.count.Dropped++
	default:
		q.lines = append(q.lines, line...)
		q.signal()
	}
	return len(line), nil
}

// settle adds o to the counts. The caller holds mu.
func (q *queue) settle(o outcome) {
	q.count.Written += o.written
	q.count.Dropped += o.dropped
	q.count.Failure = o.err
}

// signal wakes Run, unless it is about to wake already.
func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) reopens() {
	q.reopen.Store(true)
	q.signal()
}

// open opens the sink. Run has not begun.
func (q *queue) open(ownStderr bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.sink.open(ownStderr)
}

// close closes the sink, unless Run is still to do so.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.mode == modeDirect {
		q.sink.close()
	}
}

func (q *queue) stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count
}

// begin leaves lines to Run.
func (q *queue) begin() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mode = modeQueued
}

// flush reopens the sink if asked to, and writes what waits. Only Run's
// goroutine calls it.
func (q *queue) flush() {
	if q.reopen.Swap(false) {
		o := q.sink.reopen()
		q.mu.Lock()
		q.settle(o)
		q.mu.Unlock()
	}
	q.mu.Lock()
	batch := q.lines
	q.lines = nil
	q.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	o := q.sink.write(batch)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settle(o)
}

// end writes what waits and closes the sink. Lines that come later go to
// stderr.
func (q *queue) end() {
	for !q.ended() {
		q.flush()
	}
}

// ended closes the sink if nothing waits for it any more. The lock is not held
// while anything is written, or a sink that is stuck could not be abandoned.
func (q *queue) ended() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.lines) > 0 {
		return false
	}
	if q.mode == modeQueued {
		q.mode = modeDirect
	}
	q.sink.close()
	return true
}

// abandon drops the lines that wait, and all that come: the sink is stuck.
func (q *queue) abandon() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mode = modeLost
	q.count.Dropped += countLines(q.lines)
	q.lines = nil
}

func countLines(p []byte) uint64 { return uint64(bytes.Count(p, []byte{'\n'})) }
