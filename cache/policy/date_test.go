package policy

import (
	"math/rand/v2"
	"testing"
	"time"
)

// RFC 9110 section 5.6.7: "A recipient that parses a timestamp value in an
// HTTP field MUST accept all three HTTP-date formats." RFC 9111 section 4.2:
// "Although all date formats are specified to be case-sensitive, a cache
// recipient SHOULD match the field value case-insensitively."
func TestParseDateReadsThreeForms(t *testing.T) {
	want := time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC)
	for in, want := range map[string]time.Time{
		"Sun, 06 Nov 1994 08:49:37 GMT":  want,
		"Sunday, 06-Nov-94 08:49:37 GMT": want,
		"Sun Nov  6 08:49:37 1994":       want,
		"Sun Nov 06 08:49:37 1994":       want,
		"SUN, 06 nov 1994 08:49:37 gMt":  want,
		"sunday, 06-NOV-94 08:49:37 gmt": want,
		"sUN nOV  6 08:49:37 1994":       want,
		"Mon, 06 Nov 1994 08:49:37 GMT":  want, // it was a Sunday, and nobody reads that
		"Fri, 31 Dec 9999 23:59:59 GMT":  time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		"Sat, 01 Jan 0000 00:00:00 GMT":  time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
		"Thu, 29 Feb 2024 00:00:00 GMT":  time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),
		"Sat, 31 Dec 2016 23:59:60 GMT":  time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC),
		"Tue, 19 Jan 2038 14:14:08 GMT":  time.Date(2038, 1, 19, 14, 14, 8, 0, time.UTC),
	} {
		if got, ok := parseDate([]byte(in), noon.Unix()); !ok || got != want.Unix() {
			t.Errorf("%q: got %v, %v", in, time.Unix(got, 0).UTC(), ok)
		}
	}
}

// RFC 9111 section 5.3: "A cache recipient MUST interpret invalid date
// formats, especially the value "0", as representing a time in the past".
func TestParseDateTakesNothingElse(t *testing.T) {
	for _, in := range []string{
		"", "0", "-1", "foo", ",", "Sun,", "                             ", "Sun, 06 Nov 1994",
		"Thu, 18 Aug 2050 02:01:18 UTC", "Thu, 18 Aug 2050 02:01:18 AEST", "Thu, 18 Aug 2050 02:01:18 +00",
		"Thu, 18 Aug 50 02:01:18 GMT", "Thu 18 Aug 2050 02:01:18 GMT", "Thu, 18  Aug  2050 02:01:18 GMT",
		"Thu, 18-Aug-2050 02:01:18 GMT", "Thu, 18 Aug 2050 02.01.18 GMT", "Thu, 18 Aug 2050 2:01:18 GMT",
		"Thu,  8 Aug 2050 02:01:18 GMT", "Thu, 08 Aug 2050 24:01:18 GMT", "Thu, 08 Aug 2050 02:60:18 GMT",
		"Thu, 08 Aug 2050 02:01:61 GMT", "Thu, 00 Aug 2050 02:01:18 GMT", "Thu, 31 Jun 2050 02:01:18 GMT",
		"Wed, 29 Feb 2023 00:00:00 GMT", "Xyz, 08 Aug 2050 02:01:18 GMT", "Thu, 08 Foo 2050 02:01:18 GMT",
		"Thu, 08 Aug -050 02:01:18 GMT", "Thu, 08 Aug 2050 +2:01:18 GMT", "Thu, 08 Aug 2050 02:01:18GMT.",
		"Sun, 06-Nov-94 08:49:37 GMT", "Sunday, 06 Nov 94 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT",
		"Sunday, 06-Nov-9x 08:49:37 GMT", "Funday, 06-Nov-94 08:49:37 GMT", "Sun Nov   6 8:49:37 1994",
		"Sun Nov  6 08:49:37 199x", "Sun Nov 32 08:49:37 1994", "Sun Nov  0 08:49:37 1994",
		"Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
	} {
		if got, ok := parseDate([]byte(in), noon.Unix()); ok {
			t.Errorf("%q: got %v", in, time.Unix(got, 0).UTC())
		}
	}
}

// RFC 9110 section 5.6.7: "Recipients of a timestamp value in rfc850-date
// format, which uses a two-digit year, MUST interpret a timestamp that appears
// to be more than 50 years in the future as representing the most recent year
// in the past that had the same last two digits."
func TestTwoDigitYears(t *testing.T) {
	for _, tt := range []struct{ digits, now, want int }{
		{94, 2026, 1994}, {50, 2026, 2050}, {76, 2026, 2076}, {77, 2026, 1977}, {26, 2026, 2026},
		{0, 2026, 2000}, {5, 2099, 2105}, {99, 2099, 2099}, {99, 1970, 1999}, {20, 1970, 2020}, {21, 1970, 1921},
	} {
		if got := nearYear(tt.digits, time.Date(tt.now, 7, 1, 0, 0, 0, 0, time.UTC).Unix()); got != tt.want {
			t.Errorf("%02d seen in %d: got %d, want %d", tt.digits, tt.now, got, tt.want)
		}
	}
}

func TestParseDateReadsWhatTheLibraryWrites(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for range 20000 {
		at := noon.Add(time.Duration(random.Int64N(int64(49*365*24*time.Hour))) * time.Duration(random.IntN(3)-1)).Truncate(time.Second)
		for _, layout := range []string{"Mon, 02 Jan 2006 15:04:05 GMT", "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
			in := at.Format(layout)
			if got, ok := parseDate([]byte(in), noon.Unix()); !ok || got != at.Unix() {
				t.Fatalf("%q: got %v, %v", in, time.Unix(got, 0).UTC(), ok)
			}
		}
	}
}
