package grammar

import (
	"testing"
	"time"
)

// RFC 9110 section 5.6.7: an IMF-fixdate is "Sun, 06 Nov 1994 08:49:37 GMT",
// in GMT whatever the local time is.
func TestDateCacheIsTheSecondThatItIsAskedFor(t *testing.T) {
	var d DateCache
	at := time.Date(1994, 11, 6, 9, 49, 37, 999, time.FixedZone("CET", 3600))
	for _, tt := range []struct {
		now  time.Time
		want string
	}{
		{at, "Sun, 06 Nov 1994 08:49:37 GMT"},
		{at.Add(time.Millisecond), "Sun, 06 Nov 1994 08:49:37 GMT"},
		{at.Add(time.Second), "Sun, 06 Nov 1994 08:49:38 GMT"},
		{at, "Sun, 06 Nov 1994 08:49:37 GMT"}, // the clock was set back
	} {
		if got := d.At(tt.now); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.now, got, tt.want)
		}
	}
}
