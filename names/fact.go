package names

import "time"

// The pace of asking.
const (
	// askGap is the least time between two askings of one question.
	askGap = time.Second
	// maxRetry is the longest wait after failures.
	maxRetry = 30 * time.Second
	// defaultTTL stands in for NoTTL.
	defaultTTL = 30 * time.Second

	// That there is nothing counts only if it was the answer this many times in
	// a row, and from the first to the last this long. A failure in between
	// starts it anew: such a resolver is not well.
	notFoundTries = 3
	notFoundFor   = 90 * time.Second
)

// fact is what is known about one question. Its Directory's mutex guards it.
type fact struct {
	question Question            // fixed
	users    map[*entry]struct{} // those whose Query asks it

	known   Answer    // the last good one; of a stored one no TTL
	tried   bool      // it was answered, well or ill, since it is asked
	err     error     // of the last try; nil: it was answered well
	fails   int       // tries in a row without a good answer
	since   time.Time // of the first of them
	missing int       // those at the end of them that said that there is nothing
	lost    time.Time // of the first of these
	gone    bool      // missing counts: known was given up

	asking bool
	wanted bool // ask again soon
	asked  time.Time
	due    time.Time
}

// remembers reports whether there is a last good answer.
func (f *fact) remembers() bool { return len(f.known.Addrs)+len(f.known.Services) > 0 }

// unknown reports whether nothing was heard of it at all yet.
func (f *fact) unknown() bool { return !f.tried && !f.remembers() }

// learn takes in an answer that came at now, sifted already, or a failure.
func (f *fact) learn(a Answer, err error, now time.Time) {
	f.asking, f.tried = false, true
	if err == nil && a.Detour && f.remembers() {
		err = errDetour
	}
	f.err = err
	if err == nil {
		f.known, f.gone = a, false
		f.fails, f.missing = 0, 0
		return
	}
	if f.fails == 0 {
		f.since = now
	}
	f.fails++
	f.count(isNotFound(err), now)
}

// count counts answers that there is nothing, and in the end believes them.
func (f *fact) count(missing bool, now time.Time) {
	if !missing {
		f.missing = 0
		return
	}
	if f.missing == 0 {
		f.lost = now
	}
	f.missing++
	if f.missing >= notFoundTries && now.Sub(f.lost) >= notFoundFor {
		f.known, f.gone = Answer{}, true
	}
}

// trouble is why what is known may be out of date, or nil. That there is
// nothing where there never was anything is no trouble: most names have no
// AAAA record.
func (f *fact) trouble() error {
	if f.fails == 0 || f.gone || f.missing > 0 && !f.remembers() {
		return nil
	}
	return f.err
}

// at is when it is to be asked next: when it is due, which is never within
// askGap, or when that gap is over if it is wanted.
func (f *fact) at() time.Time {
	if soon := f.asked.Add(askGap); f.wanted && soon.Before(f.due) {
		return soon
	}
	return f.due
}

// wait is how long to wait after what was learned last. dice is in [0,1).
//
// A good answer: its TTL within floor and ceiling, and up to a tenth more, so
// that names learned together are not asked together, and the resolver's own
// copy has expired. A failure: see afterFailures. That there is nothing: the
// same, as somebody may be about to put it there; but ceiling, if that was said
// long enough and its names lead somewhere without it (settled).
func (f *fact) wait(floor, ceiling time.Duration, settled bool, dice float64) time.Duration {
	var d time.Duration
	switch {
	case f.fails == 0:
		if d = f.known.TTL; d < 0 {
			d = defaultTTL
		}
	case f.gone && f.missing > 0 && settled:
		d = ceiling
	default:
		return afterFailures(f.fails, dice)
	}
	d = min(max(d, floor), ceiling)
	return d + time.Duration(dice*float64(d)/10)
}

// afterFailures is how long to wait after so many failures in a row: 1 to 2 s,
// then double, up to maxRetry. dice is in [0,1).
func afterFailures(fails int, dice float64) time.Duration {
	wait := time.Second << min(fails-1, 4)
	return min(wait+time.Duration(dice*float64(wait)), maxRetry)
}
