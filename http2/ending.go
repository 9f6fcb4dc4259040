package http2

import (
	"errors"
	"fmt"

	"sluice/message"
)

// ending is why a connection is ended: what the client is told by GOAWAY, and
// what the Exchanges that were under way fail with.
type ending struct {
	violation *violation       // nil: nobody broke a rule
	failure   *message.Failure // of open streams; never nil
}

// The endings that are nobody's violation.
var (
	endingGone = &ending{failure: &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody,
		Cause: message.CauseClientGone, Err: errors.New("the connection was closed or has failed")}}
	endingSilent = &ending{failure: &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody,
		Cause: message.CauseClientGone, Err: errors.New("the client did not answer a PING")}}
	endingSlow = &ending{failure: &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody,
		Cause: message.CauseClientSlow, Err: errors.New("the client's connection has taken nothing for body_timeout")}}
	endingDone = &ending{failure: endingGone.failure}
)

// broken is the ending by a violation of the protocol.
func broken(v *violation) *ending {
	return &ending{violation: v, failure: &message.Failure{Party: message.PartyClient, Phase: message.PhaseHead,
		Cause: message.CauseRequestInvalid, Err: v}}
}

// resetFailures are what a stream fails with that its client took back, by
// error code, made once: taking back must cost us little.
var resetFailures = func() (all [16]*message.Failure) {
	for i := range all {
		all[i] = newResetFailure(errorCode(i))
	}
	return all
}()

func newResetFailure(code errorCode) *message.Failure {
	return &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody, Cause: message.CauseClientGone,
		Code: uint32(code), Err: fmt.Errorf("the client reset the stream: %s", code)}
}

func resetFailure(code errorCode) *message.Failure {
	if code < errorCode(len(resetFailures)) { // compared as they are: int has 32 bits on some machines
		return resetFailures[code]
	}
	return newResetFailure(code)
}

// violationFailure is what an Exchange fails with whose client broke the
// rules on its stream.
func violationFailure(v *violation) *message.Failure {
	return &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody,
		Cause: message.CauseRequestInvalid, Code: uint32(v.code), Err: v}
}
