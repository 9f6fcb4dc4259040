package proxy

import (
	"testing"

	"sluice/message"
	"sluice/upstream"
)

// "redirect sends the client to the same place over HTTPS. 308 keeps method
// and body; for GET and HEAD 301 says the same and old clients know it."
func TestPlainRequestsAreRedirected(t *testing.T) {
	p := newProxy(t, newPool(t, upstream.Config{}, refusing(t)))
	site := p.gen.Sites.exact["shop.example.com"]
	site.TLS, site.Redirect = true, true
	p.gen.Sites.byDflt = site
	p.gen.Trusted = trustedNet
	for _, tt := range []struct {
		name, method, authority, target string
		port                            uint16
		want                            string
		status                          int
	}{
		{"path and query", "GET", "shop.example.com", "/a/b?c=d&e", 443, "https://shop.example.com/a/b?c=d&e", 301},
		{"another method", "POST", "shop.example.com", "/", 443, "https://shop.example.com/", 308},
		{"HEAD", "HEAD", "shop.example.com", "/", 443, "https://shop.example.com/", 301},
		{"our port", "GET", "shop.example.com:80", "/", 8443, "https://shop.example.com:8443/", 301},
		{"the plain port is dropped", "GET", "shop.example.com:8080", "/", 443, "https://shop.example.com/", 301},
		{"as the client wrote it", "GET", "Shop.Example.COM", "/A", 443, "https://Shop.Example.COM/A", 301},
		{"a dot at the end", "GET", "shop.example.com.:80", "/", 443, "https://shop.example.com/", 301},
		{"IPv6", "GET", "[2001:db8::1]:80", "/", 8443, "https://[2001:db8::1]:8443/", 301},
		// The path cannot become a host: there is one before it.
		{"two slashes", "GET", "shop.example.com", "//evil.test/", 443, "https://shop.example.com//evil.test/", 301},
		{"at signs", "GET", "shop.example.com", "/@evil.test", 443, "https://shop.example.com/@evil.test", 301},
		{"the whole server", "OPTIONS", "shop.example.com", "*", 443, "https://shop.example.com", 308},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p.gen.HTTPSPort = tt.port
			r, w := request(tt.method, tt.target), newWire(t, tt.method)
			r.Authority = []byte(tt.authority)
			l := p.serve(r, w)
			if got := w.one("Location"); got != tt.want || w.status != tt.status {
				t.Errorf("%d to %s, want %d to %s", w.status, got, tt.status, tt.want)
			}
			if w.one("Request-Id") != l.id || l.status != tt.status || l.attempts != 0 {
				t.Errorf("logged: %+v", l)
			}
		})
	}
}

// RFC 3986 section 3.2.2 on http: "the host is empty [...] is invalid". Browsers
// read "https:///evil.test/" as a link to evil.test.
func TestWithoutAHostThereIsNoRedirect(t *testing.T) {
	p := newProxy(t, newPool(t, upstream.Config{}, refusing(t)))
	site := p.gen.Sites.exact["shop.example.com"]
	site.TLS, site.Redirect = true, true
	p.gen.Sites.byDflt = site
	r, w := request("GET", "/evil.test/"), newWire(t, "GET")
	r.Authority = nil
	p.serve(r, w).want(t, w, "400", "client head request_invalid")
	if w.field("Location") != nil {
		t.Errorf("Location: %q", w.field("Location"))
	}
}

func TestWhoIsRedirected(t *testing.T) {
	for _, tt := range []struct {
		name                    string
		tls, redirect, overTLS  bool
		client, forwardedProto  string
		want, wantSecureForward bool
	}{
		{name: "plain", tls: true, redirect: true, client: "203.0.113.7:1", want: true},
		{name: "TLS", tls: true, redirect: true, overTLS: true, client: "203.0.113.7:1"},
		{name: "redirect off", tls: true, client: "203.0.113.7:1"},
		{name: "tls off", redirect: true, client: "203.0.113.7:1"},
		{name: "a stranger says https", tls: true, redirect: true, client: "203.0.113.7:1", forwardedProto: "https", want: true},
		{name: "a trusted peer says https", tls: true, redirect: true, client: "10.0.0.1:1", forwardedProto: "HTTPS"},
		{name: "trusted peers say https, then http", tls: true, redirect: true, client: "10.0.0.1:1", forwardedProto: "https, http"},
		{name: "a trusted peer says http", tls: true, redirect: true, overTLS: true, client: "10.0.0.1:1", forwardedProto: "http", want: true},
		{name: "a trusted peer says nothing", tls: true, redirect: true, overTLS: true, client: "10.0.0.1:1"},
	} {
		r := request("GET", "/")
		if tt.forwardedProto != "" {
			r.Fields = fieldLines("X-Forwarded-Proto: " + tt.forwardedProto)
		}
		r.Client = clientAt(tt.client)
		r.Client.Secure = tt.overTLS
		x := begun(&Generation{Trusted: trustedNet}, r)
		x.site = &Site{TLS: tt.tls, Redirect: tt.redirect}
		if got := x.wantsRedirect(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestARedirectNobodyTakesIsLoggedAsSuch(t *testing.T) {
	p := newProxy(t, newPool(t, upstream.Config{}, refusing(t)))
	site := p.gen.Sites.exact["shop.example.com"]
	site.TLS, site.Redirect = true, true
	w := newWire(t, "GET")
	w.breakOff()
	u := p.begin(request("GET", "/"), w)
	within(t, "the end", u.ended)
	if l := p.logged()[0]; l.status != 301 || l.cause != message.CauseClientGone.String() {
		t.Errorf("logged: %+v", l)
	}
}
