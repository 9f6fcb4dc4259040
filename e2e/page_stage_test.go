package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"sluice/server"
)

// stage is a server that has the page of a running program, and a status that a
// test says.
type stage struct {
	url string

	mu     sync.Mutex
	status server.Status // guarded by mu
	silent bool          // guarded by mu: it cuts connections instead
	token  string        // guarded by mu: that it wants, if any
	asked  []int         // guarded by mu: the seconds that were asked for
}

// newStage returns one that all is well on.
func newStage(t *testing.T) *stage {
	t.Helper()
	s := start(t, setup{server: withAdmin, upstreams: []string{serve(t, nil).address}})
	program, err := url.Parse(s.adminURL(t))
	if err != nil {
		t.Fatal(err)
	}
	g := &stage{status: calm()}
	page := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(program)
		r.Out.Header.Del("Origin") // which is ours, not the program's
	}}
	mux := http.NewServeMux()
	mux.Handle("/", page)
	mux.HandleFunc("/status", g.tell)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	g.url = server.URL + "/"
	return g
}

// change changes what it plays.
func (g *stage) change(how func(g *stage)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	how(g)
}

// tell answers /status.
func (g *stage) tell(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.silent {
		panic(http.ErrAbortHandler)
	}
	if g.token != "" && r.Header.Get("Authorization") != "Bearer "+g.token {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "a token is needed", http.StatusUnauthorized)
		return
	}
	seconds, err := strconv.Atoi(r.URL.Query().Get("seconds"))
	if err != nil || seconds < 1 || seconds > 300 {
		http.Error(w, "seconds are 1 to 300", http.StatusBadRequest)
		return
	}
	g.asked = append(g.asked, seconds)
	told := g.status
	told.Time = time.Now()
	told.Series = series(told.Time.Unix()-1, seconds, uint32(told.Now.Requests))
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(told) // a page that has gone away misses nothing
}

// series are seconds with so many requests each.
func series(end int64, seconds int, requests uint32) server.Series {
	s := server.Series{End: end}
	for range seconds {
		s.Requests, s.Status2 = append(s.Requests, requests), append(s.Status2, requests)
		s.P50, s.P90, s.P99 = append(s.P50, 12), append(s.P90, 30), append(s.P99, 60)
		s.InFlight, s.Queued = append(s.InFlight, 3), append(s.Queued, 0)
	}
	return s
}

// calm is the status when all is well.
func calm() server.Status {
	now := time.Now()
	return server.Status{
		Version: "1.0.0", PID: 4211, Started: now.Add(-time.Hour).Truncate(time.Second), State: "serving",
		Config:       server.Configured{File: "/etc/sluice/sluice.toml", Loaded: now.Add(-time.Hour)},
		Listeners:    []server.ListenerStatus{{Key: "https", Address: "[::]:443", Open: 12, Idle: 9}},
		Now:          server.Rates{Requests: 120, P50: 12, P90: 30, P99: 60, InFlight: 3, HitRate: 0.75},
		Sites:        []server.SiteStatus{{Name: "shop.example.com", Hosts: []string{"shop.example.com"}, TLS: true, Requests: 90000}},
		Pools:        []server.PoolStatus{{Name: "app", Available: 2, Limit: 100, InFlight: 3, Upstreams: []server.UpstreamStatus{upstreamIn("10.0.0.2:3001"), upstreamIn("10.0.0.2:3002")}}},
		Certificates: []server.CertificateStatus{{Names: []string{"shop.example.com", "*.shop.example.com"}, Issuer: "R11", NotAfter: now.Add(62*24*time.Hour + time.Hour)}},
		Limits:       []server.LimitStatus{{Site: "shop.example.com", Name: "client_ip 10/s"}},
		Cache:        &server.CacheStatus{Copies: 8, Bytes: 4 << 20, Capacity: 128 << 20, Hits: 3, Misses: 1},
		AccessLog:    &server.LogStatus{To: "/var/log/sluice/access.log", Written: 90000},
		Memory:       server.MemoryStatus{Heap: 40 << 20, Limit: 512 << 20, Goroutines: 90, Descriptors: 80},
		Events:       []server.Event{{Time: now.Add(-time.Hour), Level: server.LevelInfo, Code: "serving", Text: "Sluice serves."}},
	}
}

func upstreamIn(address string) server.UpstreamStatus {
	return server.UpstreamStatus{Address: address, State: "in", Since: time.Now().Add(-time.Hour), Weight: 1, Share: 1, InFlight: 1, Requests: 45000}
}

// nasty is what a stranger would like the page to take for a part of it.
const nasty = `/<img src=x onerror="document.title='caught'">{host}[a]</details><script>document.title='caught'</script>`

// troubled is the status when much is wrong at once.
func troubled() server.Status {
	s := calm()
	now := time.Now()
	s.Now.Errors, s.Now.Queued = 3, 7
	s.Problems = []server.Problem{
		{Level: server.LevelError, Code: "upstreams_out", Params: map[string]string{"pool": "app", "out": "1", "of": "2"}, Text: "Pool app: 1 of 2 Upstreams is out of service.", Remedy: "Start the app on 10.0.0.2:3001."},
		{Level: server.LevelWarn, Code: "unheard_of", Text: "Something else is wrong."}}
	s.Pools[0].Available, s.Pools[0].Queued, s.Pools[0].Shedding = 1, 7, true
	s.Pools[0].Upstreams[0] = server.UpstreamStatus{Address: "10.0.0.2:3001", Name: "app.internal.example.com", State: "out", Until: now.Add(time.Hour), Weight: 1,
		Why: "nobody listens there (connect: connection refused)", Requests: 45000, Failures: 9}
	many := server.PoolStatus{Name: "search", Available: 100}
	for n := range 100 {
		many.Upstreams = append(many.Upstreams, upstreamIn(fmt.Sprintf("[2001:db8:1234:5678:9abc:def0:1234:5678]:%d", 3001+n)))
	}
	s.Pools = append(s.Pools, many, server.PoolStatus{Name: "none", Missing: "no such name"})
	s.Sites[0].Maintenance = &server.MaintenanceStatus{Site: "shop.example.com", Until: now.Add(time.Hour)}
	s.Certificates = append(s.Certificates, server.CertificateStatus{Names: []string{"api.example.com"}, Failure: "refused by CAA", Remedy: "Allow the CA."},
		server.CertificateStatus{Names: []string{"old.example.com"}, NotAfter: now.Add(-time.Hour)})
	s.Limits[0].Refused, s.Limits[0].Top = 9, []server.LimitedClient{{Client: "2001:db8:1234:5678::/64", Refused: 9, Last: now}}
	s.Rooms = []server.RoomStatus{{Site: "shop.example.com", Waiting: 1200, Entered: 18000}}
	s.Failures = []server.FailureStatus{
		{Time: now, ID: "0123456789abcdef", Client: "203.0.113.9", Host: "shop.example.com", Method: "GET", Path: nasty, Status: 502, Total: 251, Pool: "app",
			Who: "upstream", Phase: "dial", Cause: "connection_refused", Detail: "<b>connect: connection refused</b>",
			Tries:     []server.TryStatus{{Upstream: "10.0.0.2:3001", Took: 0.3, Phase: "dial", Cause: "connection_refused"}},
			Sentences: []string{"203.0.113.9 asked for GET shop.example.com" + nasty + ".", "The client got status 502."}, Remedy: "Start the app."},
		{Time: now, ID: "$(reboot)", Method: "POST", Host: "shop.example.com", Path: "/" + string(make([]byte, 300)), Status: 503, Who: "sluice", Phase: "queue", Cause: "queue_timeout", Degraded: "html"}}
	s.Events = append([]server.Event{
		{Time: now, Level: server.LevelError, Code: "upstream_out", Params: map[string]string{"pool": "app", "upstream": "10.0.0.2:3001", "why": s.Pools[0].Upstreams[0].Why}, Text: "Upstream 10.0.0.2:3001 is out.", Times: 3},
		{Time: now, Level: server.LevelWarn, Code: "unheard_of", Text: nasty}}, s.Events...)
	return s
}
