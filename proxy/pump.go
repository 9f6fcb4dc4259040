package proxy

import (
	"sync/atomic"
	"time"

	"sluice/http1"
	"sluice/message"
)

// pump sends the rest of a request body to the Upstream on a goroutine of its
// own, while the Exchange's waits for the response. It is started by send and
// ends before leave or relay return.
type pump struct {
	done    chan struct{} // one token when the goroutine has ended; made once
	running bool          // the token has not been taken
	body    message.RequestBody
	conn    *http1.ClientConn

	failure  *message.Failure // why the body was not sent whole; read after done
	finished atomic.Int64     // when the whole request was out, Unix ns; 0 before
}

// start starts the goroutine.
func (p *pump) start(x *Exchange, conn *http1.ClientConn, body message.RequestBody) {
	p.running, p.body, p.conn, p.failure = true, body, conn, nil
	p.finished.Store(0)
	go p.run(x)
}

// run is the goroutine. When the client fails, waiting for a response makes
// no sense any more, so it ends that.
func (p *pump) run(x *Exchange) {
	p.failure = p.send(x)
	p.finished.Store(time.Now().UnixNano())
	if p.failure != nil && p.failure.Party == message.PartyClient {
		p.conn.Cancel()
	}
	p.done <- struct{}{}
}

func (p *pump) send(x *Exchange) *message.Failure {
	for {
		if done, f := x.sendPiece(); done || f != nil {
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
}

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

// blame returns the failure to report when waiting for the response failed
// with f: if the client broke off its request, that is the cause.
func (p *pump) blame(f *message.Failure) *message.Failure {
	p.stop()
	if p.failure != nil && p.failure.Party == message.PartyClient {
		return p.failure
	}
	return f
}
