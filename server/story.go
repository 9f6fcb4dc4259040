package server

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sluice/message"
)

// tell adds what happened, in sentences, and what to do about it.
func (f *FailureStatus) tell() {
	asked := cmp.Or(strings.TrimSpace(f.Method+" "+f.Host+f.Path), "something that could not be read")
	s := []string{fmt.Sprintf("At %s %s asked for %s.", f.Time.Local().Format("15:04:05"), f.Client, asked)}
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
	f.Sentences, f.Remedy = s, f.remedy()
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
	phase := t.Phase
	if t.Cause == "client_gone" && phase == "body" {
		phase = "" // there was no answer yet: the request's body
	}
	return fmt.Sprintf("%s%s, failed after %s: %s.", which, where, took, because(t.Cause, phase, shortly(t.Detail, t.Upstream)))
}

// shortly is what an error says without where it was, for who has said that. Of
// our side of a connection it would tell the port, which is another one each time.
func shortly(detail, where string) string {
	operation, why, found := strings.Cut(detail, where+": ")
	for _, of := range []string{"dial", "read", "write"} {
		if found && strings.HasPrefix(operation, of+" tcp ") && !strings.Contains(operation, ": ") {
			return why
		}
	}
	return detail
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
	return cut(visible(because(f.Cause.String(), f.Phase.String(), detail)), maxEventText)
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
	failedCheck, isCheck := strings.CutPrefix(detail, "health check: ")
	switch {
	case isCheck:
		words, detail = wordsCheck, failedCheck
	case cause == "destination_unavailable" && phase == "wait":
		words = wordsStatus
	case cause == "connection_read_timeout" && phase == "body":
		words = wordsSilent
	case cause == "connection_terminated" || cause == "client_gone":
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
	if n == 0 {
		return false
	}
	last := &f.Tries[n-1]
	return last.Cause == f.Cause || f.answeredBadly() && last.Status > 0
}

// answeredBadly reports whether it failed by an answer whose status stands for a
// failure.
func (f *FailureStatus) answeredBadly() bool {
	return f.Cause == "destination_unavailable" && f.Phase == "wait"
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
		return "It failed: " + because(f.Cause, f.phaseOfAnswer(), "") + "."
	}
	return "It failed: " + because(f.Cause, f.Phase, f.Detail) + "."
}

// phaseOfAnswer is the Phase, unless it is that of a body which is not the
// answer's: the client's own, or that of a tunnel.
func (f *FailureStatus) phaseOfAnswer() string {
	if f.Phase == "body" && (!f.cutOff() || f.Status == http.StatusSwitchingProtocols) {
		return ""
	}
	return f.Phase
}

// cutOff reports whether the client had the head of the Upstream's answer when it
// failed: what we answer ourselves has the status of the cause.
func (f *FailureStatus) cutOff() bool {
	return f.Cause != "" && f.Degraded == "" && f.Status > 0 && f.Status != statusOf(f.Cause)
}

// statusOf is the status of our answers about a cause; 0: there is no such cause.
func statusOf(cause string) int {
	for _, c := range message.Causes() {
		if c.String() == cause {
			return (&message.Failure{Cause: c}).Status()
		}
	}
	return 0
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
	case f.Status == 0:
		return fmt.Sprintf("The client got no answer; it ended after %s.", spanOf(f.Total))
	case f.Status == http.StatusSwitchingProtocols:
		return fmt.Sprintf("The tunnel, such as a WebSocket, ended after %s.", spanOf(f.Total))
	case f.cutOff():
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
