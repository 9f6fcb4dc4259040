package limiter

import "time"

// This is Admission without clock and without blocking: each step takes the
// time, and returns the chain of those whose lot it has decided. The tests
// simulate hours with it.

// enter asks for a place; waits says that w is in the queue.
func (a *Admission) enter(w *Waiter, r rank, now time.Duration) (o Outcome, waits bool, woken *Waiter) {
	if now >= time.Duration(a.due.Load()) {
		woken = a.turn(now)
	}
	if r.critical() {
		a.reserve(now)
	}
	w.rank = r
	switch {
	case w.gone.Load():
		o = Gone
	case a.waiting.Load() == 0 && a.take(r.critical()):
		a.hold(w, now)
		return Admitted, false, woken
	case a.refuses(r):
		o = Shed
	default:
		var more *Waiter
		o, more = a.line(w, now)
		woken = joinChains(woken, more)
		if o == Admitted {
			return o, true, woken
		}
	}
	a.counts[o].Add(1)
	w.forget()
	return o, false, woken
}

// refuses reports whether one for whom there is no place need not wait for one.
func (a *Admission) refuses(r rank) bool {
	a.sample.press()
	return a.gate.refuses(r)
}

// hold gives w the place that was taken for it.
func (a *Admission) hold(w *Waiter, now time.Duration) {
	w.outcome, w.holds, w.timed, w.began = Admitted, true, true, now
	a.counts[Admitted].Add(1)
}

// line puts w into the queue, and is Admitted if it is there, however that
// ends: perhaps it has been served since.
func (a *Admission) line(w *Waiter, now time.Duration) (o Outcome, woken *Waiter) {
	if w.wake == nil {
		w.wake = make(chan struct{}, 1)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	w.came = now
	w.where.Store(a)
	if w.gone.Load() {
		return Gone, nil
	}
	a.advance(now)
	if a.queue.n >= a.maxQueue {
		last := a.queue.displaced(w.rank)
		if last == nil {
			return QueueFull, a.chain()
		}
		a.decide(last, Shed, now)
	}
	a.queue.push(w)
	a.maxQueued = max(a.maxQueued, a.queue.n)
	// Whoever gives a place back does so before it looks whether somebody
	// waits; we say that we wait before we look for a place.
	a.waiting.Store(int32(a.queue.n))
	a.serve(now)
	return Admitted, a.chain()
}

// head takes in the time of an answer.
func (a *Admission) head(w *Waiter, now time.Duration) (woken *Waiter) {
	if w.timed {
		w.timed = false
		a.sample.head(now-w.began, a.held())
	}
	if now >= time.Duration(a.due.Load()) {
		woken = a.turn(now)
	}
	return woken
}

// failed takes in an Attempt that came to nothing.
func (a *Admission) failed(w *Waiter, now time.Duration) (woken *Waiter) {
	if w.timed {
		// What failed slowly says how long answers take: at least so long. A
		// quick one would only make them look quicker.
		if took := now - w.began; took > time.Duration(a.latency.Load()) {
			a.sample.head(took, a.held())
		}
		a.sample.failed.Add(1)
		w.began = now
	}
	if now >= time.Duration(a.due.Load()) {
		woken = a.turn(now)
	}
	return woken
}

// stream gives the place of w back, and takes no notice of its answer.
func (a *Admission) stream(w *Waiter, now time.Duration) (woken *Waiter) {
	if !w.holds {
		return nil
	}
	w.streams = true
	a.streams.Add(1)
	return a.release(w, now)
}

// leave ends the part of w.
func (a *Admission) leave(w *Waiter, now time.Duration) (woken *Waiter) {
	if w.streams {
		w.streams = false
		a.streams.Add(-1)
	}
	if w.holds {
		woken = a.release(w, now)
	}
	w.forget()
	return woken
}

// release gives the place of w to the next one.
func (a *Admission) release(w *Waiter, now time.Duration) (woken *Waiter) {
	w.holds, w.timed = false, false
	a.give(w.rank.critical())
	if a.waiting.Load() != 0 || now >= time.Duration(a.due.Load()) {
		woken = a.turn(now)
	}
	return woken
}

// abandon takes w out of the queue if it is there.
func (a *Admission) abandon(w *Waiter, now time.Duration) (woken *Waiter) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if w.queued {
		a.decide(w, Gone, now)
	}
	return a.chain()
}

// turn does what is due.
func (a *Admission) turn(now time.Duration) (woken *Waiter) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance(now)
	return a.chain()
}

// advance does what is due. The caller holds mu, as in all that follows.
func (a *Admission) advance(now time.Duration) {
	stood := a.codel.standing
	a.codel.look(&a.queue, now, a.target, a.interval)
	if now >= time.Duration(a.due.Load()) || stood != a.codel.standing {
		a.look(now)
	}
	for w := a.queue.overdue(now); w != nil; w = a.queue.overdue(now) {
		if w.rank.band() <= a.queue.edge {
			a.decide(w, Shed, now)
		} else {
			a.decide(w, QueueTimeout, now)
		}
	}
	a.serve(now)
}

// serve gives free places to those who wait.
func (a *Admission) serve(now time.Duration) {
	for a.queue.n > 0 {
		w := a.queue.next(false)
		if !a.take(w.rank.critical()) {
			// The reserve may have one.
			if w = a.queue.next(true); w == nil || !a.take(true) {
				return
			}
		}
		a.decide(w, Admitted, now)
	}
}

// decide takes w out of the queue and adds it to the chain of those to wake.
func (a *Admission) decide(w *Waiter, o Outcome, now time.Duration) {
	a.queue.remove(w)
	a.waiting.Store(int32(a.queue.n))
	a.emptied = a.emptied || a.queue.n == 0
	if o == Admitted {
		a.hold(w, max(now, w.came)) // another goroutine's now may be older
		a.waited += w.began - w.came
	} else {
		w.outcome, w.began = o, max(now, w.came)
		a.counts[o].Add(1)
	}
	w.decided, a.decided = a.decided, w
}

// chain returns those to wake.
func (a *Admission) chain() *Waiter {
	w := a.decided
	a.decided = nil
	return w
}

// joinChains returns one chain of two.
func joinChains(a, b *Waiter) *Waiter {
	if a == nil {
		return b
	}
	last := a
	for last.decided != nil {
		last = last.decided
	}
	last.decided = b
	return a
}
