package policy

import "time"

// Rules are what the owner of a Route has decided.
type Rules struct {
	// TTL is the freshness lifetime of responses that say nothing of their
	// own, counted from their arrival, where RFC 9111 section 4.2.2 would let
	// a cache guess: of a status that is cacheable by default, or public. With
	// 0 it is guessed: a tenth of the time since Last-Modified, at most a day.
	TTL time.Duration
	// LastGood asks Judge about a last good copy, which is used only when an
	// upstream is down, and not about a read cache.
	LastGood bool
}

// maxGuess bounds heuristic freshness, and MaxStale how stale a response may
// be that is served because its upstream fails, where the response itself
// names no time.
const (
	maxGuess = 24 * time.Hour
	MaxStale = 24 * time.Hour
)

// guessShare is the share of the time since the last modification that a
// response is guessed to be fresh for: "A typical setting of this fraction
// might be 10%" (RFC 9111 section 4.2.2).
const guessShare = 10
