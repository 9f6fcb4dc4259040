package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// smallest is the smallest configuration of this version.
const smallest = `
[[site]]
hosts    = ["shop.example.com"]
tls      = "self-signed"
upstream = "127.0.0.1:8080"
`

// parse returns the Config of a text that must be right.
func parse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("sluice.toml", []byte(text))
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	c.lines = lines{} // what is said elsewhere is no other Config
	return c
}

// "The four-line config must work".
func TestFourLineConfig(t *testing.T) {
	c := parse(t, `[[site]]
hosts    = ["shop.example.com"]
upstream = "127.0.0.1:8080"
`)
	if c.Sites[0].TLS.Mode != TLSAuto || c.ACME.Directory.URL != "https://acme-v02.api.letsencrypt.org/directory" {
		t.Errorf("got %+v, %+v", c.Sites[0].TLS, c.ACME)
	}
}

// The defaults of the contract, written out once more.
func TestDefaults(t *testing.T) {
	want := &Config{
		File: "sluice.toml",
		Server: Server{
			HTTP:  Address{On: true, Port: 80},
			HTTPS: Address{On: true, Port: 443},
			Admin: Address{On: true, IP: netip.MustParseAddr("127.0.0.1"), Port: 9180}, AdminSocketMode: 0o600,
			HeaderTimeout: 10 * time.Second,
			BodyTimeout:   30 * time.Second,
			IdleTimeout:   75 * time.Second,
			StreamTimeout: time.Hour,
			DrainTimeout:  30 * time.Second,
			MaxHeader:     32768,
			MaxFields:     128,
			CacheMemory:   64 << 20,
			StateDir:      "/var/lib/sluice", HTTP2: HTTP2{
				On: true, MaxStreams: 100, MaxWindow: 20 << 20, MaxResets: 400, MaxErrors: 100,
				MaxControlFrames: 2000, MaxContinuations: 8, MinProgress: 4096,
			},
		},
		Log:  Log{Access: LogPlace{To: LogStdout}, Error: LogPlace{To: LogStderr}, Format: ErrorText},
		ACME: ACME{Directory: Directory{URL: "https://acme-v02.api.letsencrypt.org/directory"}},
		Sites: []Site{{
			Hosts:    []string{"shop.example.com"},
			TLS:      TLS{Mode: TLSSelfSigned},
			Pool:     "127.0.0.1:8080",
			Redirect: true,
			LastGood: true, LastGoodFor: 24 * time.Hour,
			Degraded: Degraded{Form: DegradedAuto, JSON: []byte(`{"code":503,"msg":"busy"}`), RetryAfter: 5 * time.Second},
		}},
		Pools: []Pool{{
			Name:            "127.0.0.1:8080",
			Upstreams:       []Upstream{{Host: "127.0.0.1", Port: 8080, Weight: 1}},
			Policy:          PolicyRoundRobin,
			ConnectTimeout:  250 * time.Millisecond,
			ResponseTimeout: 30 * time.Second,
			RetryOn:         []int{502, 503, 504},
			RetryBudget:     0.2,
			Protocol:        ProtocolHTTP1,
			Concurrency:     Concurrency{Off: true},
			QueueTimeout:    time.Second,
			Reserve:         0.2,
			FailOn:          []int{502, 503, 504},
			FailuresInARow:  5,
			FailureShare:    0.5,
			FailureRequests: 20,
			SlowStart:       10 * time.Second,
			MaxIdle:         256,
			IdleTimeout:     time.Minute,
			TLS:             UpstreamTLS{Verify: true},
		}},
	}
	if got := parse(t, smallest); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Programs that call back are not answered with copies, unless somebody says so.
func TestCriticalRoutesHaveNoLastGoodCopy(t *testing.T) {
	c := parse(t, smallest+`
[[site.route]]
path = "/pay/"
class = "critical"
[[site.route]]
path = "/rates/"
class = "critical"
last_good = true
[[site.route]]
path = "/news/"
`)
	for i, want := range []bool{false, true, true} {
		if r := c.Sites[0].Routes[i]; r.LastGood != want {
			t.Errorf("%s: last_good is %v, want %v", r.Path, r.LastGood, want)
		}
	}
}

func TestEverythingWritten(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir)
	c, err := Parse(filepath.Join(dir, "sluice.toml"), []byte(`
server.http = ""
server.https = "[::1]:8443"
server.trusted_proxies = ["10.0.0.0/8", "192.0.2.1", "2001:db8::1", "::ffff:10.1.0.0/112"]
server.proxy_protocol = true
server.drain_timeout = "0s"
server.max_header = 65_536
server.max_connections = 0x100
server.max_connections_per_address = 64
server.debug = true
log = { access = "logs/access.log" }

[[site]]
hosts = ["*.Example.COM", "192.0.2.7", "2001:DB8:0::7"]
tls = { cert = "cert.pem", key = "key.pem" }
upstream = "app"
redirect = false
default = true
last_good_for = "1h"
ignore_cookies = ["theme", "ab_*"]

[[site.route]]
path = "/api"
last_good = false
upstream = ["10.0.0.3:3000 weight=2", "[fd00::3]:3000"]
degraded = "json"
[[site.route]]
path = "/static/"
cache = { ttl = "1s" }

[site.degraded]
html = "degraded.html"
json = "[]"
retry_after = "1m"

[upstream.app]
servers = ["10.0.0.2:3001-3003", "App.Internal:3000 drain=true"]
retry_on = [504, 500]
retry_budget = 1
policy = "client_hash"
fail_on = []
failures_in_a_row = 7
failure_share = 0.25
failure_requests = 50
min_healthy = 0.5
slow_start = "0s"
max_connections = 100
max_idle = 0
idle_timeout = "5s"

[upstream.app.health]
path = "/healthz?deep=1"
host = "Shop.example.com:8443"
method = "HEAD"
status = "204"
interval = "2s"
timeout = "1s"
unhealthy_after = 2
healthy_after = 4
`))
	if err != nil {
		t.Fatal(err)
	}
	s := c.Server
	if s.HTTP.On || s.HTTPS.String() != "[::1]:8443" || !s.ProxyProtocol || !s.Debug || s.DrainTimeout != 0 ||
		s.MaxHeader != 65536 || s.MaxConnections != 256 || s.MaxConnectionsPerAddress != 64 {
		t.Errorf("server: %+v", s)
	}
	prefixes := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32"),
		netip.MustParsePrefix("2001:db8::1/128"), netip.MustParsePrefix("10.1.0.0/16"),
	}
	if !reflect.DeepEqual(s.TrustedProxies, prefixes) {
		t.Errorf("trusted_proxies: got %v, want %v", s.TrustedProxies, prefixes)
	}
	if want := (LogPlace{To: LogFile, File: filepath.Join(dir, "logs/access.log")}); c.Log.Access != want {
		t.Errorf("log: got %+v, want %+v", c.Log, want)
	}
	auto := Degraded{Form: DegradedAuto, HTML: []byte("<p>busy</p>\n"), JSON: []byte("[]"), RetryAfter: time.Minute}
	json := auto
	json.Form = DegradedJSON
	site := Site{
		Hosts:   []string{"*.example.com", "192.0.2.7", "2001:db8::7"},
		TLS:     TLS{Mode: TLSFiles, Files: []CertFiles{{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}}},
		Pool:    "app",
		Default: true,

		LastGood: true, LastGoodFor: time.Hour, IgnoreCookies: []string{"theme", "ab_*"},
		Routes: []Route{
			{Path: "/api", Pool: "*.example.com/api", Degraded: json, Class: ClassNormal},
			{Path: "/static/", Pool: "app", Degraded: auto, Class: ClassNormal, LastGood: true,
				Reuse: Reuse{On: true, TTL: time.Second, Wait: 5 * time.Second}},
		},
		Degraded: auto,
	}
	if !reflect.DeepEqual(c.Sites, []Site{site}) {
		t.Errorf("site: got %+v, want %+v", c.Sites, site)
	}
	list, app := c.Pools[0], c.Pools[1]
	if list.Name != "*.example.com/api" || !reflect.DeepEqual(list.Upstreams,
		[]Upstream{{Host: "10.0.0.3", Port: 3000, Weight: 2}, {Host: "fd00::3", Port: 3000, Weight: 1}}) {
		t.Errorf("unnamed Pool: %+v", list)
	}
	if app.RetryBudget != 1 || !reflect.DeepEqual(app.RetryOn, []int{500, 504}) || !reflect.DeepEqual(app.Upstreams,
		[]Upstream{{Host: "10.0.0.2", Port: 3001, Weight: 1}, {Host: "10.0.0.2", Port: 3002, Weight: 1}, {Host: "10.0.0.2", Port: 3003, Weight: 1}, {Host: "app.internal", Port: 3000, Weight: 1, Drain: true}}) {
		t.Errorf("app: %+v", app)
	}
	if app.Policy != PolicyClientHash || len(app.FailOn) != 0 || app.FailuresInARow != 7 || app.FailureShare != 0.25 || app.FailureRequests != 50 ||
		app.MinHealthy != 0.5 || app.SlowStart != 0 || app.MaxConnections != 100 || app.MaxIdle != 0 || app.IdleTimeout != 5*time.Second {
		t.Errorf("app: %+v", app)
	}
	if want := (Health{Type: HealthHTTP, Path: "/healthz?deep=1", Host: "shop.example.com:8443", Method: "HEAD", From: 204, To: 204,
		Interval: 2 * time.Second, Timeout: time.Second, UnhealthyAfter: 2, HealthyAfter: 4}); app.Health != want {
		t.Errorf("health: got %+v, want %+v", app.Health, want)
	}
	if list.Health != (Health{}) || list.Policy != PolicyRoundRobin || list.SlowStart != 10*time.Second || !reflect.DeepEqual(list.FailOn, []int{502, 503, 504}) {
		t.Errorf("unnamed Pool: %+v", list)
	}
}

func TestEmptyRetryOnTurnsItOff(t *testing.T) {
	c := parse(t, smallest+"[upstream.app]\nservers = [\"a:80\"]\nretry_on = []\n")
	if p, found := c.Pool("app"); !found || len(p.RetryOn) != 0 {
		t.Errorf("got %+v, %v", p, found)
	}
}

func TestPlacesThatNameOneAddressShareItsPool(t *testing.T) {
	c := parse(t, smallest+strings.Replace(smallest, "shop", "www", 1))
	if len(c.Pools) != 1 || c.Sites[0].Pool != c.Sites[1].Pool {
		t.Errorf("got %+v", c.Pools)
	}
}

func TestPoolsAreFoundByName(t *testing.T) {
	c := parse(t, smallest+"[upstream.b]\nservers = [\"b:80\"]\n[upstream.a]\nservers = [\"a:80\"]\n")
	for _, name := range []string{"127.0.0.1:8080", "a", "b"} {
		if p, found := c.Pool(name); !found || p.Name != name {
			t.Errorf("%s: got %+v, %v", name, p, found)
		}
	}
	if _, found := c.Pool("c"); found {
		t.Error("found a Pool that is not there")
	}
}

func TestTenThousandServersAreAllowed(t *testing.T) {
	c := parse(t, strings.Replace(smallest, "127.0.0.1:8080", "127.0.0.1:1-10000", 1))
	if n := len(c.Pools[0].Upstreams); n != 10_000 {
		t.Errorf("got %d Upstreams", n)
	}
}

func TestLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sluice.toml")
	_, err := Load(file)
	want := file + ":1: cannot be read: no such file or directory; name an existing file that this user may read"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}

	if err := os.WriteFile(file, []byte(smallest), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(file)
	if err != nil || c.File != file {
		t.Errorf("got %+v, %v", c, err)
	}

	padding := "# " + strings.Repeat("x", maxFile-len(smallest)-2)
	if err := os.WriteFile(file, []byte(smallest+padding), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file); err != nil {
		t.Errorf("1 MiB: %v", err)
	}
	if err := os.WriteFile(file, []byte(smallest+padding+"x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Load(file)
	want = file + ":1: the file is larger than 1MiB; split the work over several Sluices"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
