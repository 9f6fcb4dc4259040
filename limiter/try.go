package limiter

import "time"

// Try is Enter for the common case, that there is a place: it costs the least,
// and what a Priority is made of need not be known. It reports false when
// priorities decide; then Enter comes next. After Admitted, Leave must be
// called.
func (a *Admission) Try(w *Waiter, c Class, now time.Time) (v Verdict, decided bool) {
	t := now.Sub(a.born)
	if t >= time.Duration(a.due.Load()) {
		wakeAll(a.turn(t))
	}
	r := Priority{Class: c}.rank()
	if r.critical() {
		a.reserve(t)
	}
	if a.waiting.Load() != 0 || !a.take(r.critical()) {
		return Verdict{}, false
	}
	w.rank = r
	a.hold(w, t)
	return Verdict{Outcome: Admitted}, true
}
