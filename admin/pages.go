package admin

import (
	"encoding/json"
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
		case "/certs":
			show(w, o.Certificates())
		case actionRenew:
			renew(w, r, o.Renew)
		case "/healthz":
			say(w, http.StatusOK, "alive")
		case "/readyz":
			if !o.Ready() {
				say(w, http.StatusServiceUnavailable, "draining")
				return
			}
			say(w, http.StatusOK, "serving")
		default:
			say(w, http.StatusNotFound, "there are /metrics, /healthz, /readyz and /certs")
		}
	})
}

// actionRenew has a certificate ordered anew.
const actionRenew = "/certs/renew"

// isAction reports whether a path does something when it is posted to.
func isAction(path string) bool { return path == actionRenew }

// renew does what /certs/renew?name=HOST asks for.
func renew(w http.ResponseWriter, r *http.Request, do func(name string) error) {
	name := r.URL.Query().Get("name")
	if name == "" || len(name) > 255 {
		say(w, http.StatusBadRequest, "which name? /certs/renew?name=shop.example.com")
		return
	}
	if err := do(name); err != nil {
		say(w, http.StatusConflict, err.Error())
		return
	}
	say(w, http.StatusAccepted, name+": is being ordered")
}

// show answers with v as JSON.
func show(w http.ResponseWriter, v any) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		say(w, http.StatusInternalServerError, "this cannot be shown")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
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
