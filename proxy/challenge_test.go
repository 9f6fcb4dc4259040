package proxy

import (
	"strings"
	"testing"

	"sluice/message"
	"sluice/upstream"
)

// knowing returns a Challenge that knows one token of one host.
func knowing(host, token, answer string) func(string, string) ([]byte, bool) {
	return func(h, t string) ([]byte, bool) {
		if h != host || t != token {
			return nil, false
		}
		return []byte(answer), true
	}
}

const testToken = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0" // RFC 8555 section 8.3

// RFC 8555 section 8.3: "The path at which the resource is provisioned is
// comprised of the fixed prefix "/.well-known/acme-challenge/", followed by the
// "token" value in the challenge. The value of the resource MUST be the ASCII
// representation of the key authorization."
func TestAValidationIsAnswered(t *testing.T) {
	path := "/.well-known/acme-challenge/" + testToken
	for _, tt := range []struct {
		name, method, authority, target string
		overTLS                         bool
		site                            string
	}{
		{"plain, where others are redirected", "GET", "shop.example.com", path, false, "shop.example.com"},
		{"over TLS", "GET", "shop.example.com", path, true, "shop.example.com"},
		{"HEAD", "HEAD", "shop.example.com", path, false, "shop.example.com"},
		{"with a port, in another case", "GET", "Shop.Example.COM:80", path, false, "shop.example.com"},
		{"with a query", "GET", "shop.example.com", path + "?a=b", false, "shop.example.com"},
		{"a host of no Site", "GET", "new.example.com", path, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProxy(t, newPool(t, upstream.Config{}, refusing(t)))
			site := p.gen.Sites.exact["shop.example.com"]
			site.TLS, site.Redirect = true, true
			host := "shop.example.com"
			if tt.site == "" {
				host = tt.authority
			}
			p.gen.Challenge = knowing(host, testToken, testToken+".thumbprint")
			r, w := request(tt.method, tt.target), newWire(t, tt.method)
			r.Authority = []byte(tt.authority)
			r.Client = clientAt("203.0.113.7:1")
			r.Client.Secure = tt.overTLS
			l := p.serve(r, w)
			l.want(t, w, "200", "")
			want := testToken + ".thumbprint"
			if w.length != int64(len(want)) || tt.method == "GET" && w.body.String() != want {
				t.Errorf("%d bytes: %q", w.length, w.body.String())
			}
			if w.one("Content-Type") != "application/octet-stream" || w.one("Cache-Control") != "no-store" {
				t.Errorf("fields: %q", w.fields)
			}
			if l.status != 200 || l.path != tt.target || l.site != tt.site || l.pool != "" || l.attempts != 0 || w.one("Request-Id") != l.id {
				t.Errorf("logged: %+v", l)
			}
		})
	}
}

// RFC 8555 section 8.3: the token "MUST NOT contain any characters outside the
// base64url alphabet and MUST NOT include base64 padding characters ("=")".
// "If Challenge doesn't know the token the request is one like any other."
func TestWhatIsNoValidationGoesOn(t *testing.T) {
	const prefix = "/.well-known/acme-challenge/"
	long := strings.Repeat("a", maxToken+1)
	for _, tt := range []struct{ name, method, target string }{
		{"a token of somebody behind us", "GET", prefix + "theirs"},
		{"POST", "POST", prefix + testToken},
		{"OPTIONS", "OPTIONS", prefix + testToken},
		{"no token", "GET", prefix},
		{"a path below it", "GET", prefix + testToken + "/"},
		{"padding", "GET", prefix + testToken + "="},
		{"another alphabet", "GET", prefix + testToken + "+"},
		{"percent-encoded", "GET", prefix + "%4c" + testToken[1:]},
		{"too long", "GET", prefix + long},
		{"without the slash", "GET", "/.well-known/acme-challenge"},
		{"below another path", "GET", "/a" + prefix + testToken},
		{"two slashes", "GET", "/" + prefix + testToken},
		{"another case", "GET", "/.Well-Known/acme-challenge/" + testToken},
		{"in the query", "GET", "/?" + prefix + testToken},
		{"the root", "GET", "/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProxy(t, poolOf(t, upstream.Config{}, newOrigin(t, always("theirs"))))
			p.gen.Challenge = func(_, token string) ([]byte, bool) {
				if !validToken([]byte(token)) {
					t.Errorf("Challenge was asked for %q", token)
				}
				return []byte("ours"), token != "theirs"
			}
			w := newWire(t, tt.method)
			l := p.serve(request(tt.method, tt.target), w)
			l.want(t, w, "200", "")
			if w.body.String() != "theirs" || l.attempts != 1 || l.pool != "app" {
				t.Errorf("got %q, logged %+v", w.body.String(), l)
			}
		})
	}
}

func TestAnUnknownTokenIsRedirectedAsAllIs(t *testing.T) {
	p := newProxy(t, newPool(t, upstream.Config{}, refusing(t)))
	site := p.gen.Sites.exact["shop.example.com"]
	site.TLS, site.Redirect = true, true
	p.gen.Challenge = knowing("shop.example.com", testToken, "ours")
	w := newWire(t, "GET")
	p.serve(request("GET", "/.well-known/acme-challenge/theirs"), w).want(t, w, "301", "")
}

func TestWithoutChallengesNothingIsAnswered(t *testing.T) {
	p := newProxy(t, poolOf(t, upstream.Config{}, newOrigin(t, always("theirs"))))
	w := newWire(t, "GET")
	p.serve(request("GET", "/.well-known/acme-challenge/"+testToken), w).want(t, w, "200", "")
	if w.body.String() != "theirs" {
		t.Errorf("got %q", w.body.String())
	}
}

// RFC 8441 section 5: a 2xx says that the WebSocket stands, and what follows
// would be taken for its frames.
func TestAnExtendedCONNECTIsNoValidation(t *testing.T) {
	r := request("GET", "/.well-known/acme-challenge/"+testToken)
	r.Upgrade, r.Connect = []byte("websocket"), true
	x := begun(&Generation{Challenge: knowing("shop.example.com", testToken, "ours")}, r)
	if x.findChallenge() {
		t.Error("taken for a validation")
	}
}

func TestTheLongestToken(t *testing.T) {
	token := strings.Repeat("-", maxToken)
	r := request("GET", "/.well-known/acme-challenge/"+token)
	if x := begun(&Generation{Challenge: knowing("shop.example.com", token, "ours")}, r); !x.findChallenge() {
		t.Error("not found")
	}
}

func TestACAThatDoesNotTakeTheAnswerIsLoggedAsSuch(t *testing.T) {
	p := newProxy(t, newPool(t, upstream.Config{}, refusing(t)))
	p.gen.Challenge = knowing("shop.example.com", testToken, "ours")
	w := newWire(t, "GET")
	w.breakOff()
	u := p.begin(request("GET", "/.well-known/acme-challenge/"+testToken), w)
	within(t, "the end", u.ended)
	if l := p.logged()[0]; l.status != 200 || l.cause != message.CauseClientGone.String() {
		t.Errorf("logged: %+v", l)
	}
}

func TestOrdinaryRequestsPayNothingForChallenges(t *testing.T) {
	x := begun(&Generation{Challenge: knowing("", "", "")}, request("GET", "/.well-known/acme-challenger/of/some/length"))
	if n := testing.AllocsPerRun(100, func() { x.findChallenge() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
