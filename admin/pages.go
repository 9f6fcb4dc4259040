package admin

import (
	"io"
	"net/http"
)

// pages answers by what was asked for, to the letter: there are no folders
// here and nothing to redirect to.
func pages(o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/metrics":
			o.Metrics.ServeHTTP(w, r)
		case "/healthz":
			say(w, http.StatusOK, "alive")
		case "/readyz":
			if !o.Ready() {
				say(w, http.StatusServiceUnavailable, "draining")
				return
			}
			say(w, http.StatusOK, "serving")
		default:
			say(w, http.StatusNotFound, "there are /metrics, /healthz and /readyz")
		}
	})
}

// say answers with one line of text.
func say(w http.ResponseWriter, status int, line string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, line+"\n")
}
