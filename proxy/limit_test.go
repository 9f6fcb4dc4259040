package proxy

import (
	"fmt"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/limiter"
	"sluice/message"
	"sluice/upstream"
)

// limited returns a Proxy whose Site has these limits.
func limited(t testing.TB, limits ...*Limit) *testProxy {
	t.Helper()
	p := newProxy(t, poolOf(t, upstream.Config{}, newOrigin(t, always("theirs"))))
	for _, l := range limits {
		p.gen.Sites.exact["shop.example.com"].Limits = append(p.gen.Sites.exact["shop.example.com"].Limits, l.Prepare())
	}
	return p
}

func rateOf(perSecond float64, burst int) *limiter.Rate {
	return limiter.NewRate(limiter.RateOptions{PerSecond: perSecond, Burst: burst, MaxKeys: 1000})
}

// from is a request of a client at an address.
func from(address, target string, fields ...string) *message.Request {
	r := request("GET", target, fields...)
	r.Client = clientAt(address)
	return r
}

// status serves a request and returns what the client was told.
func (p *testProxy) status(r *message.Request) (string, *wire) {
	w := newWire(p.t, string(r.Method))
	before := flights()
	p.serve(r, w)
	if p.gen.Cache != nil { // a Flight has something to do still when the last byte is out
		until(p.t, "the end of the Flight", func() bool { return flights() <= before })
	}
	return w.told(), w
}

// flights is how many Exchanges of Flights are under way.
func flights() int {
	buf := make([]byte, 1<<20)
	return strings.Count(string(buf[:runtime.Stack(buf, true)]), "proxy.(*Exchange).run(")
}

// first is the first value of a field of the answer; empty: there is none.
func (w *wire) first(name string) string {
	if values := w.field(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// RFC 6585 section 4: 429, and "MAY include a Retry-After header indicating how
// long to wait". "Every refusal carries its cause: who was limited by which
// rule."
func TestWhoAsksTooOftenIsRefused(t *testing.T) {
	l := &Limit{Name: "client_ip 1/m", Keys: []LimitKey{{Kind: LimitByClient}}, Rate: rateOf(1.0/60, 3)}
	p := limited(t, l)
	for i := range 5 {
		told, w := p.status(from("192.0.2.1:1000", "/"))
		if want := map[bool]string{true: "200", false: "429"}[i < 3]; told != want {
			t.Errorf("request %d: %s, want %s", i, told, want)
		}
		if i < 3 {
			continue
		}
		line := p.logged()[len(p.logged())-1]
		if line.who != "sluice" || line.phase != "admit" || line.cause != "rate_limited" || !strings.Contains(line.detail, "client_ip 1/m") || line.attempts != 0 {
			t.Errorf("logged: %+v", line)
		}
		if after, err := strconv.Atoi(w.first("Retry-After")); err != nil || after < 1 || after > 60 {
			t.Errorf("Retry-After: %q", w.first("Retry-After"))
		}
		if got := w.first("Proxy-Status"); !strings.HasPrefix(got, "sluice; error=http_request_denied") {
			t.Errorf("Proxy-Status: %q", got)
		}
	}
	if told, _ := p.status(from("192.0.2.2:1000", "/")); told != "200" {
		t.Errorf("another client: %s", told)
	}
	if refused, would := l.Stats(); refused != 2 || would != 0 {
		t.Errorf("counted %d, %d", refused, would)
	}
}

// "keys client_ip (IPv6 by /64, IPv4-mapped unified), header:NAME, cookie:NAME,
// host, path, or a list of these".
func TestByWhatClientsAreToldApart(t *testing.T) {
	key := func(kind LimitKeyKind, name string) LimitKey { return LimitKey{kind, name} }
	for name, test := range map[string]struct {
		keys []LimitKey
		a, b *message.Request
		same bool
	}{
		"ports":                  {[]LimitKey{key(LimitByClient, "")}, from("192.0.2.1:1", "/"), from("192.0.2.1:2", "/x"), true},
		"addresses":              {[]LimitKey{key(LimitByClient, "")}, from("192.0.2.1:1", "/"), from("192.0.2.2:1", "/"), false},
		"mapped":                 {[]LimitKey{key(LimitByClient, "")}, from("192.0.2.1:1", "/"), from("[::ffff:192.0.2.1]:1", "/"), true},
		"one /64":                {[]LimitKey{key(LimitByClient, "")}, from("[2001:db8::1]:1", "/"), from("[2001:db8::ffff:1]:1", "/"), true},
		"two /64":                {[]LimitKey{key(LimitByClient, "")}, from("[2001:db8::1]:1", "/"), from("[2001:db8:0:1::1]:1", "/"), false},
		"a header":               {[]LimitKey{key(LimitByHeader, "x-api-key")}, from("192.0.2.1:1", "/", "X-Api-Key: k"), from("192.0.2.2:1", "/", "x-api-key: k"), true},
		"another":                {[]LimitKey{key(LimitByHeader, "x-api-key")}, from("192.0.2.1:1", "/", "X-Api-Key: k"), from("192.0.2.1:1", "/", "X-Api-Key: l"), false},
		"no header":              {[]LimitKey{key(LimitByHeader, "x-api-key")}, from("192.0.2.1:1", "/"), from("192.0.2.2:1", "/"), false},
		"an empty header":        {[]LimitKey{key(LimitByHeader, "x-api-key")}, from("192.0.2.1:1", "/", "X-Api-Key: "), from("192.0.2.1:1", "/"), true},
		"a cookie":               {[]LimitKey{key(LimitByCookie, "sid")}, from("192.0.2.1:1", "/", "Cookie: a=b; sid=7"), from("192.0.2.2:1", "/", "Cookie: sid=7; c=d"), true},
		"a cookie's name counts": {[]LimitKey{key(LimitByCookie, "sid")}, from("192.0.2.1:1", "/", "Cookie: xsid=7"), from("192.0.2.2:1", "/", "Cookie: xsid=7"), false},
		"host":                   {[]LimitKey{key(LimitByHost, "")}, from("192.0.2.1:1", "/"), from("192.0.2.2:1", "/"), true},
		"path":                   {[]LimitKey{key(LimitByPath, "")}, from("192.0.2.1:1", "/a?x"), from("192.0.2.2:1", "/a?y"), true},
		"other path":             {[]LimitKey{key(LimitByPath, "")}, from("192.0.2.1:1", "/a"), from("192.0.2.1:1", "/b"), false},
		"two kinds":              {[]LimitKey{key(LimitByClient, ""), key(LimitByPath, "")}, from("192.0.2.1:1", "/a"), from("192.0.2.1:1", "/b"), false},
		"two kinds, the same":    {[]LimitKey{key(LimitByClient, ""), key(LimitByPath, "")}, from("192.0.2.1:1", "/a"), from("192.0.2.1:9", "/a"), true},
	} {
		t.Run(name, func(t *testing.T) {
			p := limited(t, &Limit{Name: name, Keys: test.keys, Rate: rateOf(0.0001, 1)})
			if told, _ := p.status(test.a); told != "200" {
				t.Fatalf("the first: %s", told)
			}
			told, _ := p.status(test.b)
			if (told == "429") != test.same {
				t.Errorf("the second: %s", told)
			}
		})
	}
}

// "with path, methods, exemptions by CIDR".
func TestWhatALimitHoldsFor(t *testing.T) {
	p := limited(t, &Limit{Name: "x", Keys: []LimitKey{{Kind: LimitByHost}}, Rate: rateOf(0.0001, 1), Prefix: "/api/",
		Methods: []string{"GET"}, Except: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}})
	p.status(from("192.0.2.1:1", "/api/x"))
	post := from("192.0.2.1:1", "/api/x")
	post.Method = []byte("POST")
	for _, test := range []struct {
		r    *message.Request
		want string
	}{
		{from("192.0.2.1:1", "/api/x"), "429"},
		{from("192.0.2.1:1", "/apis"), "200"},
		{from("10.1.2.3:1", "/api/x"), "200"},
		{from("[2001:db8::1]:1", "/api/x"), "200"},
		{post, "200"},
	} {
		if told, _ := p.status(test.r); told != test.want {
			t.Errorf("%s %s of %s: %s, want %s", test.r.Method, test.r.Target, test.r.Client.Addr, told, test.want)
		}
	}
}

// "dry_run = true counts what it would refuse".
func TestADryRunRefusesNothing(t *testing.T) {
	l := &Limit{Name: "x", Keys: []LimitKey{{Kind: LimitByClient}}, Rate: rateOf(0.0001, 1), InFlight: limiter.NewInFlight(1), DryRun: true}
	p := limited(t, l)
	for range 4 {
		if told, _ := p.status(from("192.0.2.1:1", "/")); told != "200" {
			t.Errorf("told %s", told)
		}
	}
	if refused, would := l.Stats(); refused != 0 || would != 3 {
		t.Errorf("counted %d, %d", refused, would)
	}
}

// draft-ietf-httpapi-ratelimit-headers-10 sections 3 and 4: policies have a
// quota "q" and a window "w", limits what remains "r" and a reset "t".
func TestAnswersSayHowMuchIsLeft(t *testing.T) {
	p := limited(t, &Limit{Name: "x", Keys: []LimitKey{{Kind: LimitByClient}}, Rate: rateOf(0.1, 2), Policy: []byte(`"limit";q=2;w=20`)})
	for i, want := range []string{`"limit";r=1;t=`, `"limit";r=0;t=`, `"limit";r=0;t=`} {
		told, w := p.status(from("192.0.2.1:1", "/"))
		if got := w.first("RateLimit"); !strings.HasPrefix(got, want) {
			t.Errorf("request %d (%s): RateLimit: %q", i, told, got)
		}
		if got := w.first("RateLimit-Policy"); got != `"limit";q=2;w=20` {
			t.Errorf("request %d: RateLimit-Policy: %q", i, got)
		}
	}
}

// "limits of concurrent exchanges per key": places come back when Exchanges end,
// however they do.
func TestExchangesAtATime(t *testing.T) {
	inFlight := limiter.NewInFlight(2)
	l := &Limit{Name: "client_ip 2 at once", Keys: []LimitKey{{Kind: LimitByClient}}, InFlight: inFlight}
	p := limited(t, l)
	hold := make(chan struct{})
	p.gen.Sites.exact["shop.example.com"].Routes[0].Pool = poolOf(t, upstream.Config{}, newOrigin(t, func(v *visit) bool {
		<-hold
		return always("theirs")(v)
	}))
	var under []*under
	for range 2 {
		under = append(under, p.begin(from("192.0.2.1:1", "/"), newWire(t, "GET")))
	}
	until(t, "two under way", func() bool { return inFlight.Stats().UnderWay == 2 })
	w := newWire(t, "GET")
	if u := p.begin(from("192.0.2.1:2", "/"), w); u.end().cause != "too_many_at_once" || w.told() != "429" {
		t.Errorf("the third was told %s", w.told())
	}
	close(hold)
	for _, u := range under {
		within(t, "the end", u.ended)
	}
	if n := inFlight.Stats().UnderWay; n != 0 {
		t.Errorf("%d places are still taken", n)
	}
}

// "One good client at 5 r/s beside 50 abusive ones: no good request refused."
func TestAGoodClientBesideAbusiveOnes(t *testing.T) {
	rate := rateOf(10, 20)
	l := (&Limit{Name: "client_ip 10/s", Keys: []LimitKey{{Kind: LimitByClient}}, Rate: rate}).Prepare()
	p := limited(t)
	x := func(address string) *Exchange {
		e := begun(p.gen, from(address, "/"))
		e.site = p.gen.Sites.exact["shop.example.com"]
		return e
	}
	good := x("192.0.2.1:1")
	start := time.Now()
	var refused, allowed int
	for ms := range 20_000 { // 20 s
		now := start.Add(time.Duration(ms) * time.Millisecond)
		for i := range 50 { // 50 clients at 20 r/s to 1,000 r/s
			bad := x(fmt.Sprintf("198.51.100.%d:1", i))
			if ms%(1+i) == 0 {
				if f, _ := bad.limited(0, l, l.key(bad), now); f != nil {
					refused++
				}
			}
		}
		if ms%200 == 0 {
			if f, _ := good.limited(0, l, l.key(good), now); f != nil {
				t.Fatalf("a good request was refused at %d ms", ms)
			}
			allowed++
		}
	}
	if allowed != 100 || refused < 10_000 {
		t.Errorf("%d good requests, %d others refused", allowed, refused)
	}
}

// A refusal is cheap, and a request within its limits costs nothing that the
// garbage collector would notice.
func TestLimitsAllocateNothing(t *testing.T) {
	l := (&Limit{Name: "x", Keys: []LimitKey{{Kind: LimitByClient}, {Kind: LimitByPath}, {LimitByCookie, "sid"}}, Rate: rateOf(1e6, 1e6)}).Prepare()
	x := begun(&Generation{}, from("192.0.2.1:1", "/a/b?c", "Cookie: a=b; sid=12345"))
	now := time.Now()
	l.Rate.Take(l.key(x), now)
	if n := testing.AllocsPerRun(100, func() { x.limited(0, l, l.key(x), now) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Many clients at a time, none of whom is counted for another.
func TestLimitsOfManyClientsAtATime(t *testing.T) {
	l := (&Limit{Name: "x", Keys: []LimitKey{{Kind: LimitByClient}}, Rate: rateOf(0.0001, 10)}).Prepare()
	now := time.Now()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			x := begun(&Generation{}, from(fmt.Sprintf("192.0.2.%d:1", i), "/"))
			refused := 0
			for range 25 {
				if f, _ := x.limited(0, l, l.key(x), now); f != nil {
					refused++
				}
			}
			if refused != 15 {
				t.Errorf("client %d: %d refused", i, refused)
			}
		})
	}
	all.Wait()
}
