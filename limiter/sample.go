package limiter

import (
	"sync/atomic"
	"time"
)

// admissionSample collects what a limit goes by. All add to it at once.
type admissionSample struct {
	heads   atomic.Int64 // response heads that came
	took    atomic.Int64 // nanoseconds that they took, together
	failed  atomic.Int64 // Attempts
	held    atomic.Int64 // places that were held when each of them came, together
	pressed atomic.Bool  // somebody found no place
}

// sampleWindow is what was collected in some time.
type sampleWindow struct {
	heads   int64
	took    time.Duration
	failed  int64
	held    int64
	pressed bool
}

// head adds a response head that came while so many places were held.
func (s *admissionSample) head(took time.Duration, held int) {
	s.heads.Add(1)
	s.held.Add(int64(held))
	s.took.Add(int64(max(took, 0)))
}

// press adds that somebody found no place.
func (s *admissionSample) press() {
	if !s.pressed.Load() {
		s.pressed.Store(true)
	}
}

// take empties it.
func (s *admissionSample) take() sampleWindow {
	return sampleWindow{
		heads:   s.heads.Swap(0),
		took:    time.Duration(s.took.Swap(0)),
		failed:  s.failed.Swap(0),
		held:    s.held.Swap(0),
		pressed: s.pressed.Swap(false),
	}
}

// add joins two that follow one another.
func (w *sampleWindow) add(next sampleWindow) {
	w.heads += next.heads
	w.took += next.took
	w.failed += next.failed
	w.held += next.held
	w.pressed = w.pressed || next.pressed
}

// mean is what a head took. There must be one.
func (w sampleWindow) mean() time.Duration { return w.took / time.Duration(w.heads) }

// used is how many places were held on average.
func (w sampleWindow) used() float64 { return float64(w.held) / float64(w.heads) }

// failing reports whether so many Attempts failed that there may have been too
// many of them.
func (w sampleWindow) failing() bool { return w.failed*10 >= w.heads }
