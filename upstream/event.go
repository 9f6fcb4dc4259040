package upstream

import (
	"time"

	"sluice/message"
)

// Event is a change in the service of one Upstream, or of a whole Pool.
type Event struct {
	At   time.Time
	Pool string
	// Upstream is its address; empty when the Pool as a whole has begun to
	// fail open, or has ended to.
	Upstream string
	State    State // StateOut or StateIn; of a Pool: out, it fails open; in, it does not
	// For is how long the pause is, when it goes out, and how long it had
	// been away, when it comes back.
	For time.Duration
	// Why is what took it out.
	Why *message.Failure
}
