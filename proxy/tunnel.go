package proxy

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"sluice/message"
)

// failureSilence ends a tunnel in which nothing has been said for too long.
var failureSilence = &message.Failure{Party: message.PartyUpstream, Phase: message.PhaseBody,
	Cause: message.CauseConnectionReadTimeout, Err: errors.New("neither side of the tunnel has sent anything for stream_timeout")}

// tunnel relays bytes both ways after a 101 until both sides have ended, one
// fails, or neither has said anything for the stream timeout. An end of one
// direction is passed on and the other goes on (half-close).
func (x *Exchange) tunnel(resp *message.Response) {
	x.w.Watch(nil) // a client that ends its direction is not gone
	t := &tunnel{x: x, upstream: x.conn.Tunnel(), silence: x.gen.StreamTimeout}
	resp.Body = nil
	if err := x.w.Start(resp); err != nil {
		x.failure = clientFailure(err)
	} else if err := x.w.Flush(); err != nil {
		x.failure = clientFailure(err)
	} else {
		t.client = x.w.Tunnel(t.silence)
		x.failure = t.run()
	}
	if x.failure != nil {
		x.w.Abort(x.failure)
	}
	x.up.Discard(x.conn)
	x.conn = nil
}

// tunnel is a two-way copy. The Exchange's goroutine carries what the
// upstream sends, one of its own what the client sends.
type tunnel struct {
	x        *Exchange
	client   message.RequestBody
	upstream message.Body
	silence  time.Duration
	last     atomic.Int64 // when a byte came last, Unix ns

	// failure is the first one: ending the other direction makes that fail too.
	failure atomic.Pointer[message.Failure]
}

// run returns when both directions have ended.
func (t *tunnel) run() *message.Failure {
	t.last.Store(time.Now().UnixNano())
	up := make(chan *mishap, 1)
	go func() {
		panicked := caught(func() { t.failed(t.carryUp()) })
		if panicked != nil || t.failure.Load() != nil {
			t.x.conn.Cancel()
		}
		up <- panicked
	}()
	if t.failed(t.carryDown()) {
		t.client.Stop()
		t.x.conn.Cut()
	}
	(<-up).pass()
	return t.failure.Load()
}

// failed notes how a direction has ended and reports whether that is a
// failure.
func (t *tunnel) failed(f *message.Failure) bool {
	if f == nil {
		return false
	}
	t.failure.CompareAndSwap(nil, f)
	return true
}

// carryDown copies from the upstream to the client.
func (t *tunnel) carryDown() *message.Failure {
	for {
		p, err := t.next(t.upstream)
		if err == io.EOF {
			return t.x.done(t.x.w.Finish(nil))
		}
		if err != nil {
			return clientFailure(err)
		}
		if err := t.x.w.Write(p); err != nil {
			return clientFailure(err)
		}
		if !t.upstream.Ready() {
			if err := t.x.w.Flush(); err != nil {
				return clientFailure(err)
			}
		}
	}
}

// carryUp copies from the client to the upstream.
func (t *tunnel) carryUp() *message.Failure {
	for {
		p, err := t.next(t.client)
		if err == io.EOF {
			t.x.conn.CloseWrite()
			return nil
		}
		if err != nil {
			return clientFailure(err)
		}
		f := t.x.conn.SendBody(p)
		if f == nil {
			f = t.x.conn.Flush()
		}
		if f != nil {
			return f
		}
	}
}

// next reads from one side. Silence there is a failure only when the other
// side was silent too.
func (t *tunnel) next(b message.Body) ([]byte, error) {
	for {
		p, err := b.Next()
		now := time.Now()
		if !isTimeout(err) {
			t.last.Store(now.UnixNano())
			return p, err
		}
		if now.Sub(time.Unix(0, t.last.Load())) >= t.silence {
			return nil, failureSilence
		}
	}
}
