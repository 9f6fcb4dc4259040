package policy

import "time"

// Meta is what is remembered of a stored response besides its fields. It has
// no pointers, so a million of them cost the garbage collector nothing. Judge
// makes it, and it does not change.
type Meta struct {
	Received             int64         // when its head came, in Unix nanoseconds
	InitialAge           time.Duration // how old it was then (RFC 9111 section 4.2.3)
	Lifetime             time.Duration // how long it is fresh (section 4.2.1), counted from its origin
	StaleWhileRevalidate uint32        // seconds beyond that (RFC 5861 section 3)
	StaleIfError         uint32        // seconds beyond that (RFC 5861 section 4), if stated
	Status               uint16
	flags                flags
}

// flags are what else a response has said.
type flags uint8

const (
	flagNoCache      flags = 1 << iota // not to be used without asking
	flagRevalidate                     // must-revalidate or proxy-revalidate
	flagSMaxAge                        // s-maxage, which implies the latter
	flagStaleIfError                   // StaleIfError is stated
	flagShared                         // for everybody
)

func (m *Meta) set(f flags, on bool) {
	if on {
		m.flags |= f
	}
}

func (m *Meta) has(f flags) bool { return m.flags&f != 0 }

// Age returns how old the response is now: what its Age field has to say, in
// whole seconds (RFC 9111 section 4.2.3). It is never negative, nor more than
// twice 2^31 seconds. now has to be before the year 2262.
func (m *Meta) Age(now time.Time) time.Duration {
	const longest = maxDelta * time.Second
	resident := time.Duration(now.UnixNano() - m.Received)
	return m.InitialAge + min(max(resident, 0), longest)
}

// Left returns how long the response is fresh yet, negative when it is stale.
func (m *Meta) Left(now time.Time) time.Duration { return m.Lifetime - m.Age(now) }

// Shared reports that the response says that it is for everybody: public,
// s-maxage, or a freshness lifetime in CDN-Cache-Control. One that does may
// also be served to requests with cookies of their own.
func (m *Meta) Shared() bool { return m.has(flagShared) }
