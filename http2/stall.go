package http2

import (
	"errors"
	"time"

	"sluice/message"
)

// awaitTurn waits until the writer has taken what st has to send, or has
// left that to st, or until the client has let nothing through for too long.
// The caller holds mu, which is given up meanwhile.
func (c *conn) awaitTurn(st *stream) {
	o := &c.outbox
	timer := setTimer(st.out.timer, c.srv.BodyTimeout)
	st.out.timer = timer
	defer timer.Stop()
	for {
		c.mu.Unlock()
		late := false
		select {
		case <-st.written:
		case <-timer.C:
			late = true
		}
		c.mu.Lock()
		if st.failure != nil || st.turn.empty() || !o.writing && o.waiting > 0 {
			return
		}
		if late {
			again := c.judgeProgress(&st.turn, time.Now())
			if again == 0 {
				c.stalled(st)
				return
			}
			timer.Reset(again)
		}
	}
}

// judgeProgress decides on a client that may keep the window shut: 0 gives it
// up, else it is looked at again so much later. A window that opens by a byte
// now and then does not start the clock anew. While it is the connection that
// takes nothing, its own time-out counts.
func (c *conn) judgeProgress(t *turn, now time.Time) time.Duration {
	whole := c.srv.BodyTimeout
	if !t.blocked {
		t.since = time.Time{}
		return whole
	}
	if left := whole - now.Sub(t.since); left > 0 {
		return left
	}
	if t.taken-t.before <= int64(c.srv.Abuse.MinProgress) {
		return 0
	}
	t.since, t.before = now, t.taken
	return whole
}

// failureStalled is that of a response that the client does not let through.
var failureStalled = &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody, Cause: message.CauseClientSlow,
	Code: uint32(codeCancel), Err: errors.New("the client kept its flow-control window shut, or nearly, for body_timeout")}

// stalled gives up a response that the client does not let through. The caller
// holds mu.
func (c *conn) stalled(st *stream) {
	c.srv.counts.stalled.Add(1)
	c.kill(st, failureStalled)
	st.sendReset(codeCancel)
}
