package policy

import (
	"bytes"

	"sluice/grammar"
	"sluice/message"
)

// name is a field name that decides something here.
type name uint8

const (
	otherName name = iota
	nameAge
	nameAuthorization
	nameCacheControl
	nameCacheStatus
	nameCDNCacheControl
	nameContentEncoding
	nameContentLocation
	nameContentRange
	nameDate
	nameETag
	nameExpires
	nameIfMatch
	nameIfModifiedSince
	nameIfNoneMatch
	nameIfRange
	nameIfUnmodifiedSince
	nameLastModified
	nameLocation
	namePragma
	nameRange
	nameSetCookie
	nameSetCookie2
	nameVary
)

// spellings holds, by length, each name in lower case. Those of one length
// are told apart by comparing, of which there are three at most.
var spellings = [...][]struct {
	lower string
	name  name
}{
	3:  {{"age", nameAge}},
	4:  {{"vary", nameVary}, {"etag", nameETag}},
	5:  {{"range", nameRange}},
	6:  {{"pragma", namePragma}},
	7:  {{"expires", nameExpires}},
	8:  {{"location", nameLocation}, {"if-range", nameIfRange}, {"if-match", nameIfMatch}},
	10: {{"set-cookie", nameSetCookie}},
	11: {{"set-cookie2", nameSetCookie2}},
	12: {{"cache-status", nameCacheStatus}},
	13: {{"cache-control", nameCacheControl}, {"last-modified", nameLastModified},
		{"if-none-match", nameIfNoneMatch}, {"authorization", nameAuthorization},
		{"content-range", nameContentRange}},
	16: {{"content-encoding", nameContentEncoding}, {"content-location", nameContentLocation}},
	17: {{"if-modified-since", nameIfModifiedSince}, {"cdn-cache-control", nameCDNCacheControl}},
	19: {{"if-unmodified-since", nameIfUnmodifiedSince}},
}

// nameOf recognises the name of a field. Those that message has recognised
// are not looked at again.
func nameOf(f *message.Field) name {
	if f.ID == message.Date {
		return nameDate
	}
	if f.ID != message.OtherName || len(f.Name) >= len(spellings) {
		return otherName
	}
	for _, s := range spellings[len(f.Name)] {
		if message.EqualFold(f.Name, s.lower) {
			return s.name
		}
	}
	return otherName
}

// single is a field of which a message may have one line only.
type single struct {
	value []byte
	seen  bool
	clash bool // there are several lines, and they don't agree
}

// add takes one line into account. The first one stays.
func (s *single) add(value []byte) {
	if s.seen {
		s.clash = s.clash || !bytes.Equal(s.value, value)
		return
	}
	s.value, s.seen = value, true
}

// date reads the field as an HTTP-date, as parseDate does. A field whose lines
// don't agree is none.
func (s *single) date(now int64) (seconds int64, ok bool) {
	if !s.seen || s.clash {
		return 0, false
	}
	return parseDate(s.value, now)
}

// sameName reports whether two fields are lines of the same field.
func sameName(a, b *message.Field) bool {
	return a.ID == b.ID && (a.ID != message.OtherName || grammar.EqualNames(a.Name, b.Name))
}
