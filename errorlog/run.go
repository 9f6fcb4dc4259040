package errorlog

import (
	"context"
	"errors"
	"time"
)

// endWithin bounds how long Run waits, once told to end, for a write that is
// stuck.
const endWithin = 2 * time.Second

// ErrStuck is what Run returns when a write didn't come back in time at the
// end.
var ErrStuck = errors.New("error log: a write is stuck, lines are lost")

// Run writes lines until ctx is done, then those that are left with what was
// held back, and closes the file. It returns within two seconds of that even
// if a write is stuck: the goroutine that waits in it is then left behind, as
// no file can be made to give it up.
func (l *Log) Run(ctx context.Context) error {
	l.queue.begin()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.own(ctx)
	}()
	<-ctx.Done()
	timer := time.NewTimer(endWithin)
	defer timer.Stop()
	select {
	case <-ended:
		return nil
	case <-timer.C:
		l.queue.abandon()
		return ErrStuck
	}
}

// own is the one goroutine that touches the sink.
func (l *Log) own(ctx context.Context) {
	timer := time.NewTimer(window)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			l.tell(l.gate.sum(time.Now(), true))
			l.queue.end()
			return
		case <-l.queue.wake:
		case <-timer.C:
		}
		l.tell(l.gate.sum(time.Now(), false))
		l.queue.flush()
		if at, open := l.gate.due(); open {
			timer.Reset(time.Until(at))
		}
	}
}
