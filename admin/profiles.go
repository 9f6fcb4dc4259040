package admin

import (
	"fmt"
	"net/http"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	pathProfiles = "/debug/pprof/"

	mostSeconds    = 30 // that a profile may take
	profileSeconds = 10 // unless it is said
	traceSeconds   = 1
)

// profiles gives profiles of the program, one at a time. It does without the
// handlers of net/http/pprof, which would also stand in the default mux.
type profiles struct {
	on   func() bool
	busy sync.Mutex
}

// serve answers a request for a profile by its name.
func (p *profiles) serve(w http.ResponseWriter, r *http.Request, name string) {
	if p.on == nil || !p.on() {
		say(w, http.StatusNotFound, "profiles are off: server.pprof turns them on")
		return
	}
	if r.Method == http.MethodHead {
		say(w, http.StatusOK, "")
		return
	}
	if !p.busy.TryLock() {
		say(w, http.StatusConflict, "another profile is being taken")
		return
	}
	defer p.busy.Unlock()
	switch name {
	case "":
		list(w)
	case "profile":
		during(w, r, profileSeconds, func() error { return pprof.StartCPUProfile(w) }, pprof.StopCPUProfile)
	case "trace":
		during(w, r, traceSeconds, func() error { return trace.Start(w) }, trace.Stop)
	default:
		lookUp(w, r, name)
	}
}

// list says which profiles there are.
func list(w http.ResponseWriter) {
	lines := []string{"profile?seconds=10", "trace?seconds=1"}
	for _, p := range pprof.Profiles() {
		lines = append(lines, fmt.Sprintf("%s?debug=1 (%d)", p.Name(), p.Count()))
	}
	say(w, http.StatusOK, strings.Join(lines, "\n"))
}

// during takes a profile of the next seconds, fewer if nobody waits for it.
func during(w http.ResponseWriter, r *http.Request, standard int, start func() error, stop func()) {
	seconds, ok := number(r, "seconds", standard, 1, mostSeconds)
	if !ok {
		say(w, http.StatusBadRequest, fmt.Sprintf("seconds is a number of 1 to %d", mostSeconds))
		return
	}
	length := time.Duration(seconds) * time.Second
	// A writer that has no deadline needs no later one.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(length + writeTimeout))
	binary(w)
	if err := start(); err != nil {
		say(w, http.StatusConflict, err.Error())
		return
	}
	defer stop()
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// lookUp gives a profile of all that has been.
func lookUp(w http.ResponseWriter, r *http.Request, name string) {
	p := pprof.Lookup(name)
	debug, ok := number(r, "debug", 0, 0, 2)
	switch {
	case p == nil:
		say(w, http.StatusNotFound, "there is no such profile; "+pathProfiles+" lists them")
		return
	case !ok:
		say(w, http.StatusBadRequest, "debug is 0, 1 or 2")
		return
	case name == "heap" && r.URL.Query().Get("gc") != "":
		runtime.GC()
	}
	binary(w)
	if debug > 0 {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	// Whoever asked may be gone.
	_ = p.WriteTo(w, debug)
}

// binary says that what comes is a file.
func binary(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-store")
}

// number returns a number of the query within bounds, and whether it is one.
func number(r *http.Request, name string, standard, least, most int) (int, bool) {
	q := r.URL.Query()
	if !q.Has(name) {
		return standard, true
	}
	n, err := strconv.Atoi(q.Get(name))
	return n, err == nil && n >= least && n <= most
}
