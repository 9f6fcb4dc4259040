package proxy

import (
	"errors"
	"io"
	"strings"
	"testing"

	"sluice/message"
	"sluice/upstream"
)

const yearHSTS = "max-age=31536000; includeSubDomains"

// RFC 6797 section 7.1: "When replying to an HTTP request that was conveyed over
// a secure transport, an HSTS Host SHOULD include in its response message an STS
// header field", and "MUST include only one such header field". Section 7.2: it
// "MUST NOT include the STS header field in HTTP responses conveyed over
// non-secure transport."
func TestWhoIsToldOfHSTS(t *testing.T) {
	const theirs = "Strict-Transport-Security: max-age=5\r\n"
	for _, tt := range []struct {
		name           string
		site           string
		overTLS        bool
		client         string
		forwardedProto string
		upstream       string // fields of its response
		want           string
	}{
		{name: "over TLS", site: yearHSTS, overTLS: true, want: yearHSTS},
		{name: "plain", site: yearHSTS},
		{name: "none configured", overTLS: true},
		{name: "a trusted peer says https", site: yearHSTS, client: "10.0.0.1:1", forwardedProto: "https", want: yearHSTS},
		{name: "a trusted peer says http", site: yearHSTS, overTLS: true, client: "10.0.0.1:1", forwardedProto: "http"},
		{name: "a stranger says https", site: yearHSTS, forwardedProto: "https"},

		// Section 8.1: "the UA MUST process only the first such header field".
		{name: "the upstream says another", site: yearHSTS, overTLS: true, upstream: theirs, want: yearHSTS},
		{name: "the upstream says two", site: yearHSTS, overTLS: true,
			upstream: theirs + "strict-transport-SECURITY: max-age=0\r\n", want: yearHSTS},
		{name: "the upstream says it in the clear", site: yearHSTS, upstream: theirs},
		{name: "only the upstream does", overTLS: true, upstream: theirs, want: "max-age=5"},
		{name: "a name that is only near it", site: yearHSTS, overTLS: true, upstream: "Strict-Transport-Security-2: x\r\n", want: yearHSTS},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrigin(t, func(v *visit) bool {
				return v.say("HTTP/1.1 200 OK\r\nX-One: 1\r\n" + tt.upstream + "X-Two: 2\r\nContent-Length: 0\r\n\r\n")
			})
			p := newProxy(t, poolOf(t, upstream.Config{}, o))
			p.gen.Trusted = trustedNet
			p.gen.Sites.exact["shop.example.com"].HSTS = []byte(tt.site)
			r, w := request("GET", "/"), newWire(t, "GET")
			if tt.client == "" {
				tt.client = "203.0.113.7:1"
			}
			r.Client = clientAt(tt.client)
			r.Client.Secure = tt.overTLS
			if tt.forwardedProto != "" {
				r.Fields = fieldLines("X-Forwarded-Proto: " + tt.forwardedProto)
			}
			p.serve(r, w).want(t, w, "200", "")
			if got := strings.Join(w.field("Strict-Transport-Security"), " | "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if w.one("X-One") != "1" || w.one("X-Two") != "2" {
				t.Errorf("others are lost: %q", w.fields)
			}
		})
	}
}

// "all final responses": our own too.
func TestOurOwnAnswersSayHSTS(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(g *Generation, r *message.Request)
		overTLS bool
		want    int // the status
		hsts    bool
	}{
		{"all upstreams down", func(*Generation, *message.Request) {}, true, 503, true},
		{"all upstreams down, in the clear", func(*Generation, *message.Request) {}, false, 503, false},
		{"a Site without a Route", func(g *Generation, _ *message.Request) {
			g.Sites.exact["shop.example.com"].Routes = nil
		}, true, 421, true},
		{"a validation", func(g *Generation, r *message.Request) {
			g.Challenge = knowing("shop.example.com", "token", "ours")
			r.Target = []byte(challengePrefix + "token")
		}, true, 200, true},
		{"a validation in the clear", func(g *Generation, r *message.Request) {
			g.Challenge = knowing("shop.example.com", "token", "ours")
			r.Target = []byte(challengePrefix + "token")
		}, false, 200, false},
		{"a redirect", func(g *Generation, _ *message.Request) {
			site := g.Sites.exact["shop.example.com"]
			site.TLS, site.Redirect = true, true
		}, false, 301, false},
		// Of these the Site is not known, and it is a Site that is secure.
		{"a host of no Site", func(_ *Generation, r *message.Request) { r.Authority = []byte("other.test") }, true, 421, false},
		{"a head that is refused", func(_ *Generation, r *message.Request) {
			r.Refused = &message.Failure{Party: message.PartyClient, Phase: message.PhaseHead, Cause: message.CauseRequestInvalid, Err: errors.New("bad")}
		}, true, 400, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProxy(t, newPool(t, upstream.Config{}, refusing(t)))
			p.gen.Sites.exact["shop.example.com"].HSTS = []byte(yearHSTS)
			r, w := request("GET", "/"), newWire(t, "GET")
			r.Client = clientAt("203.0.113.7:1")
			r.Client.Secure = tt.overTLS
			tt.change(p.gen, r)
			p.serve(r, w)
			got := w.field("Strict-Transport-Security")
			if w.status != tt.want || (len(got) == 1 && got[0] == yearHSTS) != tt.hsts || len(got) > 1 {
				t.Errorf("%d with %q, want %d with it: %v", w.status, got, tt.want, tt.hsts)
			}
		})
	}
}

// A WebSocket's 101 is a response like others.
func TestA101SaysHSTS(t *testing.T) {
	p := newProxy(t, poolOf(t, upstream.Config{}, newOrigin(t, echo)))
	p.gen.Sites.exact["shop.example.com"].HSTS = []byte(yearHSTS)
	r, w := request("GET", "/chat"), newWire(t, "GET")
	r.Client = clientAt("203.0.113.7:1")
	r.Client.Secure = true
	r.Upgrade = []byte("websocket")
	w.stream = newUpload()
	w.stream.close(io.EOF)
	p.serve(r, w).want(t, w, "101", "")
	if got := w.one("Strict-Transport-Security"); got != yearHSTS {
		t.Errorf("got %q", got)
	}
}

func TestHSTSAllocatesNothing(t *testing.T) {
	x := begun(&Generation{}, request("GET", "/"))
	x.site, x.secure = &Site{HSTS: []byte(yearHSTS)}, true
	f := fieldLines("Content-Type: text/html", "Strict-Transport-Security: max-age=5", "X-One: 1")
	if n := testing.AllocsPerRun(100, func() { f = x.withHSTS(f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
