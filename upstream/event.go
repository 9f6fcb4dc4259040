package upstream

import (
	"time"

	"sluice/message"
)

// Event is a change in the service of one Upstream.
type Event struct {
	At       time.Time
	Pool     string
	Upstream string
	State    State // StateOut or StateIn
	// For is how long the pause is, when it goes out, and how long it had
	// been away, when it comes back.
	For time.Duration
	// Why is what took it out.
	Why *message.Failure
}
