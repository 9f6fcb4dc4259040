package accesslog

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// flushEvery is how long a line waits at most while the sink works.
	flushEvery = time.Second
	// endWithin bounds how long Run waits, once told to end, for a sink that
	// is stuck.
	endWithin = 2 * time.Second
)

// ErrStuck is what Run returns when a write didn't come back in time at the
// end.
var ErrStuck = errors.New("access log: the sink is stuck, lines are lost")

// Run writes lines until ctx is done, then those that are left, and closes the
// sink. Writes that fail are Notify's to tell and end nothing. Run returns within two seconds of that even if the sink is stuck: the
// goroutine that waits in the write is then left behind, as no file can be made
// to give it up.
func (l *Log) Run(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- l.own(ctx) }()
	<-ctx.Done()
	timer := time.NewTimer(endWithin)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		l.abandon()
		return ErrStuck
	}
}

// own is the one goroutine that touches the sink.
func (l *Log) own(ctx context.Context) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return l.end()
		case <-tick.C:
			if l.Stats().NotReopened != nil || l.writer.sink.Gone() {
				l.reopen.Store(true) // until it can be
			}
		case <-l.wake:
			if failing && !l.reopen.Load() {
				continue // a sink that fails is tried once a second
			}
		}
		failing = l.flush() != nil
	}
}

// flush reopens the sink if asked to, and writes what waits. It returns why the
// sink fails, nil if it doesn't.
func (l *Log) flush() error {
	if l.reopen.Swap(false) {
		l.reopenSink()
	}
	l.mu.Lock()
	batch, before := l.active, l.stats.Failure
	if len(batch) == 0 && len(l.writer.torn) == 0 {
		l.mu.Unlock()
		return before
	}
	l.active = l.spare
	l.mu.Unlock()

	o := l.writer.write(batch)
	l.spare = batch[:0]
	l.settle(o, o.err)
	if (o.err == nil) != (before == nil) {
		l.notify(o.err)
	}
	return o.err
}

// reopenSink reopens the sink. That it couldn't is no failure of writing: the
// old file still takes lines. It is tried again with each tick, or the old file
// would be compressed and removed in time, with all that came after.
func (l *Log) reopenSink() {
	before, gone := l.Stats(), l.writer.sink.Gone()
	o := l.writer.reopen()
	l.settle(o, before.Failure)
	l.mu.Lock()
	l.stats.NotReopened = o.err
	l.mu.Unlock()
	switch {
	case o.err != nil && before.NotReopened == nil:
		l.notify(fmt.Errorf("%w: %w", ErrNotReopened, o.err))
	case o.err == nil && before.NotReopened != nil && before.Failure == nil:
		l.notify(nil)
	case o.err == nil && before.NotReopened == nil && gone && l.Deleted != nil:
		l.Deleted()
	}
}

// settle adds o to the counts.
func (l *Log) settle(o outcome, failure error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.Written += o.written
	l.stats.Dropped += o.dropped
	l.stats.Bytes += o.bytes
	l.stats.Failure = failure
}

func (l *Log) notify(err error) {
	if l.Notify != nil {
		l.Notify(err)
	}
}

// end writes what is left and closes the sink. Lines logged from here on, and
// the rest of a torn one, are dropped.
func (l *Log) end() error {
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	if err := l.flush(); len(l.writer.torn) > 0 {
		l.settle(outcome{dropped: 1}, err)
	}
	return l.writer.sink.Close()
}

// abandon counts the lines that wait as dropped.
func (l *Log) abandon() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.stats.Dropped += countLines(l.active)
	l.active = l.active[:0]
}
