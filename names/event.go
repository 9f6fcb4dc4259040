package names

import "time"

// News says what an Event tells of.
type News uint8

const (
	// NewsMoved: the Source leads somewhere else than before, or for the first
	// time.
	NewsMoved News = iota
	// NewsFailing: no answer comes any more, or the file cannot be used. What
	// was known goes on being served.
	NewsFailing
	// NewsRecovered: answers come again; after NewsFailing or NewsGone.
	NewsRecovered
	// NewsGone: it was said so long that there is nothing that the addresses
	// were given up.
	NewsGone
	// NewsStored: the addresses are those of a stored answer, until the
	// resolver answers. Since is from when it is.
	NewsStored
	// NewsDamaged: a stored answer cannot be read and is ignored.
	NewsDamaged
	// NewsUnstored: an answer could not be stored. It is told once, until
	// storing works again.
	NewsUnstored
)

// String returns the word that logs use.
func (n News) String() string {
	return [...]string{"moved", "failing", "recovered", "gone",
		"stored", "damaged", "unstored"}[n]
}

// Event is something that happened to a Source.
type Event struct {
	News   News
	Source string // its String
	// Addresses are what it leads to after the event. They are shared and must
	// not be changed.
	Addresses []Address
	Since     time.Time // when what Err says began
	Err       error     // why, or nil
}
