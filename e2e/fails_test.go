package e2e

import (
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// threeProcesses starts three upstream processes.
func threeProcesses(t *testing.T) (ups [3]*process, addresses []string) {
	t.Helper()
	for i := range ups {
		ups[i] = startProcess(t, reserve(t))
		addresses = append(addresses, ups[i].address)
	}
	return ups, addresses
}

// beside runs f beside an open loop of requests, and returns what came of them.
func beside(t *testing.T, s *sluice, method string, length time.Duration, f func()) []asked {
	t.Helper()
	results := make(chan []asked, 1)
	go func() { results <- openLoop(t, s, method, 4*time.Millisecond, length) }()
	f()
	return <-results
}

// "kill -9 one: 0 client errors"
func TestKillOneOfThree(t *testing.T) {
	ups, addresses := threeProcesses(t)
	s := start(t, setup{upstreams: addresses})
	all := beside(t, s, "GET", 2*time.Second, func() {
		eventually(t, patience, "all serve", func() bool { return askOnce(s.http, "GET", time.Now()).status == 200 })
		ups[1].kill()
	})
	for _, words := range bad(all) {
		t.Error(words)
	}
}

// "SIGSTOP one (accepts, never answers): errors only for requests that may not
// be tried again, none after it is out"
func TestStopOneOfThree(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			ups, addresses := threeProcesses(t)
			s := start(t, setup{upstreams: addresses, pool: `response_timeout = "500ms"`})
			var out time.Time
			all := beside(t, s, method, 3*time.Second, func() {
				eventually(t, patience, "all serve", func() bool { return askOnce(s.http, "GET", time.Now()).status == 200 })
				ups[1].cmd.Process.Signal(syscall.SIGSTOP)
				defer ups[1].cmd.Process.Signal(syscall.SIGCONT)
				eventually(t, patience, "it is out", func() bool { return s.stderr.has("upstream is out") })
				out = time.Now()
			})
			for _, a := range all {
				switch {
				case a.err == nil && a.status == 200:
				case method == "GET":
					t.Errorf("GET at %s: status %d, %v", a.at.Format("05.000"), a.status, a.err)
				case a.at.After(out):
					t.Errorf("POST at %s, after it was out at %s: status %d, %v", a.at.Format("05.000"), out.Format("05.000"), a.status, a.err)
				}
			}
			if n := len(bad(all)); method == "POST" && n == 0 {
				t.Error("no POST failed: nothing was stopped")
			}
		})
	}
}

// "rolling restart of all three: 0 errors"
func TestRollingRestart(t *testing.T) {
	ups, addresses := threeProcesses(t)
	s := start(t, setup{upstreams: addresses})
	all := beside(t, s, "GET", 5*time.Second, func() {
		for _, up := range ups {
			up.kill()
			up.start()
			eventually(t, patience, "it is back", func() bool {
				return strings.Count(s.stderr.text(), "upstream is back") == strings.Count(s.stderr.text(), "upstream is out")
			})
		}
	})
	for _, words := range bad(all) {
		t.Error(words)
	}
}

// "all killed: [...] first good answer ≤ 1 s after one is back"
func TestFirstAnswerAfterAllWereDead(t *testing.T) {
	ups, addresses := threeProcesses(t)
	s := start(t, setup{upstreams: addresses})
	for _, up := range ups {
		up.kill()
	}
	eventually(t, patience, "it is known that all are dead", func() bool { return askOnce(s.http, "GET", time.Now()).status == 503 })
	ups[2].start()
	back := time.Now()
	eventually(t, patience, "a good answer", func() bool { return askOnce(s.http, "GET", time.Now()).status == 200 })
	if took := time.Since(back); took > time.Second {
		t.Errorf("the first good answer came after %v", took)
	}
}

// "a blackholed address (SYN dropped; network namespace or full backlog): the
// request is answered through another within connect_timeout + 20 ms"
func TestBlackholedUpstream(t *testing.T) {
	const timeout = 200 * time.Millisecond
	hole := blackhole(t)
	up := serve(t, nil)
	longest := time.Hour // the best of a few, for the machine may be busy
	for range 20 {
		s := start(t, setup{upstreams: []string{hole, up.address}, pool: `connect_timeout = "200ms"`})
		took := time.Duration(0)
		for range 2 { // one of the two is for the hole
			a := askOnce(s.http, "GET", time.Now())
			if a.err != nil || a.status != 200 {
				t.Fatalf("status %d, %v", a.status, a.err)
			}
			took = max(took, a.took)
		}
		if longest = min(longest, took); longest < timeout {
			t.Fatalf("answered within %v: nothing was blackholed", took)
		}
		if longest <= timeout+20*time.Millisecond {
			return
		}
	}
	t.Errorf("answered within %v at best, want %v and 20 ms", longest, timeout)
}

// Health checks by HTTP, the whole way: the check has the Site's host, takes
// out, brings back, and the pool of one fails open and says so.
func TestHealthChecksByHTTP(t *testing.T) {
	t.Parallel()
	var sick atomic.Bool
	hosts := make(chan string, 1000)
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			select {
			case hosts <- r.Host:
			default:
			}
			if sick.Load() {
				w.WriteHeader(503)
			}
			return
		}
		if sick.Load() {
			w.WriteHeader(500)
		}
	})
	s := start(t, setup{server: "debug = true", upstreams: []string{up.address}, pool: "[upstream.app.health]\npath = \"/healthz\"\ninterval = \"100ms\""})
	if got := receive(t, "a check", hosts); got != host {
		t.Errorf("a check has Host %q, want that of the Site", got)
	}
	sick.Store(true)
	eventually(t, patience, "the log says that it is out, and why", func() bool {
		return s.stderr.has("upstream is out") && s.stderr.has("health check: status 503") && s.stderr.has("pool fails open")
	})
	a := get(t, s.client(), secure+"/")
	if a.StatusCode != 500 || !strings.Contains(a.Header.Get("Proxy-Status"), "fails open") {
		t.Errorf("of a pool that fails open: status %d, want the upstream's own; Proxy-Status %q", a.StatusCode, a.Header.Get("Proxy-Status"))
	}
	sick.Store(false)
	eventually(t, patience, "it is back", func() bool { return s.stderr.has("upstream is back") })
}

// "A watched file (one address a line) [...]: empty watched file, half-written
// watched file: clear errors, running state kept."
func TestWatchedFile(t *testing.T) {
	t.Parallel()
	a, b := serve(t, nil), serve(t, nil)
	file := t.TempDir() + "/servers.txt"
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# ours\n" + a.address + "\n")
	s := start(t, setup{more: "[upstream.app]\nslow_start = \"0s\"\nservers_file = \"" + file + "\"\n"})
	c := s.client()
	who := func() string { return get(t, c, secure+"/").Header.Get("X-Upstream") }
	if got := who(); got != a.address {
		t.Fatalf("answered by %s", got)
	}
	write(a.address + "\n" + b.address + " weight=2\n")
	eventually(t, patience, "the second serves", func() bool { return who() == b.address })
	for name, text := range map[string]string{
		"empty":        "",
		"half-written": a.address + "\n127.0.0.1:80",
		"wrong":        "127.0.0.1\n" + b.address + "\n",
	} {
		before := strings.Count(s.stderr.text(), "what was known stays")
		write(text)
		eventually(t, patience, name+" is told", func() bool {
			return strings.Count(s.stderr.text(), "what was known stays") > before
		})
		seen := map[string]bool{}
		for range 6 {
			seen[who()] = true
		}
		if !seen[a.address] || !seen[b.address] {
			t.Errorf("%s: answered by %v", name, seen)
		}
		write(a.address + "\n" + b.address + "\n")
		eventually(t, patience, "it is right again", func() bool {
			return strings.Count(s.stderr.text(), "looked up again") > before
		})
	}
	write(b.address + "\n")
	eventually(t, patience, "the first has gone", func() bool {
		for range 4 {
			if who() == a.address {
				return false
			}
		}
		return true
	})
}

// "a start with the resolver dead works from stored addresses", and without
// any it "starts with a degraded Pool and a clear message".
func TestStartWithoutResolver(t *testing.T) {
	t.Parallel()
	up := serve(t, nil)
	_, port, _ := strings.Cut(up.address, ":")
	state := t.TempDir()
	first := start(t, setup{server: "state_dir = \"" + state + "\"", upstreams: []string{"localhost:" + port}})
	if a := askOnce(first.http, "GET", time.Now()); a.status != 200 {
		t.Skipf("skipped: localhost leads nowhere here: status %d, %v", a.status, a.err)
	}
	stored := ""
	eventually(t, patience, "the answer is stored", func() bool {
		entries, err := os.ReadDir(state + "/names")
		if err == nil && len(entries) == 1 && !strings.HasSuffix(entries[0].Name(), ".tmp") {
			stored = entries[0].Name()
		}
		return stored != ""
	})
	text, err := os.ReadFile(state + "/names/" + stored)
	if err != nil {
		t.Fatal(err)
	}
	// The same for a name that no resolver knows (RFC 6761 section 6.4).
	const unknown = "app.invalid"
	to := strings.ReplaceAll(stored, "localhost", unknown)
	if err := os.WriteFile(state+"/names/"+to, []byte(strings.ReplaceAll(string(text), "localhost", unknown)), 0o600); err != nil {
		t.Fatal(err)
	}
	second := start(t, setup{server: "state_dir = \"" + state + "\"", upstreams: []string{unknown + ":" + port}})
	if a := askOnce(second.http, "GET", time.Now()); a.status != 200 {
		t.Errorf("from the stored answer: status %d, %v\n%s", a.status, a.err, second.stderr.text())
	}
	began := time.Now()
	third := start(t, setup{server: "state_dir = \"\"", upstreams: []string{unknown + ":" + port}})
	if took := time.Since(began); took > 2*time.Second+patience {
		t.Errorf("the start took %v", took)
	}
	a := get(t, third.client(), secure+"/", "Accept: application/json")
	if status := a.Header.Get("Proxy-Status"); a.StatusCode != 502 && a.StatusCode != 503 && a.StatusCode != 504 || !strings.Contains(status, "error=dns_") {
		t.Errorf("without any answer: status %d, Proxy-Status %q", a.StatusCode, status)
	}
	if !third.stderr.has("begin without upstreams") {
		t.Errorf("the log does not say so:\n%s", third.stderr.text())
	}
}
