package demo

// Behaviour is what a sample has been told to do.
type Behaviour string

// The behaviours.
const (
	OK   Behaviour = "ok"   // answer at once
	Slow Behaviour = "slow" // answer after slowness
	Fail Behaviour = "fail" // answer 503
	Die  Behaviour = "die"  // close the listener and every connection
)

// parseBehaviour returns the behaviour of that name.
func parseBehaviour(name string) (Behaviour, bool) {
	switch b := Behaviour(name); b {
	case OK, Slow, Fail, Die:
		return b, true
	}
	return "", false
}
