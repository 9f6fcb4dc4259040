package main

import (
	"net/http"
	"time"
)

// patience is how long somebody waits for an answer from the moment when the
// request was due; then they hang up.
const patience = time.Second

// mostRetries is how often a client that retries does so.
const mostRetries = 3

// visit is one request of the schedule, its retries included, and what became
// of it.
type visit struct {
	due      time.Duration // from the start of its phase
	took     time.Duration // from due until the end; patience, if it gave up
	late     time.Duration // by which the generator itself missed due
	attempts int
	outcome  outcome
}

// outcome is what became of a visit.
type outcome int

const (
	unsent    outcome = iota // the run was interrupted
	good                     // the right answer in time
	limited                  // 429
	shed                     // 503
	broken                   // another status, a wrong body, a broken connection
	gaveUp                   // the client's patience was over
	crowdedUp                // there was no connection left to ask on
	outcomes                 // how many there are
)

// outcomeOf is what an answer means to who asked for the small body.
func outcomeOf(status int, length int64) outcome {
	switch {
	case status == http.StatusOK && length == smallSize:
		return good
	case status == http.StatusTooManyRequests:
		return limited
	case status == http.StatusServiceUnavailable:
		return shed
	default:
		return broken
	}
}

// refused reports whether a proxy said no.
func (o outcome) refused() bool { return o == limited || o == shed }

// admitted reports whether a visit was neither refused nor turned away by the
// generator. Who gave up was admitted: nobody told them not to wait.
func (v visit) admitted() bool {
	return v.outcome == good || v.outcome == gaveUp || v.outcome == broken
}
