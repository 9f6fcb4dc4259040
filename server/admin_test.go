package server

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"sluice/config"
)

// bothSite is a Site in plain and over TLS.
func bothSite(upstream string) string {
	return `
[[site]]
hosts = ["shop.example.com"]
tls = "self-signed"
redirect = false
upstream = "main"
` + pool("main", upstream)
}

// browser returns a client that speaks HTTP/1.1 to http: and HTTP/2 to https:,
// whatever the name in the URL.
func browser(t testing.TB, s *running) *http.Client {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			to := s.HTTP()
			if strings.HasSuffix(address, ":443") {
				to = s.HTTPS()
			}
			return new(net.Dialer).DialContext(ctx, network, to.String())
		},
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		ForceAttemptHTTP2: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// fetch gets a URL and returns its status, and its body.
func fetch(t testing.TB, c *http.Client, url string) (status int, proto, body string) {
	t.Helper()
	r, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	all, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, r.Proto, string(all)
}

// shows waits until the metrics have all these lines: an Exchange is counted
// after its client has the answer.
func shows(t testing.TB, s *running, lines ...string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		_, _, page := fetch(t, http.DefaultClient, "http://"+s.Admin().String()+"/metrics")
		missing := ""
		for _, l := range lines {
			if !strings.Contains(page, "\n"+l+"\n") {
				missing += l + "\n"
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("missing:\n%s\nin:\n%s", missing, page)
		}
	}
}

func TestMetricsOfBothWires(t *testing.T) {
	upstream := app(t, answering(hello))
	s := serving(t, "", bothSite(upstream))
	client := browser(t, s)
	for range 3 {
		if _, proto, body := fetch(t, client, "http://shop.example.com/"); proto != "HTTP/1.1" || body != "hello" {
			t.Fatalf("%s %q", proto, body)
		}
	}
	for range 2 {
		if _, proto, body := fetch(t, client, "https://shop.example.com/"); proto != "HTTP/2.0" || body != "hello" {
			t.Fatalf("%s %q", proto, body)
		}
	}
	fetch(t, client, "http://other.example.com/") // 421
	shows(t, s,
		`sluice_exchanges_total{class="2xx",protocol="HTTP/1.1",site="shop.example.com"} 3`,
		`sluice_exchanges_total{class="2xx",protocol="HTTP/2",site="shop.example.com"} 2`,
		`sluice_exchanges_total{class="4xx",protocol="HTTP/1.1",site=""} 1`,
		`sluice_exchange_duration_seconds_count{site="shop.example.com"} 5`,
		`sluice_failures_total{cause="misdirected"} 1`,
		`sluice_attempts_total 5`,
		`sluice_connections_accepted_total{listener="http"} 2`,
		`sluice_connections_accepted_total{listener="https"} 1`,
		`sluice_connections_open{listener="https"} 1`,
		`sluice_pool_available{pool="main"} 1`,
		`sluice_upstream_up{pool="main",upstream="`+upstream+`"} 1`,
		`sluice_upstream_attempts_total{pool="main",upstream="`+upstream+`"} 5`,
		`sluice_upstream_failures_total{pool="main",upstream="`+upstream+`"} 0`,
		`sluice_access_log_failing 0`,
		`sluice_access_log_lines_total{outcome="dropped"} 0`,
		`sluice_http2_connections_total 1`,
		`sluice_http2_streams_total 2`,
		`sluice_http2_resets_total 0`,
		`sluice_http2_refused_streams_total 0`,
		`sluice_http2_stream_errors_total 0`,
		`sluice_http2_stalled_total 0`,
		`sluice_http2_violations_total 0`,
		`sluice_http2_abuse_total{kind="resets"} 0`,
		`sluice_http2_abuse_total{kind="errors"} 0`,
		`sluice_http2_abuse_total{kind="head"} 0`,
		`sluice_http2_abuse_total{kind="frames"} 0`,
	)
	if s.diary.has("a number is missing") {
		t.Error(s.diary)
	}
}

// Failures and Degraded answers are counted, and the access log may be off.
func TestMetricsWithoutAnAccessLog(t *testing.T) {
	cfg, err := config.Parse("test.toml", []byte(`
[server]
http = "127.0.0.1:0"
https = ""
admin = "127.0.0.1:0"
[log]
access = "off"
`+plainSite("127.0.0.1:1")))
	if err != nil {
		t.Fatal(err)
	}
	s := &running{t: t, diary: &diary{}}
	if s.Server, err = New(cfg, slog.New(slog.NewTextHandler(s.diary, nil))); err != nil {
		t.Fatal(err)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.Listen(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.run()
	if status, _, _ := fetch(t, browser(t, s), "http://shop.example.com/"); status != 503 {
		t.Errorf("status %d", status)
	}
	shows(t, s,
		`sluice_exchanges_total{class="5xx",protocol="HTTP/1.1",site="shop.example.com"} 1`,
		`sluice_failures_total{cause="destination_unavailable"} 1`,
		`sluice_degraded_total{kind="json"} 1`)
}

// "/readyz: 503 while draining", from the beginning of the drain to its end.
func TestADrainIsNotReady(t *testing.T) {
	upstream, reached, answer := slowApp(t)
	s := serving(t, "", plainSite(upstream))
	ready := func() int {
		status, _, _ := fetch(t, http.DefaultClient, "http://"+s.Admin().String()+"/readyz")
		return status
	}
	if got := ready(); got != 200 {
		t.Errorf("readyz while serving: %d", got)
	}
	until(t, "the log says where admin is", func() bool { return s.diary.has("admin=" + s.Admin().String()) })
	c := dial(t, s.HTTP())
	io.WriteString(c, get)
	within(t, "the request", reached)
	s.cancel()
	until(t, "readyz says so", func() bool { return ready() == 503 })
	if status, _, _ := fetch(t, http.DefaultClient, "http://"+s.Admin().String()+"/healthz"); status != 200 {
		t.Errorf("healthz in the drain: %d", status)
	}
	shows(t, s, `sluice_upstream_in_flight{pool="main",upstream="`+upstream+`"} 1`)
	answer <- true
	if err := s.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if left := leaked(); left != "" {
		t.Errorf("goroutines after Run:\n%s", left)
	}
	if c, err := net.Dial("tcp", s.Admin().String()); err == nil {
		c.Close()
		t.Error("admin still listens")
	}
}

func TestAnAdminAddressThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cfg, err := config.Parse("test.toml", []byte("[server]\nhttp = \"127.0.0.1:0\"\nhttps = \"\"\nadmin = \""+
		taken.Addr().String()+"\"\n[log]\naccess = \"off\"\n"+plainSite("127.0.0.1:1")))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Listen(context.Background())
	if err == nil || !strings.Contains(err.Error(), "server.admin: listen on ") || !strings.Contains(err.Error(), "another program has port") {
		t.Errorf("Listen: %v", err)
	}
	if c, err := net.Dial("tcp", s.HTTP().String()); err == nil {
		c.Close()
		t.Error("the Listener still listens")
	}
}

func TestAdminThatIsOffOrNeverRan(t *testing.T) {
	off := listening(t, `admin = ""`, plainSite("127.0.0.1:1"))
	off.Close()
	if off.Admin() != nil || text(off.Admin()) != "off" {
		t.Errorf("admin is off and has the address %v", off.Admin())
	}
	idle := listening(t, "", plainSite("127.0.0.1:1"))
	idle.Close()
	if c, err := net.Dial("tcp", idle.Admin().String()); err == nil {
		c.Close()
		t.Error("it still listens")
	}
}
