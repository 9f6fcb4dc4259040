package admin

import (
	"net/http"
	"time"
)

// beginMaintenance does what /maintenance/on?site=HOST&until=TIME asks for; the
// time is of RFC 3339 and may be left out.
func beginMaintenance(w http.ResponseWriter, r *http.Request, do func(site string, until time.Time) (string, error)) {
	site, ok := siteAsked(w, r)
	if !ok {
		return
	}
	var until time.Time
	if text := r.URL.Query().Get("until"); text != "" {
		var err error
		if until, err = time.Parse(time.RFC3339, text); err != nil {
			say(w, http.StatusBadRequest, "until is a time with its zone, such as 2026-12-01T20:00:00+08:00")
			return
		}
	}
	said, err := do(site, until)
	sayWhatCame(w, said, err)
}

// endMaintenance does what /maintenance/off?site=HOST asks for.
func endMaintenance(w http.ResponseWriter, r *http.Request, do func(site string) (string, error)) {
	if site, ok := siteAsked(w, r); ok {
		said, err := do(site)
		sayWhatCame(w, said, err)
	}
}

// siteAsked returns the Site that is asked for. If there is none, that has been
// answered.
func siteAsked(w http.ResponseWriter, r *http.Request) (site string, ok bool) {
	site = r.URL.Query().Get("site")
	if site == "" || len(site) > maxName {
		say(w, http.StatusBadRequest, "which site? "+r.URL.Path+"?site=shop.example.com")
		return "", false
	}
	return site, true
}

// sayWhatCame answers with what an action says, or why it was not done.
func sayWhatCame(w http.ResponseWriter, said string, err error) {
	if err != nil {
		say(w, http.StatusConflict, err.Error())
		return
	}
	say(w, http.StatusOK, said)
}
