package accesslog

import (
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"go.uber.org/zap/zapcore"
)

const (
	// bufferSize bounds the lines that wait while one write is under way: at
	// 5,000 requests a second a disk may stall for a second and a half. What
	// is never filled is never touched, and costs no memory.
	bufferSize = 4 << 20
	// flushSize is how much may wait before the next tick of the clock. 64 KiB
	// stay in a core's second-level cache from Log to write; four times as much
	// is no faster in BenchmarkFile.
	flushSize = 64 << 10
)

// Log takes Entries from any goroutine, and Run writes them.
type Log struct {
	// Notify, if set before Run, is told by Run when the sink begins to fail
	// (once, however many writes fail) or couldn't be reopened (ErrNotReopened,
	// once), and when all is as it should be again (nil).
	Notify func(error)
	// Deleted, if set before Run, is told by Run that the sink was found deleted
	// and is reopened. That it couldn't be is Notify's to tell.
	Deleted func()

	// Fixed after New.
	encoder zapcore.Encoder
	lines   sync.Pool // of *line
	wake    chan struct{}
	seed    maphash.Seed // of what is sampled

	sampler    atomic.Pointer[sampler] // nil: all lines are written
	sampledOut atomic.Uint64

	reopen atomic.Bool // asked for and not yet done

	mu     sync.Mutex
	active []byte // whole lines; its capacity is never exceeded
	ended  bool   // nobody will write active any more
	stats  Stats

	// Owned by Run.
	writer writer
	spare  []byte
}

// Stats is what has become of the lines so far. Those that are in none of the
// counts wait in the buffer.
type Stats struct {
	Written uint64 // lines
	Dropped uint64 // lines: buffer full, write failed, or logged after Run's end
	Bytes   uint64 // that the sink took

	SampledOut uint64 // lines that by the rules were not to be written

	// Failure is why the last write failed, nil when it didn't.
	Failure error
	// NotReopened is why lines go to what the sink's name led to before, nil
	// when they don't.
	NotReopened error
}

// ErrNotReopened is what Notify is told of a sink that couldn't be reopened: it
// takes lines still, but not where they belong.
var ErrNotReopened = errors.New("access log: reopen")

// New returns a Log that writes to sink once Run runs. Until then, lines wait.
func New(sink Sink) *Log {
	return &Log{
		encoder: newEncoder(),
		lines:   sync.Pool{New: func() any { return newLine() }},
		wake:    make(chan struct{}, 1),
		seed:    maphash.MakeSeed(),
		active:  make([]byte, 0, bufferSize),
		writer:  writer{sink: sink},
		spare:   make([]byte, 0, bufferSize),
	}
}

// Log takes e to be written, if it is among the samples, which it notes in e. It
// waits for no I/O and keeps nothing of e.
func (l *Log) Log(e *Entry) {
	if l.leavesOut(e) {
		return
	}
	s := l.lines.Get().(*line)
	if l.add(s.encode(l.encoder, e)) {
		l.signal()
	}
	if cap(s.plain.buf) <= maxKeptLine {
		l.lines.Put(s)
	}
}

// add appends line to the active buffer, or drops it when there is no room. It
// reports whether enough waits, by this line, to be written at once. (No defer:
// the lock is the one thing that all cores share here.)
func (l *Log) add(line []byte) bool {
	l.mu.Lock()
	before := len(l.active)
	after := before + len(line)
	if after > cap(l.active) || l.ended {
		l.stats.Dropped++
		l.mu.Unlock()
		return false
	}
	l.active = append(l.active, line...)
	l.mu.Unlock()
	return before < flushSize && after >= flushSize
}

// signal wakes Run, unless it is about to wake already.
func (l *Log) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Reopen makes Run reopen the sink before its next write, which comes at once.
func (l *Log) Reopen() {
	l.reopen.Store(true)
	l.signal()
}

// Stats reports the counts and the state of the sink.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.stats
	n.SampledOut = l.sampledOut.Load()
	return n
}
