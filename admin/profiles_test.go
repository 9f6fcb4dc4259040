package admin

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// "pprof behind a switch".
func TestProfiles(t *testing.T) {
	on := true
	r := run(t, Options{Profiles: func() bool { return on }})
	for _, tt := range []struct {
		line   string
		status int
		body   string // part of it
	}{
		{"GET /debug/pprof/", 200, "goroutine?debug=1"},
		{"GET /debug/pprof/heap", 200, "\x1f\x8b"}, // gzip
		{"GET /debug/pprof/heap?gc=1&debug=1", 200, "heap profile"},
		{"GET /debug/pprof/goroutine?debug=2", 200, "goroutine "},
		{"HEAD /debug/pprof/profile", 200, ""},
		{"GET /debug/pprof/profile?seconds=31", 400, "1 to 30"},
		{"GET /debug/pprof/profile?seconds=0", 400, ""},
		{"GET /debug/pprof/trace?seconds=1e9", 400, ""},
		{"GET /debug/pprof/heap?debug=3", 400, ""},
		{"GET /debug/pprof/nowhere", 404, "there is no such profile"},
		{"GET /debug/pprof/cmdline", 404, ""},
		{"GET /debug/pprof", 404, ""},
		{"POST /debug/pprof/heap", 405, ""},
	} {
		response, body := r.ask(tt.line, onThisMachine, "Content-Length: 0")
		if response.StatusCode != tt.status || !strings.Contains(body, tt.body) {
			t.Errorf("%s: %d %.100q, want %d %q", tt.line, response.StatusCode, body, tt.status, tt.body)
		}
	}
	on = false
	if response, body := r.ask("GET /debug/pprof/heap", onThisMachine); response.StatusCode != 404 || !strings.Contains(body, "server.pprof") {
		t.Errorf("off: %d %q", response.StatusCode, body)
	}
}

// "one at a time".
func TestOneProfileAtATime(t *testing.T) {
	p := &profiles{on: func() bool { return true }}
	ask := func(ctx context.Context, name string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		p.serve(w, httptest.NewRequestWithContext(ctx, http.MethodGet, pathProfiles+name, nil), name)
		return w
	}
	p.busy.Lock()
	if w := ask(t.Context(), "heap"); w.Code != 409 {
		t.Errorf("a second one: %d", w.Code)
	}
	p.busy.Unlock()
	if w := ask(t.Context(), "heap"); w.Code != 200 {
		t.Errorf("the next one: %d", w.Code)
	}
}

// A profile takes its seconds, and ends early when nobody waits for it any more.
func TestProfilesOfATime(t *testing.T) {
	r := run(t, Options{Profiles: func() bool { return true }})
	for name, begin := range map[string]string{"profile": "\x1f\x8b", "trace": "go 1."} {
		response, body := r.ask("GET /debug/pprof/"+name+"?seconds=1", onThisMachine)
		if response.StatusCode != 200 || !strings.HasPrefix(body, begin) {
			t.Errorf("%s: %d, %.20q", name, response.StatusCode, body)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	began := time.Now()
	w := httptest.NewRecorder()
	p := &profiles{on: func() bool { return true }}
	p.serve(w, httptest.NewRequestWithContext(gone, http.MethodGet, pathProfiles+"profile?seconds=30", nil), "profile")
	if took := time.Since(began); took > patience {
		t.Errorf("nobody waits, and it took %v", took)
	}
}
