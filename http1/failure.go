package http1

import (
	"errors"

	"sluice/message"
)

// failureHeadTimeout is the failure of reading a request head that is not the
// parser's. It is made once, so that refusing allocates nothing.
var failureHeadTimeout = &message.Failure{Party: message.PartyClient, Phase: message.PhaseHead,
	Cause: message.CauseRequestTimeout, Err: errors.New("the request head did not come whole in time")}
