package demo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

func TestCommandsReachTheirSample(t *testing.T) {
	d := start(t)
	c := newClient(t)
	for _, b := range []Behaviour{Slow, Fail, Die, OK} {
		status, text := do(t, c, "POST", d.Control()+"samples/two/"+string(b), "")
		if status != 200 || !strings.Contains(text, `"behaviour":"`+string(b)+`"`) {
			t.Errorf("%s: %d %s", b, status, text)
		}
		if got := d.Sample("two").Behaviour(); got != b {
			t.Errorf("told %s, does %s", b, got)
		}
	}
	var s state
	_, text := do(t, c, "GET", d.Control()+"state", "")
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Samples) != 3 || s.Samples[1] != (sampleState{"two", d.Addrs()[1], OK, 0}) {
		t.Errorf("state %+v", s)
	}
}

func TestUnknownCommandsAreExplained(t *testing.T) {
	d := start(t)
	c := newClient(t)
	for _, tt := range []struct {
		method, path string
		status       int
		says         string
	}{
		{"POST", "samples/four/ok", 404, "one, two, three"},
		{"POST", "samples/one/explode", 404, "ok, slow, fail, die"},
		{"GET", "samples/one/die", 405, ""},
		{"POST", "visit", 409, "no proxy"},
		{"GET", "nothing", 404, ""},
	} {
		status, text := do(t, c, tt.method, d.Control()+tt.path, "")
		if status != tt.status || !strings.Contains(text, tt.says) {
			t.Errorf("%s %s: %d %q, want %d %q", tt.method, tt.path, status, text, tt.status, tt.says)
		}
	}
}

func TestForeignPagesCannotCommand(t *testing.T) {
	d := start(t)
	c := newClient(t)
	own := strings.TrimSuffix(d.Control(), "/")
	_, port, _ := strings.Cut(strings.TrimPrefix(own, "http://"), ":")
	for _, tt := range []struct {
		name   string
		status int
		fields []string
	}{
		{"curl", 200, nil},
		{"our page", 200, []string{"Origin", own, "Sec-Fetch-Site", "same-origin"}},
		{"our page in an old browser", 200, []string{"Origin", own}},
		{"our page by name", 200, []string{"Host", "localhost:" + port, "Origin", "http://localhost:" + port}},
		{"a foreign page", 403, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}},
		{"a foreign page in an old browser", 403, []string{"Origin", "https://evil.example"}},
		{"a page without an origin", 403, []string{"Origin", "null"}},
		{"another port of this machine", 403, []string{"Origin", "http://127.0.0.1:1", "Sec-Fetch-Site", "same-site"}},
		{"a rebound name", 421, []string{"Host", "evil.example:" + port, "Origin", "http://evil.example:" + port, "Sec-Fetch-Site", "same-origin"}},
		{"a name that begins like ours", 421, []string{"Host", "127.0.0.1.evil.example"}},
		{"a private address", 421, []string{"Host", "192.168.0.1"}},
	} {
		status, text := do(t, c, "POST", d.Control()+"samples/one/ok", "", tt.fields...)
		if status != tt.status {
			t.Errorf("%s: %d %s, want %d", tt.name, status, text, tt.status)
		}
	}
	if status, _ := do(t, c, "GET", d.Control()+"state", "", "Host", "evil.example"); status != 421 {
		t.Errorf("a rebound name reads the state: %d", status)
	}
}

func TestTheControlPageNeedsNothingFromOutside(t *testing.T) {
	d := start(t)
	c := newClient(t)
	for _, path := range []string{"", "control.css", "control.js"} {
		response, err := c.Get(d.Control() + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if p := response.Header.Get("Content-Security-Policy"); !strings.Contains(p, "frame-ancestors 'none'") {
			t.Errorf("/%s: policy %q", path, p)
		}
		_, text := do(t, c, "GET", d.Control()+path, "")
		text = strings.ReplaceAll(text, "https://127.0.0.1:8443/", "")
		if text == "" || strings.Contains(text, "//127") || strings.Contains(text, "https:") || strings.Contains(text, "@import") {
			t.Errorf("/%s is empty or loads from elsewhere", path)
		}
	}
}

func TestVisitsTellWhoAnswered(t *testing.T) {
	d := start(t)
	target, _ := url.Parse("http://" + d.Addrs()[2])
	forward := httputil.NewSingleHostReverseProxy(target)
	transport := &http.Transport{}
	forward.Transport = transport
	proxy := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.Sample("three").Behaviour() == Die {
			http.Error(w, "busy", http.StatusServiceUnavailable) // the degraded answer
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { proxy.Close(); transport.CloseIdleConnections() })
	if err := d.Visit(proxy.URL + "/"); err != nil {
		t.Fatal(err)
	}
	c := newClient(t)
	for _, tt := range []struct {
		told Behaviour
		want visit
	}{
		{OK, visit{Sample: "three", Status: 200}},
		{Fail, visit{Sample: "three", Status: 503}},
		{Die, visit{Status: 503}},
	} {
		if err := d.Sample("three").Behave(tt.told); err != nil {
			t.Fatal(err)
		}
		var got visit
		_, text := do(t, c, "POST", d.Control()+"visit", "")
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		got.Millis = 0
		if got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.told, got, tt.want)
		}
	}
}

func TestVisitsOfADeadProxySayWhy(t *testing.T) {
	d := start(t)
	if err := d.Visit("http://" + d.Sample("one").Address() + "/"); err != nil {
		t.Fatal(err)
	}
	if err := d.Sample("one").Behave(Die); err != nil {
		t.Fatal(err)
	}
	_, text := do(t, newClient(t), "POST", d.Control()+"visit", "")
	if !strings.Contains(text, "connection refused") || !strings.Contains(text, `"status":0`) {
		t.Errorf("visit %s", text)
	}
}

// The certificate is not checked, so it must be our own machine.
func TestVisitGoesToLoopbackOnly(t *testing.T) {
	d := start(t)
	for _, url := range []string{"https://shop.example/", "https://192.0.2.1/", "ftp://127.0.0.1/", "127.0.0.1:8443", "://"} {
		if err := d.Visit(url); err == nil {
			t.Errorf("%s is visited", url)
		}
	}
	for _, url := range []string{"https://127.0.0.1:8443/", "https://localhost/", "http://[::1]:8080/"} {
		if err := d.Visit(url); err != nil {
			t.Error(err)
		}
	}
}
