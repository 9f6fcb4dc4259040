package server

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"sluice/accesslog"
)

// How many failed Exchanges are remembered, by kind: those of one never crowd out
// those of another.
const (
	maxFailures       = 256 // by Upstreams or by us, and Degraded answers for that
	maxErrorAnswers   = 128 // by the application itself, with 5xx
	maxRefusals       = 64  // by limits and for load
	maxClientFailures = 64

	// mostFailures is how many of a kind are looked at in a second; beyond that
	// they are only counted, in the metrics. A storm of refusals stays cheap.
	mostFailures = 200

	shownFailures = 20 // a Status has
	shownOthers   = 5  // of these: refusals, and as many of clients' own
)

// Caps of the text that is remembered of each, in bytes.
const (
	maxFailurePath   = 512
	maxFailureHost   = 255
	maxFailureMethod = 32
	maxFailureID     = 64
	maxFailureDetail = 512
)

// failures remembers the last Exchanges that failed or had a Degraded answer. It
// is in memory only.
type failures struct {
	kinds [failureKinds]failureRing
}

// failureKind is which of the rings an Exchange belongs in.
type failureKind int

const (
	failureOurs failureKind = iota
	failureAnswer
	failureRefused
	failureClient
	failureKinds
)

// capacity is how many of a kind are remembered.
func (k failureKind) capacity() int {
	return [...]int{maxFailures, maxErrorAnswers, maxRefusals, maxClientFailures}[k]
}

// failureRing is the last ones of one kind.
type failureRing struct {
	// spent is the second of the clock, and in the low bits how many were looked
	// at in it.
	spent atomic.Uint64

	mu   sync.Mutex
	all  []FailureStatus // guarded by mu, without their stories
	next int             // where the next one goes, once all is full; guarded by mu
}

// see remembers an Exchange if it failed. It costs two comparisons if not.
func (f *failures) see(e *accesslog.Entry) {
	if e.Cause == "" && e.Degraded == "" && e.Status < 500 {
		return
	}
	kind := kindOf(e)
	r := &f.kinds[kind]
	if r.spend(e.Time.Add(e.Total)) {
		r.add(failureOf(e), kind.capacity())
	}
}

// kindOf returns which ring an Exchange belongs in.
func kindOf(e *accesslog.Entry) failureKind {
	switch {
	case isRefusal(e.Cause), e.Degraded == "room":
		return failureRefused
	case e.Who == "client":
		return failureClient
	case e.Cause == "" && e.Degraded == "":
		return failureAnswer
	}
	return failureOurs
}

// isRefusal reports whether by a cause requests are refused on purpose.
func isRefusal(cause string) bool {
	switch cause {
	case "rate_limited", "too_many_at_once", "shed", "queue_full", "queue_timeout",
		"waiting_room", "not_started", "over", "maintenance":
		return true
	}
	return false
}

// spendBits are for the number in failureRing.spent.
const spendBits = 16

// spend takes one of those that are looked at in a second, and reports whether
// there was one.
func (r *failureRing) spend(now time.Time) bool {
	second := now.Unix()
	for {
		was := r.spent.Load()
		next := was + 1
		// Those that end at the turn of a second come out of order.
		if later := second - int64(was>>spendBits); later > 0 || later < -1 {
			next = uint64(second)<<spendBits + 1
		}
		if next&(1<<spendBits-1) > mostFailures {
			return false
		}
		if r.spent.CompareAndSwap(was, next) {
			return true
		}
	}
}

func (r *failureRing) add(one FailureStatus, capacity int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) < capacity {
		r.all = append(r.all, one)
		return
	}
	r.all[r.next] = one
	r.next = (r.next + 1) % capacity
}

// failureOf is what is remembered of an Exchange. Nothing of e stays in it.
func failureOf(e *accesslog.Entry) FailureStatus {
	f := FailureStatus{
		Time: e.Time, ID: clipped(e.RequestID, maxFailureID), Client: e.Client.String(),
		Host:   clipped(e.Host[bytes.LastIndexByte(e.Host, '@')+1:], maxFailureHost), // without a password
		Method: clipped(e.Method, maxFailureMethod), Path: clipped(pathOf(e.Path), maxFailurePath), Status: e.Status,
		Total: milliseconds(e.Total), Queue: milliseconds(e.Queue), Age: milliseconds(e.Age) / 1000,
		Site: e.Site, Pool: e.Pool, Who: e.Who, Phase: e.Phase, Cause: e.Cause,
		Detail: cut(visible(e.Detail), maxFailureDetail), Degraded: e.Degraded, Cache: e.Cache,
		Tries: make([]TryStatus, len(e.Tries)),
	}
	for i := range e.Tries {
		t := &e.Tries[i]
		f.Tries[i] = TryStatus{Upstream: t.Upstream, Took: milliseconds(t.Took), Reused: t.Reused,
			Phase: t.Phase, Cause: t.Cause, Status: t.Status}
		if t.Err != nil {
			f.Tries[i].Detail = cut(visible(t.Err.Error()), maxFailureDetail)
		}
	}
	return f
}

// pathOf is the path of a request's target: without the query, and of an absolute
// one that was refused without what comes before the path, such as a password.
func pathOf(target []byte) []byte {
	path, _, _ := bytes.Cut(target, []byte("?"))
	if bytes.HasPrefix(path, []byte("/")) {
		return path
	}
	if _, rest, isAbsolute := bytes.Cut(path, []byte("://")); isAbsolute {
		_, after, _ := bytes.Cut(rest, []byte("/"))
		return append([]byte("/"), after...)
	}
	return path
}

// clipped is text of a client as it may be shown.
func clipped(text []byte, most int) string {
	return cut(visible(string(text[:min(len(text), most+1)])), most)
}

// visible is text of others with a mark in place of what cannot be seen, or would
// turn the direction of what stands around it.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\n' {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// FailureQuery says which failed Exchanges are asked for. What is empty does not
// matter.
type FailureQuery struct {
	Site, Pool string
}

func (q FailureQuery) wants(f *FailureStatus) bool {
	return (q.Site == "" || q.Site == f.Site) && (q.Pool == "" || q.Pool == f.Pool)
}

// last returns the newest ones with their stories, the newest first; at most so
// many.
func (f *failures) last(most int, q FailureQuery) []FailureStatus {
	found := newest(f.find(q.wants), most)
	for i := range found {
		found[i].tell()
	}
	return found
}

// shown returns what a Status has: the newest, of which refusals and clients' own
// failures are a few only. There may be many of them, and they are seldom what a
// person looks for.
func (f *failures) shown() []FailureStatus {
	all := []FailureStatus{}
	for k := range failureKinds {
		most := shownFailures
		if k == failureRefused || k == failureClient {
			most = shownOthers
		}
		found := f.kinds[k].find(nil, func(*FailureStatus) bool { return true })
		all = append(all, newest(found, most)...)
	}
	all = newest(all, shownFailures)
	for i := range all {
		all[i].tell()
	}
	return all
}

// newest sorts failures, the newest first, and returns so many of them.
func newest(all []FailureStatus, most int) []FailureStatus {
	slices.SortStableFunc(all, func(a, b FailureStatus) int { return b.Time.Compare(a.Time) })
	return all[:min(len(all), most)]
}

// byID returns the newest one with this Request-Id.
func (f *failures) byID(id string) (FailureStatus, bool) {
	found := f.find(func(one *FailureStatus) bool { return one.ID == id })
	if len(found) == 0 {
		return FailureStatus{}, false
	}
	one := newest(found, 1)[0]
	one.tell()
	return one, true
}

// find returns those that are wanted, in no order.
func (f *failures) find(wanted func(*FailureStatus) bool) []FailureStatus {
	found := []FailureStatus{}
	for k := range f.kinds {
		found = f.kinds[k].find(found, wanted)
	}
	return found
}

// find adds those that are wanted to found.
func (r *failureRing) find(found []FailureStatus, wanted func(*FailureStatus) bool) []FailureStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.all {
		if wanted(&r.all[i]) {
			found = append(found, r.all[i])
		}
	}
	return found
}

// Failures returns the last Exchanges that failed, the newest first. It may be
// called by anyone after New.
func (s *Server) Failures(q FailureQuery, most int) []FailureStatus { return s.failures.last(most, q) }

// Failure returns the Exchange that failed with this Request-Id, if it is
// remembered. It may be called by anyone after New.
func (s *Server) Failure(id string) (FailureStatus, bool) { return s.failures.byID(id) }

// Events returns all Events that are remembered, the newest first. It may be
// called by anyone after New.
func (s *Server) Events() []Event { return s.timeline.last(maxEvents) }
