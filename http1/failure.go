package http1

import (
	"bytes"
	"errors"

	"sluice/message"
)

// Failures of reading a request head that are not the parser's. They are
// values made once, so that refusing allocates nothing.
var (
	failureHeadTimeout = &message.Failure{Party: message.PartyClient, Phase: message.PhaseHead,
		Cause: message.CauseRequestTimeout, Err: errors.New("the request head did not come whole in time")}
	failureHeadSize = &message.Failure{Party: message.PartyClient, Phase: message.PhaseHead,
		Cause: message.CauseRequestHeadSize, Err: errors.New("the request head is larger than max_header")}
	failureTargetSize = &message.Failure{Party: message.PartyClient, Phase: message.PhaseHead,
		Cause: message.CauseRequestTargetSize, Err: errors.New("the request line is longer than max_header")}
)

// tooLarge tells which part of an unfinished head filled the buffer: the
// request line is a 414, the fields a 431.
func tooLarge(head []byte) *message.Failure {
	if bytes.IndexByte(head, '\n') < 0 {
		return failureTargetSize
	}
	return failureHeadSize
}
