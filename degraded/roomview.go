package degraded

import (
	"time"

	"sluice/message"
)

// RoomView is what one visitor is told by one answer of a waiting room.
type RoomView struct {
	State RoomState
	// Mode is the Route's: it decides the form as it does for its degraded
	// answer.
	Mode Mode
	// Poll says that the request is a poll of the page's script (IsRoomPoll),
	// which is answered in JSON whatever the Mode.
	Poll bool
	// Place is how many people are to be let in before this one; 0: none.
	Place int
	// Estimate is how long that takes. 0: it cannot be told; the visitor
	// reads just that.
	Estimate time.Duration
	// PollAfter is when the visitor is to ask again, jittered by the caller;
	// below a second it counts as one.
	PollAfter time.Duration
	// Opens is when visitors are let in, if State is RoomNotStarted. Who runs
	// no scripts reads it in its own location, so that is better the event's
	// than UTC.
	Opens time.Time
	// Now is the time of the answer. The countdown starts from Opens - Now and
	// not from the visitor's clock, which may be wrong.
	Now time.Time
}

// IsRoomPoll reports whether a request is a poll of a waiting room's page,
// which the page's script marks with "Sluice-Room: poll". A poll must not reach
// an upstream even when it is the visitor's turn; the reload that follows it,
// and an app's request, must.
func IsRoomPoll(f message.Fields) bool {
	for i := range f {
		if message.EqualFold(f[i].Name, "sluice-room") {
			return string(f[i].Value) == "poll"
		}
	}
	return false
}

// estimate returns the estimate in seconds, rounded up; 0 if there is none.
func (v RoomView) estimate() int64 {
	if v.Estimate <= 0 {
		return 0
	}
	return int64(wholeSeconds(v.Estimate))
}

// left returns the seconds until opening, rounded up, and 0 from then on.
func (v RoomView) left() int64 {
	left := v.Opens.Sub(v.Now)
	if left <= 0 {
		return 0
	}
	return int64(wholeSeconds(left))
}
