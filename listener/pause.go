package listener

import "time"

const (
	pauseFirst = 5 * time.Millisecond
	pauseMost  = time.Second
)

// pause is the growing wait after failures of accept.
type pause struct{ next time.Duration }

func (p *pause) reset() { p.next = 0 }

// wait waits, twice as long each time, or until stopped is closed.
func (p *pause) wait(stopped <-chan struct{}) {
	p.next = min(max(2*p.next, pauseFirst), pauseMost)
	timer := time.NewTimer(p.next)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-stopped:
	}
}
