package http1

import (
	"net/http"
	"sync/atomic"
	"time"
)

// dateCache holds the Date field value of the current second, because
// formatting one costs more than the rest of a response head.
type dateCache struct{ current atomic.Pointer[dateText] }

type dateText struct {
	second int64
	text   string
}

// at returns now in the form of RFC 9110 section 5.6.7.
func (d *dateCache) at(now time.Time) string {
	second := now.Unix()
	if c := d.current.Load(); c != nil && c.second == second {
		return c.text
	}
	c := &dateText{second, now.UTC().Format(http.TimeFormat)}
	d.current.Store(c)
	return c.text
}
