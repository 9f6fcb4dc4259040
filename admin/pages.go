package admin

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// pages answers by what was asked for, to the letter: there are no folders
// here and nothing to redirect to.
func pages(o Options) http.Handler {
	do, page, taken := actions(o), livePage(), &profiles{on: o.Profiles}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/metrics":
			o.Metrics.ServeHTTP(w, r)
		case "/status":
			showStatus(w, r, o.Status)
		case "/events":
			show(w, o.Events())
		case "/failures":
			showFailures(w, r, &o)
		case "/pools":
			show(w, o.Pools())
		case "/limits":
			show(w, o.Limits())
		case "/certs":
			show(w, o.Certificates())
		case "/maintenance":
			show(w, o.Maintenance())
		case "/cache":
			showCache(w, o.Cache)
		case "/config":
			show(w, o.Config())
		case "/healthz":
			say(w, http.StatusOK, "alive")
		case "/readyz":
			if !o.Ready() {
				say(w, http.StatusServiceUnavailable, "draining")
				return
			}
			say(w, http.StatusOK, "serving")
		default:
			if isPage(r.URL.Path) {
				page.ServeHTTP(w, r)
				return
			}
			if act := do[r.URL.Path]; act != nil {
				act(w, r)
				return
			}
			if name, ok := strings.CutPrefix(r.URL.Path, pathProfiles); ok {
				taken.serve(w, r, name)
				return
			}
			say(w, http.StatusNotFound, "there are the page at /, and /status, /events, /failures, /pools, /limits, /certs, /maintenance, /cache, /config, /metrics, /healthz and /readyz")
		}
	})
}

// show answers with v as JSON.
func show(w http.ResponseWriter, v any) { showAs(w, http.StatusOK, v) }

// showAs is show with a status.
func showAs(w http.ResponseWriter, status int, v any) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		say(w, http.StatusInternalServerError, "this cannot be shown")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(append(text, '\n'))
}

// say answers with one line of text.
func say(w http.ResponseWriter, status int, line string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, line+"\n")
}
