package admin

import (
	"io"
	"net/http"
)

// maxSeconds is how long the series of a status may be.
const maxSeconds = 300

// Asked is what the failures are asked for. What is empty does not matter.
type Asked struct {
	Site, Pool string
	Most       int
}

const (
	someFailures = 100 // when nobody says how many
	maxFailures  = 1000
	maxID        = 128
)

// showStatus does what /status?seconds=60 asks for.
func showStatus(w http.ResponseWriter, r *http.Request, status func(seconds int) []byte) {
	seconds, ok := number(r, "seconds", 0, 1, maxSeconds)
	if !ok {
		say(w, http.StatusBadRequest, "seconds is a number from 1 to 300, such as /status?seconds=60")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.Write(status(seconds)) // which others write at the same time: nothing is appended to it
	io.WriteString(w, "\n")
}

// showFailures does what /failures?id=ID asks for, or
// /failures?pool=NAME&site=HOST&limit=100.
func showFailures(w http.ResponseWriter, r *http.Request, o *Options) {
	q := r.URL.Query()
	if id := q.Get("id"); q.Has("id") {
		one, found := any(nil), false
		if len(id) <= maxID {
			one, found = o.Failure(id)
		}
		if !found {
			showAs(w, http.StatusNotFound, struct {
				Error string `json:"error"`
			}{"no failed request with this id is remembered: it went well, or it was too long ago, or the id is another one"})
			return
		}
		show(w, one)
		return
	}
	most, ok := number(r, "limit", someFailures, 1, maxFailures)
	if !ok {
		say(w, http.StatusBadRequest, "limit is a number from 1 to 1000, such as /failures?limit=10")
		return
	}
	show(w, o.Failures(Asked{Site: q.Get("site"), Pool: q.Get("pool"), Most: most}))
}
