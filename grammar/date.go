package grammar

import (
	"net/http"
	"sync/atomic"
	"time"
)

// DateCache holds the Date field value of the current second, because
// formatting one costs more than the rest of a response head. Its zero value
// is ready, and any number of goroutines may use it at once.
type DateCache struct{ current atomic.Pointer[dateText] }

type dateText struct {
	second int64
	text   string
}

// At returns now as an IMF-fixdate, the form of RFC 9110 section 5.6.7.
func (d *DateCache) At(now time.Time) string {
	second := now.Unix()
	if c := d.current.Load(); c != nil && c.second == second {
		return c.text
	}
	c := &dateText{second, now.UTC().Format(http.TimeFormat)}
	d.current.Store(c)
	return c.text
}
