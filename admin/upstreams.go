package admin

import (
	"net/http"
	"strconv"
)

// maxAddress is the longest name of a Pool or an Upstream that is asked for.
const maxAddress = 300

// drain does what /upstream/drain?pool=NAME&upstream=ADDRESS asks for, also for
// the last one of the Pool if force=true is there, and undrain the contrary.
func drain(w http.ResponseWriter, r *http.Request, do func(pool, upstream string, drained, force bool) (string, error), drained bool) {
	pool, upstream, force, ok := upstreamAsked(w, r)
	if !ok {
		return
	}
	said, err := do(pool, upstream, drained, force)
	sayWhatCame(w, said, err)
}

// weigh does what /upstream/weight?pool=NAME&upstream=ADDRESS&weight=N asks for.
func weigh(w http.ResponseWriter, r *http.Request, do func(pool, upstream string, weight int, force bool) (string, error)) {
	pool, upstream, force, ok := upstreamAsked(w, r)
	if !ok {
		return
	}
	weight, err := strconv.Atoi(r.URL.Query().Get("weight"))
	if err != nil {
		say(w, http.StatusBadRequest, "which weight? "+r.URL.Path+"?pool=app&upstream=10.0.0.2:3000&weight=5")
		return
	}
	said, err := do(pool, upstream, weight, force)
	sayWhatCame(w, said, err)
}

// upstreamAsked returns the Upstream that is asked for. If there is none, that
// has been answered.
func upstreamAsked(w http.ResponseWriter, r *http.Request) (pool, upstream string, force, ok bool) {
	q := r.URL.Query()
	pool, upstream = q.Get("pool"), q.Get("upstream")
	if pool == "" || upstream == "" || len(pool) > maxAddress || len(upstream) > maxAddress {
		say(w, http.StatusBadRequest, "which upstream? "+r.URL.Path+"?pool=app&upstream=10.0.0.2:3000")
		return "", "", false, false
	}
	return pool, upstream, q.Get("force") == "true", true
}
