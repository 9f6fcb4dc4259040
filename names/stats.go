package names

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Stats is what a Directory has counted since New, and how its Sources are.
type Stats struct {
	Asked     uint64 // questions
	Answered  uint64 // well
	TimedOut  uint64
	NotFound  uint64
	Failed    uint64 // otherwise
	Dropped   uint64 // records that were absurd
	Throttled uint64 // times that a question had to wait for the budget
	Unstored  uint64 // answers that could not be written to disk

	Sources []SourceStats // names, then files, each by name
}

// SourceStats is how one Source is.
type SourceStats struct {
	Source    string // its String
	Followers int
	Addresses int
	// Confirmed is when what it leads to was last said to be so; for a stored
	// answer that is when it was stored. Zero: never.
	Confirmed time.Time
	Err       error // why it may be out of date, or leads nowhere; or nil
}

// counts are the sums of Stats.
type counts struct {
	asked, answered, timedOut, notFound, failed uint64
	dropped, throttled, unstored                uint64
}

// count counts one reply.
func (c *counts) count(err error) {
	switch {
	case err == nil:
		c.answered++
	case isNotFound(err):
		c.notFound++
	case IsTimeout(err):
		c.timedOut++
	default:
		c.failed++
	}
}

// Stats returns a snapshot.
func (d *Directory) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.counts
	s := Stats{Asked: c.asked, Answered: c.answered, TimedOut: c.timedOut, NotFound: c.notFound,
		Failed: c.failed, Dropped: c.dropped, Throttled: c.throttled, Unstored: c.unstored}
	for _, e := range d.sortedEntries() {
		one := SourceStats{Source: e.query.String(), Followers: len(e.followers), Addresses: len(e.addresses), Confirmed: e.confirmed}
		if len(e.addresses) == 0 || e.trouble() != nil {
			one.Err = e.why()
		}
		s.Sources = append(s.Sources, one)
	}
	for _, w := range d.sortedFiles() {
		s.Sources = append(s.Sources, SourceStats{Source: w.String(), Followers: len(w.followers),
			Addresses: len(w.addresses), Confirmed: w.confirmed, Err: w.err})
	}
	return s
}

// sortedEntries needs mu.
func (d *Directory) sortedEntries() []*entry {
	return slices.SortedFunc(maps.Values(d.entries), byQuery)
}

// sortedFiles needs mu.
func (d *Directory) sortedFiles() []*watched {
	return slices.SortedFunc(maps.Values(d.files), func(a, b *watched) int { return cmp.Compare(a.path, b.path) })
}

func sortedUsers(f *fact) []*entry { return slices.SortedFunc(maps.Keys(f.users), byQuery) }

func byQuery(a, b *entry) int { return cmp.Compare(a.query.String(), b.query.String()) }
