package server

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"sluice/message"
)

// tell adds what happened, in sentences, and what to do about it.
func (f *FailureStatus) tell() {
	s := []string{fmt.Sprintf("At %s %s asked for %s %s%s.", f.Time.Local().Format("15:04:05"), f.Client, f.Method, f.Host, f.Path)}
	if f.Queue > 0 {
		s = append(s, fmt.Sprintf("It waited %s in the queue of the Pool %s.", spanOf(f.Queue), f.Pool))
	}
	for i := range f.Tries {
		s = append(s, f.Tries[i].sentence(i))
	}
	if f.Cause != "" && !f.toldByTries() {
		s = append(s, f.reason())
	}
	s = append(s, f.outcome())
	f.Sentences, f.Remedy = s, remedies[f.Cause]
	if f.Cause == "" && f.Status >= 500 {
		f.Remedy = remedyStatus
	}
}

// ordinals number the Attempts.
var ordinals = []string{"first", "second", "third", "fourth"}

func (t *TryStatus) sentence(i int) string {
	which := fmt.Sprintf("Attempt %d", i+1)
	if i < len(ordinals) {
		which = "The " + ordinals[i] + " Attempt"
	}
	where := ", on " + t.Upstream
	if t.Reused {
		where += " by a connection that had served before"
	}
	took := spanOf(t.Took)
	switch {
	case t.Cause == "" && t.Status > 0:
		return fmt.Sprintf("%s%s, was answered after %s with status %d.", which, where, took, t.Status)
	case t.Cause == "":
		return fmt.Sprintf("%s%s, took %s.", which, where, took)
	}
	return fmt.Sprintf("%s%s, failed after %s: %s.", which, where, took, because(t.Cause, t.Phase, shortly(t.Detail, t.Upstream)))
}

// shortly is what an error says without where it was, for who has said that.
func shortly(detail, where string) string {
	return strings.TrimPrefix(detail, "dial tcp "+where+": ")
}

// whyOut is what took an Upstream out, in words; empty if nothing did.
func whyOut(f *message.Failure) string {
	if f == nil {
		return ""
	}
	detail := ""
	if f.Err != nil {
		detail = shortly(f.Err.Error(), f.Where)
	}
	return cut(because(f.Cause.String(), f.Phase.String(), detail), maxEventText)
}

// phaseWords say when something happened that may happen at any time.
var phaseWords = map[string]string{
	"send":  " while the request was sent",
	"wait":  " while the answer was awaited",
	"queue": " while it waited for a place in the Pool",
	"body":  " in the middle of the answer",
}

// because is a cause in words, with what is known besides.
func because(cause, phase, detail string) string {
	words := causeWords[cause]
	if words == "" {
		words = cause
	}
	switch cause {
	case "connection_terminated", "client_gone":
		words += phaseWords[phase]
	}
	if detail = sentence(detail); detail != "" {
		words += " (" + detail + ")"
	}
	return words
}

// toldByTries reports whether the last Attempt has told why the Exchange failed.
func (f *FailureStatus) toldByTries() bool {
	n := len(f.Tries)
	return n > 0 && f.Tries[n-1].Cause == f.Cause
}

// reason is why it failed.
func (f *FailureStatus) reason() string {
	switch {
	case f.Cause == "rate_limited" || f.Cause == "too_many_at_once":
		return "It was refused: " + sentence(cmp.Or(f.Detail, causeWords[f.Cause])) + "." // which names the limit
	case f.Cause == "destination_unavailable" && len(f.Tries) > 0:
		return "No other Upstream was left to ask."
	case isRefusal(f.Cause):
		return "It was refused: " + causeWords[f.Cause] + "."
	case f.Cause == "client_gone":
		return "It failed: " + because(f.Cause, f.Phase, "") + "."
	}
	return "It failed: " + because(f.Cause, f.Phase, f.Detail) + "."
}

// outcome is what the client got.
func (f *FailureStatus) outcome() string {
	what := fmt.Sprintf("status %d", f.Status)
	switch f.Degraded {
	case "last_good":
		what = fmt.Sprintf("the last good copy, with status %d", f.Status)
		if f.Age >= 1 {
			what = fmt.Sprintf("the last good copy, %s old, with status %d", time.Duration(f.Age)*time.Second, f.Status)
		}
	case "page":
		what = fmt.Sprintf("the degraded page, with status %d", f.Status)
	case "json":
		what = fmt.Sprintf("the degraded answer as JSON, with status %d", f.Status)
	case "room":
		what = fmt.Sprintf("the waiting room, with status %d", f.Status)
	}
	switch {
	case f.Status == 499:
		return fmt.Sprintf("The client was gone after %s.", spanOf(f.Total))
	case f.Degraded == "" && f.Phase == "body" && f.Cause != "" && f.Status < 500:
		return fmt.Sprintf("The client had got %s and a part of the answer when it was cut off, after %s.", what, spanOf(f.Total))
	}
	return fmt.Sprintf("The client got %s after %s.", what, spanOf(f.Total))
}

// spanOf is a number of milliseconds for a person.
func spanOf(ms float64) string {
	d := time.Duration(ms * float64(time.Millisecond))
	switch {
	case d < time.Millisecond:
		return "less than 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return strings.TrimSuffix(strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), "0"), ".") + " s"
}
