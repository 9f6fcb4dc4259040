package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// named starts an origin that answers with a name.
func named(t *testing.T, name string) *origin {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, name)
	})
}

// asHost sends a GET for a host.
func (c *rawClient) asHost(name, path string) answer {
	c.t.Helper()
	c.send("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, name)
	return c.answer()
}

// "Exact names, wildcards of one label [...], or IPs"; "The longest path that
// matches wins" (docs/configuration.md).
func TestRouting(t *testing.T) {
	t.Parallel()
	const sites = `
[[site]]
hosts = ["a.test", "127.0.0.1"]
tls = "self-signed"
redirect = false
upstream = %q
[[site.route]]
path = "/api/"
upstream = %q
[[site.route]]
path = "/api/v2"
upstream = %q
[[site]]
hosts = ["*.a.test"]
tls = "self-signed"
redirect = false
upstream = %q
`
	root, api, v2, wild, other := named(t, "root"), named(t, "api"), named(t, "v2"), named(t, "wild"), named(t, "default")
	without := fmt.Sprintf(sites, root.address, api.address, v2.address, wild.address)
	with := without + fmt.Sprintf("[[site]]\nhosts = [\"other.test\"]\ntls = \"self-signed\"\nredirect = false\ndefault = true\nupstream = %q\n", other.address)
	cases := []struct{ host, path, without, with string }{
		{"a.test", "/", "root", "root"},
		{"A.Test:8443", "/", "root", "root"},
		{"a.test.", "/", "root", "root"},
		{"127.0.0.1", "/", "root", "root"},
		{"a.test", "/api", "root", "root"},
		{"a.test", "/api/", "api", "api"},
		{"a.test", "/api/x?/api/v2", "api", "api"},
		{"a.test", "/api/v2", "v2", "v2"},
		{"a.test", "/api/v2/x", "v2", "v2"},
		{"a.test", "/api/v2?q", "v2", "v2"},
		{"a.test", "/api/v20", "api", "api"},
		{"b.a.test", "/api/", "wild", "wild"},
		{"c.b.a.test", "/", "421", "default"},
		{"other.test", "/", "421", "default"},
		{"unheard.of", "/", "421", "default"},
	}
	for _, tt := range []struct {
		name, sites string
		want        func(i int) string
	}{
		{"without a default Site", without, func(i int) string { return cases[i].without }},
		{"with a default Site", with, func(i int) string { return cases[i].with }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, setup{sites: tt.sites})
			c := s.dial(t)
			for i, one := range cases {
				a := c.asHost(one.host, one.path)
				got := a.body
				if a.StatusCode != 200 {
					// "The 421 (Misdirected Request) status code indicates
					// that the request was directed at a server that is
					// unable or unwilling to produce an authoritative
					// response for the target URI" (RFC 9110 section 15.5.20).
					got = fmt.Sprint(a.StatusCode)
				}
				if want := tt.want(i); got != want {
					t.Errorf("%s%s: %s, want %s", one.host, one.path, got, want)
				}
			}
		})
	}
}

// "plain HTTP is redirected to HTTPS" (design.md section 11). 308 keeps method
// and body (RFC 9110 section 15.4.9); to GET and HEAD 301 says the same.
func TestRedirectToHTTPS(t *testing.T) {
	t.Parallel()
	up, off := serve(t, nil), named(t, "in the clear")
	s := start(t, setup{sites: fmt.Sprintf(`
[[site]]
hosts = ["a.test", "::1"]
tls = "self-signed"
upstream = %q
[[site]]
hosts = ["off.test"]
tls = "off"
upstream = %q
`, up.address, off.address)})
	_, port, err := net.SplitHostPort(s.https)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		method, host, target string
		status               int
		location             string
	}{
		{"GET", "a.test", "/x?y=%20z", 301, "https://a.test:" + port + "/x?y=%20z"},
		{"HEAD", "a.test", "/", 301, "https://a.test:" + port + "/"},
		{"POST", "a.test", "/x", 308, "https://a.test:" + port + "/x"},
		{"PUT", "a.test:8080", "/x", 308, "https://a.test:" + port + "/x"},
		{"GET", "[::1]:80", "/", 301, "https://[::1]:" + port + "/"},
		{"GET", "a.test", "//evil.test/", 301, "https://a.test:" + port + "//evil.test/"},
	} {
		c := s.dial(t)
		c.send("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n", tt.method, tt.target, tt.host)
		resp := c.head(tt.method)
		if resp.StatusCode != tt.status || resp.Header.Get("Location") != tt.location {
			t.Errorf("%s %s%s: %d %s, want %d %s", tt.method, tt.host, tt.target,
				resp.StatusCode, resp.Header.Get("Location"), tt.status, tt.location)
		}
	}
	if n := up.count(); n > 0 {
		t.Errorf("%d requests in the clear have reached the upstream", n)
	}
	if a := s.dial(t).asHost("off.test", "/"); a.StatusCode != 200 || a.body != "in the clear" {
		t.Errorf("a Site with tls = \"off\": %d %q", a.StatusCode, a.body)
	}
}

// Behind a proxy of one's own that speaks TLS with the client, there is
// nothing to redirect.
func TestNoRedirectBehindATrustedProxy(t *testing.T) {
	t.Parallel()
	s := start(t, setup{server: `trusted_proxies = ["127.0.0.1"]`, sites: fmt.Sprintf(
		"[[site]]\nhosts = [%q]\ntls = \"self-signed\"\nupstream = %q\n", host, mirror(t))})
	saw, _ := s.dial(t).ask("/", "X-Forwarded-Proto: https")
	saw.want(t, "X-Forwarded-Proto", "https")
	c := s.dial(t)
	c.send("GET / HTTP/1.1\r\n%sX-Forwarded-Proto: http\r\n\r\n", site)
	if a := c.answer(); a.StatusCode != 301 {
		t.Errorf("status %d", a.StatusCode)
	}
}

// A client that forgot TLS is told so, and not left with bytes that it cannot
// read.
func TestPlainRequestOnTheTLSPort(t *testing.T) {
	t.Parallel()
	s := start(t, setup{upstreams: []string{serve(t, nil).address}})
	conn, err := net.Dial("tcp", s.https)
	if err != nil {
		t.Fatal(err)
	}
	c := newRawClient(t, conn)
	c.get("/")
	if a := c.answer(); a.StatusCode != 400 || !strings.Contains(a.body, "HTTPS") {
		t.Errorf("%d %q", a.StatusCode, a.body)
	}
	c.wantEnd()
}
