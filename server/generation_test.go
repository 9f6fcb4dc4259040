package server

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/config"
	"sluice/names"
	"sluice/upstream"
)

// built returns what is built of a config.
func built(t *testing.T, text string) (*generation, error) {
	t.Helper()
	cfg, err := config.Parse("test.toml", []byte("[log]\naccess = \"off\"\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(cfg, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return nil, err
	}
	return s.inForce.Load(), nil
}

// retry_budget is "the share of recent requests that may be another Attempt":
// with 0 there is none, also in a quiet Pool.
func TestARetryBudgetOf0IsNone(t *testing.T) {
	for share, want := range map[string]bool{"0": false, "0.0": false, "0.2": true, "1": true} {
		g, err := built(t, plainSite("127.0.0.1:1")+"retry_budget = "+share+"\n")
		if err != nil {
			t.Fatal(err)
		}
		if got := g.pools["main"].Budget.Withdraw(time.Now()); got != want {
			t.Errorf("retry_budget = %s: a retry %v, want %v", share, got, want)
		}
	}
}

func TestPoolsAreBuiltAsConfigured(t *testing.T) {
	g, err := built(t, `
[[site]]
hosts = ["shop.example.com"]
tls = "off"
upstream = "app"
[upstream.app]
servers = ["127.0.0.1:3001-3003", "[::1]:80 weight=7"]
response_timeout = "4s"
retry_on = [503]
fail_on = []
slow_start = "0s"
max_idle = 0
[upstream.app.health]
path = "/healthz"
`)
	if err != nil {
		t.Fatal(err)
	}
	p := g.pools["app"]
	if p.ResponseTimeout != 4*time.Second || p.RetryOn(502) || !p.RetryOn(503) || p.FailOn(503) {
		t.Errorf("pool: %+v", p)
	}
	all := p.Stats().Upstreams
	if len(all) != 4 || all[2].Address != "127.0.0.1:3003" || all[3].Address != "[::1]:80" || all[3].Weight != 7 {
		t.Errorf("upstreams: %v", all)
	}
	cfg, err := config.Parse("test.toml", []byte(plainSite("127.0.0.1:1")+`slow_start = "0s"
max_idle = 0
failures_in_a_row = 0
policy = "least_conn"
[upstream.main.health]
path = "/healthz"
`))
	if err != nil {
		t.Fatal(err)
	}
	c := poolConfig(cfg.Pools[0], checkHost(cfg.Sites, cfg.Pools[0]))
	if s := c.Settings; s.ConnectTimeout != 20*time.Second || s.SlowStart >= 0 || s.MaxIdle >= 0 || s.Evidence.InARow >= 0 || s.Evidence.Share != 0.5 ||
		s.Check.Kind != upstream.CheckHTTP || s.Check.Path != "/healthz" || s.Check.Host != "shop.example.com" || c.Policy != upstream.LeastConn {
		t.Errorf("settings: %+v", c)
	}
}

// A Site without a Route for "/" has one to its own Pool; Routes are tried
// longest first.
func TestSitesHaveARootRoute(t *testing.T) {
	for _, tt := range []struct{ routes, want string }{
		{"", "/=main"},
		{"[[site.route]]\npath = \"/api\"\nupstream = \"127.0.0.1:2\"\n[[site.route]]\npath = \"/api/v1/\"\nupstream = \"127.0.0.1:3\"\n",
			"/api/v1/=127.0.0.1:3 /api=127.0.0.1:2 /=main"},
		{"[[site.route]]\npath = \"/\"\nupstream = \"127.0.0.1:2\"\n", "/=127.0.0.1:2"},
	} {
		cfg, err := config.Parse("test.toml", []byte(plainSite("127.0.0.1:1")+tt.routes))
		if err != nil {
			t.Fatal(err)
		}
		s := &Server{fleet: upstream.NewFleet(nil), names: names.New(names.Options{}), maintenances: newMaintenances("", nil, nil)}
		g, err := s.build(cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range g.sites["shop.example.com"].Routes {
			got = append(got, r.Prefix+"="+r.Pool.Name)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("routes %q, want %q", got, tt.want)
		}
	}
}

// "Its error says what to do about it."
func TestABadDegradedPageIsAnErrorOfItsSite(t *testing.T) {
	page := filepath.Join(t.TempDir(), "degraded.html")
	if err := os.WriteFile(page, []byte("{{request_id}} {{request_id}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := built(t, plainSite("127.0.0.1:1")+"[site.degraded]\nhtml = \""+page+"\"\n")
	if err == nil || !strings.HasPrefix(err.Error(), "test.toml:4: site shop.example.com: html: ") || !strings.Contains(err.Error(), "once") {
		t.Errorf("New: %v", err)
	}
}

// The reopened access log takes the lines that come after the rotation.
func TestTheAccessLogIsReopened(t *testing.T) {
	s := serving(t, "", plainSite(app(t, answering(hello))))
	ask(t, s.HTTP(), get)
	rotated := s.access + ".1"
	if err := os.Rename(s.access, rotated); err != nil {
		t.Fatal(err)
	}
	s.ReopenLogs()
	until(t, "a new file", func() bool { _, err := os.Stat(s.access); return err == nil })
	ask(t, s.HTTP(), get)
	s.stop()
	after := len(s.logged())
	s.access = rotated
	if before := len(s.logged()); before+after != 2 || after == 0 {
		t.Errorf("%d lines before and %d after", before, after)
	}
}
