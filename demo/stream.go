package demo

import (
	"fmt"
	"net/http"
	"strconv"
)

// serveStream sends server-sent events, one a second, ?n= of them (10 without,
// at most maxEvents).
func (s *Sample) serveStream(w http.ResponseWriter, r *http.Request) {
	n := 10
	if text := r.URL.Query().Get("n"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		if err != nil || n < 1 || n > maxEvents {
			http.Error(w, "n must be between 1 and "+strconv.Itoa(maxEvents), http.StatusBadRequest)
			return
		}
	}
	w.Header().Set("Content-Type", "text/event-stream")
	rc := http.NewResponseController(w)
	for i := 1; ; i++ {
		if _, err := fmt.Fprintf(w, "id: %d\ndata: {\"sample\":%q,\"event\":%d,\"of\":%d}\n\n", i, s.name, i, n); err != nil {
			return
		}
		if rc.Flush() != nil || i == n || !pause(r, eventPause) {
			return
		}
	}
}
