package proxy

import (
	"errors"
	"sync/atomic"
	"time"

	"sluice/message"
	"sluice/upstream"
)

// pump sends the rest of a request body to the Upstream on a goroutine of its
// own, while the Exchange's waits for the response. It is started by send and
// ends before leave or relay return.
type pump struct {
	done    chan struct{} // one token when the goroutine has ended; made once
	running bool          // the token has not been taken
	body    message.RequestBody
	conn    upstream.Conn

	failure  *message.Failure // why the body was not sent whole; read after done
	panicked *mishap          // read after done
	finished atomic.Int64     // when the whole request was out, Unix ns; 0 before
}

// start starts the goroutine.
func (p *pump) start(x *Exchange, conn upstream.Conn, body message.RequestBody) {
	p.running, p.body, p.conn, p.failure = true, body, conn, nil
	p.finished.Store(0)
	go p.run(x)
}

// run is the goroutine. When it makes no sense to wait for a response any
// more, it ends that.
func (p *pump) run(x *Exchange) {
	p.panicked = caught(func() { p.failure = p.send(x) })
	p.finished.Store(time.Now().UnixNano())
	if p.panicked != nil || decides(p.failure) {
		p.conn.Cancel()
	}
	p.done <- struct{}{}
}

// decides reports that a failure to send the body is what the Exchange fails
// by: the client broke off, or the upstream takes nothing any more. If the
// upstream has closed its connection instead, there may be a response on the
// way that says why (an early 413), and the wait for it decides.
func decides(f *message.Failure) bool {
	return f != nil && (f.Party == message.PartyClient || f.Cause == message.CauseConnectionWriteTimeout)
}

func (p *pump) send(x *Exchange) *message.Failure {
	for {
		if done, f := x.sendPiece(); done || f != nil {
			if f != nil && errors.Is(f.Err, message.ErrStopped) {
				return nil // that was us, see stop: nobody has failed
			}
			return f
		}
		// What we have goes out before we wait for more.
		if !p.body.Ready() {
			if f := p.conn.Flush(); f != nil {
				return f
			}
		}
	}
}

// stop ends the goroutine, if there is one, and waits for it. Unless it had
// ended by itself the connection is cut.
func (p *pump) stop() {
	if !p.running {
		return
	}
	select {
	case <-p.done:
	default:
		p.body.Stop()
		p.conn.Cut()
		<-p.done
		p.body.Resume()
	}
	p.running = false
	p.panicked.pass()
}

// sending reports that the goroutine may still read the body, and so keep it.
// Afterwards the keeper is the Exchange's again, before stop too.
func (p *pump) sending() bool { return p.running && p.finished.Load() == 0 }

// extends returns a later deadline for the response head if the one that has
// passed counted from before the body was sent.
func (p *pump) extends(deadline time.Time, timeout time.Duration, f *message.Failure) (time.Time, bool) {
	if !p.running || !isTimeout(f.Err) {
		return deadline, false
	}
	if at := p.finished.Load(); at != 0 {
		later := time.Unix(0, at).Add(timeout)
		return later, later.After(deadline) && later.After(time.Now())
	}
	return time.Now().Add(timeout), true
}

// blame stops the pump and returns the failure to report when reading the
// response failed with f: what ended the sending may be the cause.
func (p *pump) blame(f *message.Failure) *message.Failure {
	if !p.running {
		return f
	}
	p.stop()
	if decides(p.failure) {
		return p.failure
	}
	return f
}

// forget lets go of what the Exchange used, so that nothing of it is found by
// the next one. The pump has been stopped.
func (p *pump) forget() { p.body, p.conn, p.failure = nil, nil, nil }
