package admin

import "net/http"

// The paths that do something when they are posted to, and only then.
const (
	actionRenew            = "/certs/renew"
	actionBeginMaintenance = "/maintenance/on"
	actionEndMaintenance   = "/maintenance/off"
	actionPurge            = "/cache/purge"
	actionReload           = "/reload"
	actionUpgrade          = "/upgrade"
	actionDrain            = "/upstream/drain"
	actionUndrain          = "/upstream/undrain"
	actionWeight           = "/upstream/weight"
)

// isAction reports whether a path is one of these.
func isAction(path string) bool {
	switch path {
	case actionRenew, actionBeginMaintenance, actionEndMaintenance, actionPurge, actionReload, actionUpgrade,
		actionDrain, actionUndrain, actionWeight:
		return true
	}
	return false
}

// actions returns what each of them does.
func actions(o Options) map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		actionRenew:            func(w http.ResponseWriter, r *http.Request) { renew(w, r, o.Renew) },
		actionBeginMaintenance: func(w http.ResponseWriter, r *http.Request) { beginMaintenance(w, r, o.BeginMaintenance) },
		actionEndMaintenance:   func(w http.ResponseWriter, r *http.Request) { endMaintenance(w, r, o.EndMaintenance) },
		actionReload:           func(w http.ResponseWriter, r *http.Request) { reload(w, r, o.Reload) },
		actionUpgrade:          func(w http.ResponseWriter, r *http.Request) { upgrade(w, r, o.Upgrade) },
		actionPurge:            func(w http.ResponseWriter, r *http.Request) { purge(w, r, o.Purge) },
		actionDrain:            func(w http.ResponseWriter, r *http.Request) { drain(w, r, o.Drain, true) },
		actionUndrain:          func(w http.ResponseWriter, r *http.Request) { drain(w, r, o.Drain, false) },
		actionWeight:           func(w http.ResponseWriter, r *http.Request) { weigh(w, r, o.Weigh) },
	}
}

// maxName is the longest name of a host that is asked for.
const maxName = 255

// renew does what /certs/renew?name=HOST asks for.
func renew(w http.ResponseWriter, r *http.Request, do func(name string) error) {
	name := r.URL.Query().Get("name")
	if name == "" || len(name) > maxName {
		say(w, http.StatusBadRequest, "which name? /certs/renew?name=shop.example.com")
		return
	}
	if err := do(name); err != nil {
		say(w, http.StatusConflict, err.Error())
		return
	}
	say(w, http.StatusAccepted, name+": is being ordered")
}
