package server

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
)

// saying is an upstream that answers with its name.
func saying(t testing.TB, name string) string {
	return app(t, func(c net.Conn) {
		for readHead(c) != "" {
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(name), name)
		}
	})
}

// pair is a config with a Pool of two Upstreams; more stands behind their
// addresses.
func pair(a, b string) string {
	return fmt.Sprintf("[[site]]\nhosts = [\"shop.example.com\"]\ntls = \"off\"\nupstream = \"main\"\n"+
		"[upstream.main]\nservers = [%q, %q]\nconnect_timeout = \"20s\"\n", a, b)
}

// shares asks n times and returns who answered how often.
func shares(t testing.TB, s *running, n int) map[string]int {
	t.Helper()
	client, got := browser(t, s), map[string]int{}
	for range n {
		_, _, body := fetch(t, client, "http://shop.example.com/")
		got[body]++
	}
	return got
}

// set posts an action on an Upstream.
func set(t *testing.T, s *running, what, upstream, more string) (status int, said string) {
	t.Helper()
	return act(t, "http://"+s.Admin().String()+"/upstream/"+what+"?pool=main&upstream="+url.QueryEscape(upstream)+more, "")
}

// "No new requests go there, none fail"; "set by hand, until restart or undone,
// outlives a reload while the Upstream is there".
func TestAnUpstreamIsDrainedByHand(t *testing.T) {
	a, b := saying(t, "a"), saying(t, "b")
	s := byFile(t, `state_dir = ""`, pair(a, b))
	if got := shares(t, s.running, 20); got["a"] != 10 || got["b"] != 10 {
		t.Fatalf("at first: %v", got)
	}
	if status, said := set(t, s.running, "drain", a, ""); status != 200 || !strings.Contains(said, a+" of the pool main: drained") {
		t.Fatalf("drain: %d %q", status, said)
	}
	only := func(name, when string) {
		t.Helper()
		if got := shares(t, s.running, 20); got[name] != 20 {
			t.Errorf("%s: %v", when, got)
		}
	}
	only("b", "drained")
	var pools []PoolStatus
	look(t, s.running, "/pools", &pools)
	if u := pools[0].Upstreams[0]; !u.Draining || !u.Set || pools[0].Upstreams[1].Set || pools[0].Available != 1 {
		t.Errorf("/pools: %+v", pools[0])
	}
	s.reloads(`state_dir = ""`, pair(a, b)+"response_timeout = \"7s\"\n")
	only("b", "after a reload")

	if status, said := set(t, s.running, "drain", b, ""); status != 409 || !strings.Contains(said, "last upstream of the pool main") || !strings.Contains(said, "--force") {
		t.Errorf("drain of the last one: %d %q", status, said)
	}
	only("b", "refused")
	if status, said := set(t, s.running, "drain", b, "&force=true"); status != 200 {
		t.Errorf("drain by force: %d %q", status, said)
	}
	if status, _, _ := fetch(t, browser(t, s.running), "http://shop.example.com/no/copy"); status != 503 {
		t.Errorf("with nobody left: %d", status)
	}
	for _, u := range []string{a, b} {
		if status, said := set(t, s.running, "undrain", u, ""); status != 200 || !strings.Contains(said, "as in the configuration") {
			t.Errorf("undrain: %d %q", status, said)
		}
	}
	if got := shares(t, s.running, 20); got["a"] != 10 {
		t.Errorf("undone: %v", got)
	}
	if len(s.byHand.set) != 0 {
		t.Errorf("it remembers %v", s.byHand.set)
	}
	if got := strings.Join(codes(s.Events()), " "); !strings.Contains(got, "upstream_set") || !strings.Contains(got, "reload") {
		t.Errorf("events: %s", got)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

func TestAnUpstreamIsWeighedByHand(t *testing.T) {
	a, b := saying(t, "a"), saying(t, "b")
	s := byFile(t, `state_dir = ""`, pair(a, b+" weight=2"))
	for _, tt := range []struct {
		what, upstream, more string
		a                    int // of 30
		weight               int // of a
	}{
		{"weight", b, "&weight=1", 15, 1},
		{"weight", a, "&weight=9", 27, 9},
		{"weight", a, "&weight=0", 0, 0},
		{"undrain", a, "", 15, 1},
		{"weight", b, "&weight=2", 10, 1},
	} {
		if status, said := set(t, s.running, tt.what, tt.upstream, tt.more); status != 200 {
			t.Errorf("%s %s: %d %q", tt.what, tt.more, status, said)
		}
		if got := shares(t, s.running, 30)["a"]; got != tt.a {
			t.Errorf("%s %s: %d of 30, want %d", tt.what, tt.more, got, tt.a)
		}
		if got := s.Pools()[0].Upstreams[0].Weight; got != tt.weight {
			t.Errorf("%s %s: weight %d, want %d", tt.what, tt.more, got, tt.weight)
		}
	}
	if len(s.byHand.set) != 0 {
		t.Errorf("what is as configured is remembered: %v", s.byHand.set)
	}
	set(t, s.running, "weight", a, "&weight=5")
	s.reloads(`state_dir = ""`, pair(b, saying(t, "c")))
	s.reloads(`state_dir = ""`, pair(a, b))
	if got := s.Pools()[0].Upstreams[0]; got.Weight != 1 || got.Set {
		t.Errorf("an Upstream that was away has its weight still: %+v", got)
	}
}

// "Refuse with a sentence that lists the addresses when unknown."
func TestUpstreamsThatCannotBeSet(t *testing.T) {
	a, b := saying(t, "a"), saying(t, "b")
	s := byFile(t, `state_dir = ""`, pair(a, b))
	for _, tt := range []struct {
		path   string
		status int
		said   string
	}{
		{"drain?pool=main&upstream=10.9.9.9:1", 409, `the pool main has no upstream "10.9.9.9:1"; it has ` + a + ", " + b},
		{"drain?pool=other&upstream=" + a, 409, `there is no pool "other"; there are main`},
		{"drain?pool=main", 400, "which upstream?"},
		{"undrain?upstream=" + a, 400, "which upstream?"},
		{"weight?pool=main&upstream=" + a, 400, "which weight?"},
		{"weight?pool=main&upstream=" + a + "&weight=-1", 409, "from 0 to 1000"},
		{"weight?pool=main&upstream=" + a + "&weight=1001", 409, "from 0 to 1000"},
		{"weight?pool=main&upstream=" + a + "&weight=99999999999999999999", 400, "which weight?"},
		{"drain?pool=main&upstream=" + strings.Repeat("x", 400), 400, "which upstream?"},
	} {
		status, said := act(t, "http://"+s.Admin().String()+"/upstream/"+tt.path, "")
		if status != tt.status || !strings.Contains(said, tt.said) {
			t.Errorf("%s: %d %q", tt.path, status, said)
		}
	}
	if got := shares(t, s.running, 20); got["a"] != 10 {
		t.Errorf("it has changed something: %v", got)
	}
}

// What a person is to see of a failure, by the admin server.
func TestFailuresByTheAdminServer(t *testing.T) {
	s := serving(t, `state_dir = ""`, plainSite("127.0.0.1:1"))
	c := dial(t, s.HTTP())
	io.WriteString(c, "GET /cart?secret HTTP/1.1\r\nHost: shop.example.com\r\nRequest-Id: find-me\r\nConnection: close\r\n\r\n")
	io.ReadAll(c)
	var one FailureStatus
	until(t, "the failure is found", func() bool { return look(t, s, "/failures?id=find-me", &one) == 200 })
	if one.Status != 502 && one.Status != 503 || one.Path != "/cart" || len(one.Sentences) < 3 || one.Remedy == "" {
		t.Errorf("%+v", one)
	}
	if len(one.Tries) != 1 || one.Tries[0].Cause != "connection_refused" || one.Tries[0].Upstream != "127.0.0.1:1" {
		t.Errorf("Attempts: %+v", one)
	}
	var none struct{ Error string }
	if status := look(t, s, "/failures?id=lose-me", &none); status != 404 || none.Error == "" {
		t.Errorf("%d %+v", status, none)
	}
	for query, want := range map[string]int{"": 1, "?pool=main": 1, "?pool=other": 0, "?site=shop.example.com&limit=1": 1, "?site=x": 0} {
		var all []FailureStatus
		if look(t, s, "/failures"+query, &all); len(all) != want {
			t.Errorf("/failures%s: %d, want %d", query, len(all), want)
		}
	}
	var events []Event
	look(t, s, "/events", &events)
	if got := strings.Join(codes(events), " "); !strings.Contains(got, "upstream_out") {
		t.Errorf("events: %s", got)
	}
	var status Status
	until(t, "the status shows it", func() bool {
		look(t, s, "/status", &status)
		return len(status.Failures) > 0
	})
	if got := strings.Join(problemCodes(&status), " "); !strings.Contains(got, "pool_empty") || status.Pools[0].Upstreams[0].Why == "" {
		t.Errorf("problems: %s; %+v", got, status.Pools[0])
	}
}
