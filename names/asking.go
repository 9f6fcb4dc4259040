package names

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// never is how long a timer sleeps that has nothing to wait for.
const never = 24 * time.Hour

// reply is what became of asking for a fact.
type reply struct {
	fact   *fact
	answer Answer
	err    error
}

// keepAsking asks what is due until ctx ends and everything asked has ended.
func (d *Directory) keepAsking(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	replies := make(chan reply, d.options.MaxInFlight) // never full: asking never waits to hand in
	flying := 0
	timer := time.NewTimer(never)
	defer timer.Stop()
	for {
		due, wait := d.due(time.Now(), d.options.MaxInFlight-flying)
		for _, f := range due {
			flying++
			wg.Go(func() { replies <- d.ask(ctx, f) })
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-d.kick:
		case <-timer.C:
		case r := <-replies:
			flying--
			if ctx.Err() == nil {
				d.learn(r, time.Now())
			}
		}
	}
}

// ask asks the resolver once.
func (d *Directory) ask(ctx context.Context, f *fact) reply {
	ctx, cancel := context.WithTimeout(ctx, d.options.Timeout)
	defer cancel()
	a, err := d.options.Ask(ctx, f.question)
	return reply{f, a, err}
}

// due returns up to room facts that are to be asked now, and when to look
// again. The longest overdue come first, and before them those never asked,
// whose due is zero: a new name does not wait behind many old ones.
func (d *Directory) due(now time.Time, room int) (batch []*fact, wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	wait = never
	var all []*fact
	for _, f := range d.facts {
		if f.asking {
			continue
		}
		if at := f.at(); now.Before(at) {
			wait = min(wait, at.Sub(now))
			continue
		}
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *fact) int { return a.at().Compare(b.at()) })
	for _, f := range all {
		if len(batch) == room {
			break // the next reply makes room and comes back here
		}
		if dry := d.budget.take(now); dry > 0 {
			d.counts.throttled++
			return batch, min(wait, dry)
		}
		f.asking, f.wanted, f.asked = true, false, now
		batch = append(batch, f)
		d.counts.asked++
	}
	return batch, wait
}

// learn takes in a reply and tells of what it changes.
func (d *Directory) learn(r reply, now time.Time) {
	events, calls := d.take(r, now)
	for _, call := range calls {
		call()
	}
	for _, e := range events {
		d.options.Notify(e)
	}
}

func (d *Directory) take(r reply, now time.Time) (events []Event, calls []func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.budget.owe(r.answer.Queries - 1)
	f, a, err := r.fact, r.answer, r.err
	if err == nil {
		var dropped int
		a, dropped, err = sift(f.question, a)
		d.counts.dropped += uint64(dropped)
	}
	d.counts.count(err)
	f.learn(a, err, now)
	for _, e := range sortedUsers(f) {
		more, call := d.refresh(e, now)
		events, calls = append(events, more...), append(calls, call...)
	}
	f.due = now.Add(f.wait(d.options.Floor, d.options.Ceiling, f.settled(), rand.Float64()))
	close(d.stirred)
	d.stirred = make(chan struct{})
	return events, calls
}

// settled reports whether all names that ask f lead somewhere.
func (f *fact) settled() bool {
	for e := range f.users {
		if len(e.addresses) == 0 {
			return false
		}
	}
	return true
}

// refresh takes over what the facts say now. The caller holds mu.
//
// While something has yet to be heard of the targets of a new SRV answer, the
// old addresses stay: half of the new ones would have to carry the load of all.
// And what leads nowhere is believed only if every question says so.
func (d *Directory) refresh(e *entry, now time.Time) (events []Event, calls []func()) {
	d.rewire(e)
	next, unheard := e.compose(), e.unheard()
	switch {
	case len(next) > 0 && (len(e.addresses) == 0 || !unheard):
		if !slices.Equal(next, e.addresses) {
			e.addresses, e.moved, e.gone = next, now, false
			events = append(events, e.event(NewsMoved, now, nil))
			calls = e.notices()
			signal(d.dirty)
		}
	case len(next) == 0 && len(e.addresses) > 0 && e.allGone():
		e.addresses, e.moved, e.gone, e.failing = nil, now, true, true
		why := e.why()
		return append(events, e.event(NewsGone, why.Since, why)), e.notices()
	}
	return append(events, e.judge(now)...), calls
}

// judge tells when answers end to come and when they come again. One try that
// failed is no news for a name that leads somewhere.
func (e *entry) judge(now time.Time) []Event {
	f := e.trouble()
	well := f == nil && len(e.addresses) > 0
	if well && e.heard() {
		e.confirmed = now
	}
	switch {
	case well && e.failing:
		e.failing = false
		return []Event{e.event(NewsRecovered, now, nil)}
	case e.failing || well || e.unheard():
	case len(e.addresses) == 0 || f.fails > 1:
		e.failing = true
		why := e.why()
		return []Event{e.event(NewsFailing, why.Since, why)}
	}
	return nil
}
