package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sluice/server"
)

// clock is when the Status of these tests was taken.
var clock = time.Date(2026, 12, 1, 20, 0, 0, 0, time.UTC)

// wellStatus is a Sluice that has nothing to complain of.
func wellStatus() *server.Status {
	s := &server.Status{
		Time: clock, Version: "1.2.3", PID: 4711, Started: clock.Add(-72 * time.Hour), State: "serving",
		Config:    server.Configured{File: "sluice.toml", Loaded: clock.Add(-3 * time.Hour), Reloads: 2},
		Listeners: []server.ListenerStatus{{Key: "http", Address: "[::]:80", Open: 3}, {Key: "https", Address: "[::]:443", Open: 120}},
		Now: server.Rates{Requests: 412, Refused: 3.14, BytesOut: 3_200_000, P50: 3.1, P90: 12.4, P99: 80, InFlight: 12,
			Queued: 1, HitRate: 0.9},
		Sites: []server.SiteStatus{{Name: "shop.example.com", Requests: 1_234_567, Errors: 12}},
		Pools: []server.PoolStatus{{Name: "app", Available: 2, Limit: 100, InFlight: 12, Queued: 1, Upstreams: []server.UpstreamStatus{
			{Address: "10.0.0.2:3001", State: "in", Weight: 1, Share: 1, InFlight: 6, Requests: 600_000, Failures: 3},
			{Address: "10.0.0.2:3002", State: "in", Weight: 2, Share: 1, InFlight: 6, Requests: 634_567},
		}}},
		Certificates: []server.CertificateStatus{{Names: []string{"shop.example.com"}, Source: "acme", NotAfter: clock.Add(60*24*time.Hour + time.Hour)}},
		Cache:        &server.CacheStatus{Copies: 1200, Bytes: 3_000_000, Capacity: 64 << 20, Stale: 7},
		AccessLog:    &server.LogStatus{To: "stdout", Written: 1_234_567},
		Memory:       server.MemoryStatus{Heap: 14_000_000, Goroutines: 140, Descriptors: 130},
		Events:       []server.Event{{Time: clock.Add(-3 * time.Hour), Level: "info", Text: "The configuration was reloaded.", Times: 2}},
	}
	for i := range 60 {
		s.Series.Requests = append(s.Series.Requests, uint32(i*10))
		s.Series.Status2 = append(s.Series.Status2, uint32(i*10))
		s.Series.P99 = append(s.Series.P99, float32(i))
	}
	return s
}

// illStatus is a Sluice that has all there is to complain of.
func illStatus() *server.Status {
	s := wellStatus()
	s.Problems = []server.Problem{
		{Level: "error", Text: "Pool app has no Upstream that answers.", Remedy: "Start one; sluice why says what the last requests met."},
		{Level: "warn", Text: "The access log loses lines.", Remedy: "Look whether its disk is full."},
	}
	s.Config.Restart = []string{"server.cache_memory"}
	s.Sites[0].Maintenance = &server.MaintenanceStatus{Site: "shop.example.com", Since: clock, Until: clock.Add(30 * time.Minute)}
	s.Pools[0] = server.PoolStatus{Name: "app", FailsOpen: true, Shedding: true, Upstreams: []server.UpstreamStatus{
		{Address: "10.0.0.2:3001", State: "in", Weight: 1, Share: 0.4},
		{Address: "10.0.0.2:3002", State: "out", Since: clock.Add(-time.Minute), Until: clock.Add(3 * time.Second),
			Why: "dial: connection refused", Weight: 2, Share: 1, Failures: 17, Set: true},
		{Address: "10.0.0.2:3003", Name: "app.internal", State: "in", Draining: true, Weight: 1, Share: 1},
	}}
	s.Certificates = append(s.Certificates, server.CertificateStatus{Names: []string{"old.example.com"}, Source: "file", NotAfter: clock.Add(-time.Hour)},
		server.CertificateStatus{Names: []string{"new.example.com", "www.new.example.com"}, Source: "acme", NotAfter: clock.Add(50 * time.Hour), Failure: "the CA says no"})
	s.Limits = []server.LimitStatus{{Site: "shop.example.com", Name: "api", Refused: 900, Top: []server.LimitedClient{
		{Client: "203.0.113.7", Refused: 700, Last: clock.Add(-2 * time.Second)}, {Client: "2001:db8::/64", Refused: 200, Last: clock.Add(-time.Minute)}}}}
	s.Failures = []server.FailureStatus{*failure()}
	s.Events = append([]server.Event{{Time: clock.Add(-time.Minute), Level: "error", Text: "Pool app has no Upstream left."}}, s.Events...)
	return s
}

// failure is an Exchange that two Upstreams have failed.
func failure() *server.FailureStatus {
	return &server.FailureStatus{
		Time: clock.Add(-time.Minute), ID: "hj6hhcqft3s2p6tcfag8", Client: "203.0.113.7", Host: "shop.example.com", Method: "GET", Path: "/order",
		Status: 504, Total: 30001.2, Queue: 12, Site: "shop.example.com", Pool: "app", Who: "upstream", Phase: "wait",
		Cause: "connection_read_timeout", Degraded: "json",
		Tries: []server.TryStatus{
			{Upstream: "10.0.0.2:3002", Took: 0.4, Phase: "dial", Cause: "connection_refused", Detail: "connection refused"},
			{Upstream: "10.0.0.2:3001", Took: 30000, Reused: true, Phase: "wait", Cause: "connection_read_timeout"},
		},
		Sentences: []string{"10.0.0.2:3002 refused the connection, so 10.0.0.2:3001 was asked.", "It did not answer within 30 s (response_timeout)."},
		Remedy:    "Look at what 10.0.0.2:3001 does for so long.",
	}
}

// pretend is an admin server that answers as it is told.
type pretend struct {
	status   any
	failures []server.FailureStatus
	log      string // log.access of the configuration; "" is the default
}

// run runs a command against it and returns what it has printed.
func (p pretend) run(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "seconds=60" {
			t.Errorf("asked for %q", r.URL)
		}
		answer(w, p.status)
	})
	mux.HandleFunc("GET /failures", func(w http.ResponseWriter, r *http.Request) {
		if !r.URL.Query().Has("id") {
			if r.URL.RawQuery != "limit=1000" { // all that are remembered
				t.Errorf("asked for %q", r.URL)
			}
			answer(w, p.failures)
			return
		}
		for _, f := range p.failures {
			if f.ID == r.URL.Query().Get("id") {
				answer(w, f)
				return
			}
		}
		http.Error(w, "not remembered", http.StatusNotFound)
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	return runCommandLine(t, s.Listener.Addr().String(), p.log, args...)
}

func answer(w http.ResponseWriter, what any) {
	if text, ok := what.(string); ok {
		fmt.Fprint(w, text)
		return
	}
	json.NewEncoder(w).Encode(what)
}

// runCommandLine runs a command with a configuration that has this admin address.
func runCommandLine(t *testing.T, admin, log string, args ...string) (stdout string, err error) {
	t.Helper()
	c := newCommand()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs(append(args[:1:1], append([]string{"--config", configFile(t, admin, log)}, args[1:]...)...))
	err = c.ExecuteContext(t.Context())
	return out.String(), err
}

// configFile writes a configuration of two Sites.
func configFile(t *testing.T, admin, log string) string {
	t.Helper()
	text := fmt.Sprintf("[server]\nadmin = %q\n", admin)
	if log != "" {
		text += fmt.Sprintf("[log]\naccess = %q\n", log)
	}
	text += `
[[site]]
hosts = ["shop.example.com", "*.shop.example.com"]
tls = "self-signed"
upstream = "app"
[[site]]
hosts = ["www.example.com"]
tls = "self-signed"
upstream = "web"
[upstream.app]
servers = ["127.0.0.1:3001"]
[upstream.web]
servers = ["127.0.0.1:3002"]
`
	file := filepath.Join(t.TempDir(), "sluice.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
