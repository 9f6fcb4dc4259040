package names

import (
	"context"
	"slices"
	"time"
)

// The pace of storing.
const (
	storeAfter = time.Second      // of a change, as A and AAAA come one by one
	storeGap   = 10 * time.Second // for names that give another choice each time
	storeAgain = time.Hour        // when only the date is new
	storeRetry = time.Minute      // when the disk is full or read-only
)

// keepStored stores what changes until ctx ends, and then all that is left. A
// name that is gone, or that nobody follows any more, keeps its file: a start
// tries once more what worked last.
func (d *Directory) keepStored(ctx context.Context) {
	if d.options.StateDir == "" {
		<-ctx.Done()
		return
	}
	timer := time.NewTimer(never)
	defer timer.Stop()
	for {
		due, wait := d.unsaved(time.Now(), ctx.Err() != nil)
		for _, s := range due {
			err := d.store.save(s)
			if d.saved(s, err) {
				d.options.Notify(Event{News: NewsUnstored, Source: s.query.String(), Addresses: s.addresses, Since: time.Now(), Err: err})
			}
		}
		if ctx.Err() != nil {
			return
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-d.dirty:
		case <-timer.C:
		}
	}
}

// unsaved returns what is to be stored now, or with all whatever differs from
// the disk, and when to look again.
func (d *Directory) unsaved(now time.Time, all bool) (due []storedAnswer, wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	wait = storeAgain
	for _, e := range d.sortedEntries() {
		changed := !slices.Equal(e.addresses, e.stored)
		if len(e.addresses) == 0 || !changed && !e.confirmed.After(e.storedAt) {
			continue
		}
		if left := e.storeAt(changed).Sub(now); left > 0 && !(all && changed) {
			wait = min(wait, left)
			continue
		}
		due = append(due, storedAnswer{e.query, e.storeTime(changed), e.addresses})
		e.triedAt = now
	}
	return due, max(wait, time.Second)
}

// storeAt is when the entry may be written.
func (e *entry) storeAt(changed bool) time.Time {
	at := e.storedAt.Add(storeAgain)
	if changed {
		at = e.moved.Add(storeAfter)
	}
	gap := storeGap
	if e.unsaved {
		gap = storeRetry
	}
	if next := e.triedAt.Add(gap); at.Before(next) {
		return next
	}
	return at
}

// storeTime is the date of what is written: when it was last known to be so.
func (e *entry) storeTime(changed bool) time.Time {
	if changed && e.moved.After(e.confirmed) {
		return e.moved
	}
	return e.confirmed
}

// saved notes what became of storing s, and whether that is to be told: the
// first failure is, until all can be stored again.
func (d *Directory) saved(s storedAnswer, err error) (tell bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.counts.unstored++
	}
	tell = err != nil
	for _, e := range d.entries {
		tell = tell && !e.unsaved
	}
	if e := d.entries[s.query]; e != nil { // it is still followed
		e.unsaved = err != nil
		if err == nil {
			e.stored, e.storedAt = s.addresses, s.at
		}
	}
	return tell
}
