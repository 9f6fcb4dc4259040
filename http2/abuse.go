package http2

import (
	"time"

	"sluice/message"
)

// Abuse bounds what one connection may do that costs us something and brings
// nobody anything. All are budgets that fill up again with time, so that a
// browser that takes back a page of images is within them and an attack is
// not.
type Abuse struct {
	// Resets is how many streams a minute a client may take back, or open
	// beyond MaxStreams: rapid reset, CVE-2023-44487.
	Resets int
	// Errors is how many stream errors a minute it may provoke, after which
	// we, not it, have reset the stream: MadeYouReset, CVE-2025-8671.
	Errors int
	// ControlFrames is how many frames it may send that carry neither a
	// request nor data: SETTINGS, PING, PRIORITY, WINDOW_UPDATE, RST_STREAM of
	// ended streams, empty DATA, unknown ones. Requests and data give some
	// back; the rest comes back within ten seconds.
	ControlFrames int
	// Continuations is how many CONTINUATION frames one field section may
	// have.
	Continuations int
	// MinProgress is how many bytes of a response a client must let through
	// within BodyTimeout when it keeps the flow-control window nearly shut.
	MinProgress int
}

// headBombFactor is how far past Limits.Head a field section may go before it
// is taken for an attack. Up to there the client is told 431.
const headBombFactor = 4

// controlRefill is in what time the budget of control frames fills up.
const controlRefill = 10 * time.Second

// Credits of frames that bring something. A client that answers each of our
// DATA frames with two WINDOW_UPDATEs (some do) stays even.
const (
	creditRequest = 4
	creditData    = 3
	creditEach    = 1 << 10 // and one more for so many bytes
	mostCredit    = 1 << 20

	// leastData is how much a DATA frame of ours must carry to give credit,
	// unless it was all that there was: with a window of a few bytes a client
	// could have us send frames by the million. What a good client's window
	// is broken into now and then, the large frames beside it pay for.
	leastData = 256
)

// guard holds the budgets of one connection. The reader owns it.
type guard struct{ resets, errors, frames budget }

func newGuard(a Abuse, now time.Time) guard {
	return guard{
		resets: newBudget(a.Resets, time.Minute, now),
		errors: newBudget(a.Errors, time.Minute, now),
		frames: newBudget(a.ControlFrames, controlRefill, now),
	}
}

// shrink leaves a connection the part of its budgets that those have whose
// address was abusive.
func (g *guard) shrink() {
	for _, b := range []*budget{&g.resets, &g.errors, &g.frames} {
		b.left = max(b.left/offenderShare, 1)
		b.most = b.left
		b.each *= offenderShare
	}
}

// budget is a token bucket that counts in whole tokens. (x/time/rate takes a
// lock and the time for each token; this is one connection's, on one
// goroutine.)
type budget struct {
	left, most int
	each       time.Duration // until one token comes back
	since      time.Time     // when left was last filled up
}

func newBudget(most int, whole time.Duration, now time.Time) budget {
	most = max(most, 1)
	return budget{left: most, most: most, each: whole / time.Duration(most), since: now}
}

// take takes one token and reports whether there was one. The clock is asked
// only when none is left.
func (b *budget) take() bool {
	if b.left == 0 {
		b.refill(time.Now())
		if b.left == 0 {
			return false
		}
	}
	b.left--
	return true
}

func (b *budget) refill(now time.Time) {
	n := now.Sub(b.since) / max(b.each, 1)
	if n <= 0 {
		return
	}
	b.left = min(b.most, b.left+int(min(n, time.Duration(b.most))))
	b.since = now
}

// give gives n tokens back.
func (b *budget) give(n int) { b.left = min(b.most, b.left+n) }

// abuse is what a connection is ended for.
func abuse(cause message.Cause, why *violation) *ending {
	return &ending{violation: why, failure: &message.Failure{
		Party: message.PartyClient, Phase: message.PhaseHead, Cause: cause, Err: why}}
}

// The endings by abuse, made once.
var (
	endingResets = abuse(message.CauseAbuseResets, &violation{code: codeCalm,
		words: "the client opens streams and takes them back, over and over"})
	endingErrors = abuse(message.CauseAbuseErrors, &violation{code: codeCalm,
		words: "the client provokes stream errors, over and over"})
	endingFrames = abuse(message.CauseAbuseFrames, &violation{code: codeCalm,
		words: "the client sends frames that bring nothing, over and over"})
	endingHead = abuse(message.CauseAbuseHead, &violation{code: codeCalm,
		words: "a field section is far larger than the limit, or in too many pieces"})
)
