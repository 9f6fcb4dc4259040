package certs

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	firstPause = time.Minute    // after one failure
	lastPause  = 24 * time.Hour // the longest between two tries

	// Let's Encrypt allows 5 failed validations per account, name and hour,
	// and others are not far from it. One try can fail two, by different
	// challenges, so the next try waits while it could go beyond that.
	invalidPerHour = 5
	invalidPerTry  = 2

	// Let's Encrypt allows 5 certificates of the same names in 7 days. What we
	// obtain by ourselves or for an impatient person leaves one of them for
	// the day when it is really needed.
	issuedPerWeek = 4
	week          = 7 * 24 * time.Hour

	// longestBlock is how long a CA can ask us to leave it alone.
	longestBlock = 24 * time.Hour
)

// record is what is known of the orders for one name. It is kept on disk, so
// that restarts do not begin to count anew what the CA goes on counting.
type record struct {
	Name      string `json:"name"`
	Directory string `json:"directory,omitempty"` // that the certificate is from

	Began       time.Time   `json:"began,omitzero"` // of the order under way; zero: none
	Interrupted int         `json:"interrupted,omitempty"`
	Failures    int         `json:"failures,omitempty"` // in a row
	Since       time.Time   `json:"failing_since,omitzero"`
	NextTry     time.Time   `json:"next_try,omitzero"`
	Last        *failedTry  `json:"last_failure,omitempty"`
	Invalid     []time.Time `json:"invalid,omitempty"` // validations that failed, of the last hour
	Issued      []time.Time `json:"issued,omitempty"`  // certificates, of the last week

	// Blocked says until when a directory wants to be left alone.
	Blocked map[string]time.Time `json:"blocked,omitempty"`

	RenewAt     time.Time `json:"renew_at,omitzero"` // as the CA wishes; zero: no wish
	RenewWhy    string    `json:"renew_why,omitempty"`
	AskedAbout  string    `json:"asked_about,omitempty"` // serial number that RenewAt is for
	AskAgain    time.Time `json:"ask_again,omitzero"`
	RenewedByCA time.Time `json:"renewed_by_ca,omitzero"` // the last time we followed such a wish
}

// failedTry is why the last try failed.
type failedTry struct {
	At        time.Time `json:"at"`
	Directory string    `json:"directory"`
	Words     string    `json:"words"`
	Remedy    string    `json:"remedy,omitempty"`
}

// parseRecord reads what text made. What it cannot read is an error; a record
// of another name is one, too.
func parseRecord(name string, data []byte) (record, error) {
	r := record{Name: name}
	if len(data) == 0 {
		return r, nil
	}
	if err := json.Unmarshal(data, &r); err != nil || r.Name != name {
		return record{Name: name}, errDamaged
	}
	return r, nil
}

func (r *record) text() []byte {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		panic("internal error: " + err.Error()) // times and strings only
	}
	return append(data, '\n')
}

// begin notes an order before it is begun. An order that never came to an end,
// since its process was killed, counts as a failure from the second in a row
// on: a crash that an order brings about must not repeat itself without pause.
func (r *record) begin(now time.Time) {
	r.Began = now
	r.prune(now)
}

// resume is called once after reading a record, when no order is under way.
func (r *record) resume(now time.Time) {
	if !r.Began.IsZero() {
		r.Began = time.Time{}
		if r.Interrupted++; r.Interrupted > 1 {
			r.NextTry = now.Add(pause(r.Interrupted - 1))
		}
	}
	// A clock that was wrong must not keep us waiting for years.
	r.prune(now)
	if latest := now.Add(lastPause); r.NextTry.After(latest) {
		r.NextTry = latest
	}
	for directory, until := range r.Blocked {
		if latest := now.Add(longestBlock); until.After(latest) {
			r.Blocked[directory] = latest
		}
	}
}

// stopped notes that an order was given up because we are to end.
func (r *record) stopped() { r.Began = time.Time{} }

// obtained notes a certificate from directory.
func (r *record) obtained(directory string, now time.Time) {
	*r = record{Name: r.Name, Directory: directory, Issued: append(r.Issued, now),
		Invalid: r.Invalid, Blocked: r.Blocked, RenewedByCA: r.RenewedByCA}
	r.prune(now)
}

// failed notes a try that failed.
func (r *record) failed(e *OrderError, now time.Time) {
	r.Began, r.Interrupted = time.Time{}, 0
	if r.Failures++; r.Failures == 1 {
		r.Since = now
	}
	r.NextTry = now.Add(pause(r.Failures))
	for range min(e.Invalid, invalidPerHour) {
		r.Invalid = append(r.Invalid, now)
	}
	if e.RetryAfter > 0 {
		if r.Blocked == nil {
			r.Blocked = make(map[string]time.Time)
		}
		r.Blocked[e.Directory] = now.Add(min(e.RetryAfter, longestBlock))
	}
	r.Last = &failedTry{At: now, Directory: e.Directory, Words: e.Error(), Remedy: e.Remedy}
	r.prune(now)
}

// earliest returns when the CA's limits let us try again, at the earliest.
// The life of the certificates bounds what is counted: those that live for
// days are renewed more often.
func (r *record) earliest(now time.Time, life time.Duration) time.Time {
	var at time.Time
	if n := len(r.Invalid) + invalidPerTry - invalidPerHour; n > 0 {
		at = r.Invalid[min(n, len(r.Invalid))-1].Add(time.Hour)
	}
	if n := len(r.Issued) + 1 - issuedPerWeek; n > 0 {
		if free := r.Issued[n-1].Add(min(week, life)); free.After(at) {
			at = free
		}
	}
	return at
}

// blocked returns until when directory wants to be left alone; a time in the
// past: it does not.
func (r *record) blocked(directory string) time.Time { return r.Blocked[directory] }

// prune forgets what no longer counts.
func (r *record) prune(now time.Time) {
	old := func(age time.Duration) func(time.Time) bool {
		return func(t time.Time) bool { return now.Sub(t) >= age || t.After(now) }
	}
	r.Invalid = slices.DeleteFunc(r.Invalid, old(time.Hour))
	r.Issued = slices.DeleteFunc(r.Issued, old(week))
	if more := len(r.Issued) - issuedPerWeek; more > 0 {
		r.Issued = slices.Delete(r.Issued, 0, more)
	}
	for directory, until := range r.Blocked {
		if !until.After(now) {
			delete(r.Blocked, directory)
		}
	}
}

// pause is the time between the n-th failure in a row and the next try: a
// minute, doubled each time, at most a day, and a tenth more or less, so that
// names that failed together do not come back together.
func pause(n int) time.Duration {
	d := lastPause
	if shift := max(n-1, 0); shift < 11 {
		d = min(firstPause<<shift, lastPause)
	}
	return d - d/10 + rand.N(d/5)
}
