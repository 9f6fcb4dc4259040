package proxy

import (
	"errors"
	"fmt"
	"os"
	"time"

	"sluice/http1"
	"sluice/message"
	"sluice/upstream"
)

// failureNotChanged is an answer that a client's extended CONNECT could take
// for a tunnel although the Upstream has not changed the protocol.
var failureNotChanged = &message.Failure{Party: message.PartyUpstream, Phase: message.PhaseWait,
	Cause: message.CauseUpgradeFailed, Err: errors.New("the upstream answered a WebSocket handshake without changing the protocol")}

// attempt tries the Exchange on one Upstream: dial or reuse, send, wait for
// the head. It returns the head of the final response, or why there is none.
// Either way leave or relay comes next.
func (x *Exchange) attempt(up *upstream.Upstream) (*message.Response, *message.Failure) {
	began := time.Now()
	if x.attempts == 0 {
		x.firstTry = began
	}
	x.attempts++
	x.tried = x.tried.With(up)
	x.up, x.addr, x.began = up, up.Address, began
	x.failsOpen = x.route.Pool.FailsOpen()
	conn, f := x.connection(up)
	if f != nil {
		return nil, f
	}
	sent := began
	if !x.reused {
		sent = time.Now()
	}
	x.connect = sent.Sub(began)
	x.conn = conn
	pool := x.route.Pool
	conn.Begin(x.r.Method, http1.Silence{
		Counted: pool.ResponseTimeout, Open: x.gen.StreamTimeout, Write: x.gen.BodyTimeout})
	x.w.Watch(conn)
	if f := x.send(); f != nil {
		return x.despite(f)
	}
	return x.await(sent.Add(pool.ResponseTimeout))
}

// lastWords is how long an Upstream that takes no more of a request may need
// for the answer that it began before.
const lastWords = time.Second

// despite returns what the Upstream said before the sending failed with f, or
// why there is no response. One that closes its connection, or resets the
// stream, in the middle of a body may have answered just before: an early 413
// (RFC 9112 section 9.5), or gRPC's trailers only (RFC 9113 section 8.1: a
// response and then RST_STREAM with NO_ERROR, "clients MUST NOT discard
// responses as a result of receiving such a RST_STREAM").
func (x *Exchange) despite(f *message.Failure) (*message.Response, *message.Failure) {
	if decides(f) || f.Again == message.AgainAlways {
		return nil, f // nobody can have answered what was not sent
	}
	resp, why := x.await(time.Now().Add(lastWords))
	if why != nil && isTimeout(why.Err) {
		return nil, f
	}
	return resp, why
}

// connection returns a connection to the Upstream, reused or new.
func (x *Exchange) connection(up *upstream.Upstream) (conn upstream.Conn, f *message.Failure) {
	x.reused = false
	if x.fresh {
		x.fresh = false
		return up.GetFresh()
	}
	conn, x.reused, f = up.Get()
	return conn, f
}

// send sends the request: the head, what was kept of the body by an earlier
// Attempt, and what is there of the rest, up to keepBytes: an Upstream may have
// answered long before a fast client is through. If that is not all, a pump
// goes on with it.
func (x *Exchange) send() *message.Failure {
	x.conn.SendHead(x.r)
	if x.r.Body == nil {
		return x.conn.FinishSending(nil)
	}
	if f := x.conn.SendBody(x.kept.bytes()); f != nil {
		return f
	}
	if x.kept.ended {
		return x.conn.FinishSending(x.r.Body.Trailers())
	}
	for x.r.Body.Ready() && x.kept.whole() {
		if done, f := x.sendPiece(); done || f != nil {
			return f
		}
	}
	if f := x.conn.Flush(); f != nil {
		return f
	}
	x.pump.start(x, x.conn, x.r.Body)
	return nil
}

// sendPiece passes on one piece of the request body; done after the last.
func (x *Exchange) sendPiece() (done bool, f *message.Failure) {
	p, err := x.r.Body.Next()
	if err != nil {
		if err = x.kept.end(err); err == nil {
			return true, x.conn.FinishSending(x.r.Body.Trailers())
		}
		return true, clientFailure(err)
	}
	x.kept.add(p)
	return false, x.conn.SendBody(p)
}

// await waits for the final response head and passes interim ones on. While
// the body is still being sent the upstream need not answer: the response
// timeout counts from its end.
func (x *Exchange) await(deadline time.Time) (*message.Response, *message.Failure) {
	for {
		resp, f := x.conn.ReadHead(deadline)
		if f != nil {
			if later, ok := x.pump.extends(deadline, x.route.Pool.ResponseTimeout, f); ok {
				deadline = later
				continue
			}
			return nil, x.pump.blame(f)
		}
		switch {
		case x.r.Connect && resp.Status >= 200 && resp.Status < 300:
			return nil, failureNotChanged
		case resp.Status == 101 || resp.Status >= 200:
			x.judge(resp)
			return resp, nil
		}
		if err := x.w.Inform(resp); err != nil {
			return nil, clientFailure(err)
		}
	}
}

// leave ends an Attempt whose connection is of no more use, because of f or
// because its response is not wanted.
func (x *Exchange) leave(f *message.Failure) {
	if x.conn == nil {
		return
	}
	x.w.Watch(nil)
	x.pump.stop()
	if f != nil && !x.foundDead(f) { // that an idle connection was closed proves nothing
		x.up.Failed(x.began, f)
		x.attemptFailed()
	}
	x.up.Discard(x.conn)
	x.conn = nil
}

// judge tells the Upstream, and the Pool's Admission, what a response head speaks
// for.
func (x *Exchange) judge(resp *message.Response) {
	now, status := time.Now(), resp.Status
	x.firstByte = now.Sub(x.firstTry)
	x.headCame(status, resp.Fields, now)
	if x.route.Pool.FailOn(status) {
		x.up.Failed(x.began, statusFailure(x.addr, status))
		return
	}
	x.up.Succeeded(x.began, now)
}

// statusFailure says of an Upstream that it answers with a status that stands
// for a failure.
func statusFailure(where string, status int) *message.Failure {
	return &message.Failure{Party: message.PartyUpstream, Phase: message.PhaseWait,
		Cause: message.CauseDestinationUnavailable, Where: where, Err: fmt.Errorf("status %d", status)}
}

// clientFailure returns what a wire said about the client.
func clientFailure(err error) *message.Failure {
	var f *message.Failure
	if errors.As(err, &f) {
		return f
	}
	return &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody,
		Cause: message.CauseClientGone, Err: err}
}

// isTimeout reports that an error is a deadline's.
func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
