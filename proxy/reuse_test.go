package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/cache"
	"sluice/upstream"
)

// caching returns a Proxy that keeps copies of what an origin answers. set says
// what its Route does with them.
func caching(t testing.TB, play script, set func(*Route)) (*testProxy, *origin) {
	t.Helper()
	o := newOrigin(t, play)
	p := newProxy(t, poolOf(t, upstream.Config{FailOn: []int{502, 503, 504}}, o))
	c, err := cache.New(16 << 20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		until(t, "the end of what nobody waits for", func() bool {
			s := c.Stats()
			return s.Held == 0 && s.Filling == 0 && inFlight(p.gen) == 0
		})
		c.Close()
	})
	p.gen.Cache = c
	site := p.gen.Sites.exact["shop.example.com"]
	site.IgnoreCookies = []string{"sluice_*", "_ga*"}
	set(&site.Routes[0])
	return p, o
}

// stored waits until what clients have got is in the cache: who leads a Flight has
// the last byte of an answer before it is kept.
func (p *testProxy) stored() {
	p.t.Helper()
	until(p.t, "the answers are kept", func() bool { return p.gen.Cache.Stats().Filling == 0 && inFlight(p.gen) == 0 })
}

// inFlight is how many Attempts are under way.
func inFlight(g *Generation) (n int) {
	for _, u := range g.Sites.exact["shop.example.com"].Routes[0].Pool.Stats().Upstreams {
		n += u.InFlight
	}
	return n
}

func reusing(r *Route)    { r.Reuse = &Reuse{Wait: patience} }
func microcache(r *Route) { r.Reuse = &Reuse{TTL: time.Minute, Wait: patience} }
func lastGoods(r *Route)  { r.LastGood = time.Hour }
func bothOfThem(r *Route) { r.Reuse, r.LastGood = &Reuse{Wait: patience}, time.Hour }

// answers plays a response with these fields; the body tells the visit.
func answers(fields ...string) script {
	return func(v *visit) bool {
		v.content()
		body := fmt.Sprintf("answer %d", v.number)
		return v.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s", len(body), lines(fields), body))
	}
}

func lines(fields []string) (s string) {
	for _, f := range fields {
		s += f + "\r\n"
	}
	return s
}

// get asks once and returns what was told and the body.
func (p *testProxy) get(target string, fields ...string) (string, *wire) {
	p.t.Helper()
	_, w := p.status(request("GET", target, fields...))
	return w.told() + " " + w.body.String(), w
}

// "`[site.route] cache = { ttl = "1s" }` turns it on".
func TestFreshCopiesAnswer(t *testing.T) {
	p, o := caching(t, answers("Cache-Control: max-age=60"), reusing)
	if got, w := p.get("/a"); got != "200 answer 1" || !strings.Contains(w.first("Cache-Status"), "sluice; fwd=uri-miss") {
		t.Fatalf("first: %s, %s", got, w.first("Cache-Status"))
	}
	got, w := p.get("/a")
	if got != "200 answer 1" || w.first("Age") != "0" || !strings.HasPrefix(w.first("Cache-Status"), "sluice; hit") ||
		w.first("Date") == "" || w.first("Request-Id") == "" {
		t.Errorf("second: %s, %v", got, w.fields)
	}
	if l := p.logged()[1]; l.attempts != 0 || l.cache != "hit" || l.bytesOut == 0 {
		t.Errorf("logged: %+v", l)
	}
	if got, _ := p.get("/b"); got != "200 answer 2" {
		t.Errorf("another target: %s", got)
	}
	if n := o.visits.Load(); n != 2 {
		t.Errorf("the upstream saw %d requests", n)
	}
}

// Off by default as a read cache.
func TestNothingIsReusedUnlessTheRouteSaysSo(t *testing.T) {
	p, _ := caching(t, answers("Cache-Control: max-age=60"), lastGoods)
	p.get("/")
	if got, w := p.get("/"); got != "200 answer 2" || w.first("Cache-Status") != "" || w.first("Age") != "" {
		t.Errorf("got %s, %v", got, w.fields)
	}
}

// "also as a micro-cache for answers that carry no cache headers when the owner
// says so".
func TestTheOwnersTTLIsForAnswersThatSayNothing(t *testing.T) {
	for fields, want := range map[string]string{
		"":                         "200 answer 1",
		"Cache-Control: no-store":  "200 answer 2",
		"Cache-Control: private":   "200 answer 2",
		"Cache-Control: max-age=0": "200 answer 2",
		"Set-Cookie: a=b":          "200 answer 2",
		"Vary: *":                  "200 answer 2",
		"Vary: X-Forwarded-For":    "200 answer 2",
		"Cache-Control: public":    "200 answer 1",
	} {
		var f []string
		if fields != "" {
			f = []string{fields}
		}
		p, _ := caching(t, answers(f...), microcache)
		p.get("/")
		if got, _ := p.get("/"); got != want {
			t.Errorf("with %q: %s, want %s", fields, got, want)
		}
	}
}

// RFC 9111 section 4.3: a stale response is validated; 304 keeps the stored one.
func TestStaleCopiesAreValidated(t *testing.T) {
	p, o := caching(t, func(v *visit) bool {
		v.content()
		if v.Header.Get("If-None-Match") == `"v1"` {
			return v.say("HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\nCache-Control: max-age=60\r\nX-New: yes\r\n\r\n")
		}
		return v.say("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nCache-Control: max-age=0\r\nContent-Length: 4\r\n\r\nbody")
	}, reusing)
	for i, want := range []struct{ cache, fresh string }{{"miss", ""}, {"validated", "yes"}, {"hit", "yes"}} {
		got, w := p.get("/")
		if l := p.logged()[i]; got != "200 body" || l.cache != want.cache || w.first("X-New") != want.fresh {
			t.Errorf("request %d: %s, %+v, %v", i, got, l, w.fields)
		}
	}
	if n := o.visits.Load(); n != 2 {
		t.Errorf("the upstream saw %d requests", n)
	}
}

// RFC 9110 section 13: a client that has the response already is told so; what
// it has is not asked of the Upstream.
func TestConditionsAndRangesAreAnsweredFromTheCopy(t *testing.T) {
	p, o := caching(t, func(v *visit) bool {
		v.content()
		return v.say("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nCache-Control: max-age=60\r\nContent-Length: 10\r\n\r\n0123456789")
	}, reusing)
	for _, tt := range []struct {
		fields []string
		want   string
	}{
		{[]string{`If-None-Match: "v1"`}, "304 "}, // on a miss, too
		{nil, "200 0123456789"},
		{[]string{`If-None-Match: "v0"`}, "200 0123456789"},
		{[]string{"Range: bytes=2-4"}, "206 234"},
		{[]string{"Range: bytes=-3"}, "206 789"},
		{[]string{"Range: bytes=10-"}, "416 "},
		{[]string{"Range: bytes=0-1,3-4"}, "200 0123456789"},
		{[]string{"Range: bytes=2-4", `If-Range: "v0"`}, "200 0123456789"},
		{[]string{"Range: bytes=2-4", `If-None-Match: "v1"`}, "304 "},
	} {
		if got, w := p.get("/", tt.fields...); got != tt.want {
			t.Errorf("%q: %s, want %s (%v)", tt.fields, got, tt.want, w.fields)
		}
	}
	if _, w := p.get("/", "Range: bytes=2-4"); w.first("Content-Range") != "bytes 2-4/10" {
		t.Errorf("Content-Range: %q", w.first("Content-Range"))
	}
	l, w := p.status(request("HEAD", "/"))
	if l != "200" || w.length != 10 || w.first("ETag") != `"v1"` {
		t.Errorf("HEAD: %s, length %d", l, w.length)
	}
	if n := o.visits.Load(); n != 1 {
		t.Errorf("the upstream saw %d requests, want one", n)
	}
}

// "1,000 clients ask for one slow key at once: the upstream sees one request."
func TestAThousandClientsAreOneRequest(t *testing.T) {
	hold := make(chan struct{})
	p, o := caching(t, func(v *visit) bool {
		v.content()
		<-hold
		return v.say("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 6\r\n\r\nshared")
	}, reusing)
	var all []*under
	for range 1000 {
		all = append(all, p.begin(request("GET", "/slow"), newWire(t, "GET")))
	}
	until(t, "one request", func() bool { return o.visits.Load() == 1 })
	close(hold)
	words := map[string]int{}
	for _, u := range all {
		u.end()
		if u.told() != "200" || u.body.String() != "shared" {
			t.Fatalf("told %s %q", u.told(), u.body.String())
		}
	}
	for _, l := range p.logged() {
		words[l.cache]++
	}
	if o.visits.Load() != 1 || words["miss"] != 1 || words["shared"]+words["hit"] != 999 {
		t.Errorf("the upstream saw %d requests; logged %v", o.visits.Load(), words)
	}
}

// "others wait for its head and share it (streamed, not buffered whole)".
func TestWhatIsSharedIsStreamed(t *testing.T) {
	more := make(chan struct{})
	p, o := caching(t, func(v *visit) bool {
		v.content()
		v.say("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n")
		<-more
		return v.say("3\r\nend\r\n0\r\n\r\n")
	}, reusing)
	first, second := newWire(t, "GET"), newWire(t, "GET")
	a := p.begin(request("GET", "/"), first)
	until(t, "the request", func() bool { return o.visits.Load() == 1 })
	b := p.begin(request("GET", "/"), second)
	for _, w := range []*wire{first, second} {
		until(t, "what is there of the body", func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.body.String() == "begin"
		})
	}
	close(more)
	a.end()
	b.end()
	if first.body.String() != "beginend" || second.body.String() != "beginend" || o.visits.Load() != 1 {
		t.Errorf("got %q and %q by %d requests", first.body.String(), second.body.String(), o.visits.Load())
	}
}

// "uncacheable answers release the waiters", and nobody gets another's answer.
func TestWhatCannotBeSharedIsAskedForByEach(t *testing.T) {
	hold := make(chan struct{})
	p, o := caching(t, func(v *visit) bool {
		v.content()
		if v.number == 1 {
			<-hold
		}
		return answers("Cache-Control: private")(v)
	}, reusing)
	var all []*under
	all = append(all, p.begin(request("GET", "/me"), newWire(t, "GET")))
	until(t, "the first", func() bool { return o.visits.Load() == 1 })
	for range 20 {
		all = append(all, p.begin(request("GET", "/me"), newWire(t, "GET")))
	}
	close(hold)
	seen := map[string]bool{}
	for _, u := range all {
		u.end()
		if u.told() != "200" || seen[u.body.String()] {
			t.Errorf("told %s %q, which another was told, too", u.told(), u.body.String())
		}
		seen[u.body.String()] = true
	}
	if n := o.visits.Load(); n != 21 {
		t.Errorf("the upstream saw %d requests, want one for each of 21", n)
	}
}

// A leader who goes away takes nobody with him.
func TestALeaderWhoLeavesHoldsNobodyUp(t *testing.T) {
	hold := make(chan struct{})
	p, o := caching(t, func(v *visit) bool {
		v.content()
		<-hold
		return answers("Cache-Control: max-age=60")(v)
	}, reusing)
	w := newWire(t, "GET")
	leader := p.begin(request("GET", "/"), w)
	until(t, "the first", func() bool { return o.visits.Load() == 1 })
	other := p.begin(request("GET", "/"), newWire(t, "GET"))
	until(t, "the second to watch", other.watched)
	w.hangUp()
	if l := leader.end(); l.cause != "client_gone" {
		t.Errorf("logged: %+v", l)
	}
	close(hold)
	if l := other.end(); other.told() != "200" || l.cache != "shared" || o.visits.Load() != 1 {
		t.Errorf("the other: %s, %+v", other.told(), l)
	}
}

// With nobody left who waits the Attempt ends.
func TestWhenAllHaveLeftTheAttemptEnds(t *testing.T) {
	ended := make(chan struct{})
	p, o := caching(t, func(v *visit) bool {
		v.untilGone()
		close(ended)
		return false
	}, reusing)
	w := newWire(t, "GET")
	u := p.begin(request("GET", "/"), w)
	until(t, "the request", func() bool { return o.visits.Load() == 1 })
	until(t, "it to watch", u.watched)
	w.hangUp()
	u.end()
	within(t, "the end of the Attempt", ended)
}

// A response that is larger than a copy may be is passed on whole to who asked
// first, whether or not it says so beforehand.
func TestWhatIsTooLargeIsPassedOn(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 4<<20/16) // a copy may have 2 MiB here
	for _, framing := range []string{"counted", "chunked"} {
		p, o := caching(t, func(v *visit) bool {
			v.content()
			if framing == "counted" {
				return v.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: %d\r\n\r\n%s", len(big), big))
			}
			return v.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(big), big))
		}, reusing)
		for range 2 {
			if told, w := p.status(request("GET", "/")); told != "200" || w.body.String() != big {
				t.Errorf("%s: told %s, %d bytes", framing, told, w.body.Len())
			}
		}
		if n := o.visits.Load(); n != 2 {
			t.Errorf("%s: the upstream saw %d requests", framing, n)
		}
	}
}

// RFC 9111 section 4.4: what has changed is invalid.
func TestUnsafeMethodsInvalidate(t *testing.T) {
	p, _ := caching(t, answers("Cache-Control: max-age=60"), reusing)
	p.get("/a")
	p.status(request("POST", "/a"))
	if got, _ := p.get("/a"); got != "200 answer 3" {
		t.Errorf("got %s", got)
	}
}

// Requests with cookies that matter neither get what was for nobody in particular
// nor is theirs kept, unless the answer is explicitly for all.
func TestCookiesGoPastTheCache(t *testing.T) {
	for _, tt := range []struct {
		control       string
		first, second string
		want          string
	}{
		{"max-age=60", "", "session=1", "200 answer 2"},
		{"max-age=60", "session=1", "", "200 answer 2"},
		{"max-age=60", "session=1", "session=1", "200 answer 2"},
		{"max-age=60", "", "_ga=1; sluice_pass=x", "200 answer 1"},
		{"max-age=60", "_ga=1", "", "200 answer 1"},
		{"max-age=60, public", "", "session=1", "200 answer 1"},
		{"s-maxage=60", "session=1", "session=2", "200 answer 1"},
	} {
		p, _ := caching(t, answers("Cache-Control: "+tt.control), reusing)
		ask := func(cookie string) string {
			var f []string
			if cookie != "" {
				f = []string{"Cookie: " + cookie}
			}
			got, _ := p.get("/", f...)
			return got
		}
		ask(tt.first)
		if got := ask(tt.second); got != tt.want {
			t.Errorf("%q, then %q, with %s: %s, want %s", tt.first, tt.second, tt.control, got, tt.want)
		}
	}
}

// "cache poisoning by unkeyed fields (X-Forwarded-Host and friends)".
func TestUnkeyedFieldsGoPastTheCache(t *testing.T) {
	for _, field := range []string{"X-Forwarded-Host: evil.example", "X-Original-URL: /admin", "X-Rewrite-URL: /admin",
		"X-HTTP-Method-Override: DELETE", "X-Host: evil.example", "Forwarded: host=evil.example", "X-Forwarded-Scheme: http"} {
		p, _ := caching(t, answers("Cache-Control: max-age=60"), bothOfThem)
		p.get("/", field)
		if got, _ := p.get("/"); got != "200 answer 2" {
			t.Errorf("what was asked for with %s answers others: %s", field, got)
		}
		if got, _ := p.get("/", field); got != "200 answer 3" {
			t.Errorf("%s is answered with a copy: %s", field, got)
		}
	}
}

// RFC 5861 section 3: stale-while-revalidate serves at once and validates in the
// background.
func TestStaleWhileRevalidate(t *testing.T) {
	p, o := caching(t, func(v *visit) bool {
		if v.number == 1 {
			return answers("Cache-Control: max-age=0, stale-while-revalidate=60")(v)
		}
		return answers("Cache-Control: max-age=60")(v)
	}, reusing)
	p.get("/")
	if got, _ := p.get("/"); got != "200 answer 1" {
		t.Errorf("got %s, want the stale copy", got)
	}
	until(t, "the validation", func() bool { return o.visits.Load() == 2 })
	until(t, "its answer to answer", func() bool {
		got, _ := p.get("/")
		return got == "200 answer 2"
	})
}

// RFC 9111 section 5.2.1.7: only-if-cached asks for a stored response, or 504.
func TestOnlyIfCached(t *testing.T) {
	p, o := caching(t, answers("Cache-Control: max-age=60"), reusing)
	const field = "Cache-Control: only-if-cached"
	if got, w := p.get("/", field); !strings.HasPrefix(got, "504") || !strings.HasPrefix(w.first("Proxy-Status"), "sluice; error=http_request_error") {
		t.Errorf("without a copy: %s", got)
	}
	p.get("/")
	if got, _ := p.get("/", field); got != "200 answer 1" || o.visits.Load() != 1 {
		t.Errorf("with one: %s", got)
	}
}

// A request waits for another with a time limit.
func TestWaitingForAnotherHasALimit(t *testing.T) {
	hold := make(chan struct{})
	p, o := caching(t, func(v *visit) bool {
		v.content()
		if v.number == 1 {
			<-hold
		}
		return answers("Cache-Control: max-age=60")(v)
	}, func(r *Route) { r.Reuse = &Reuse{Wait: 20 * time.Millisecond} })
	first := p.begin(request("GET", "/"), newWire(t, "GET"))
	until(t, "the first", func() bool { return o.visits.Load() == 1 })
	if got, _ := p.get("/"); got != "200 answer 2" {
		t.Errorf("got %s, want an answer of its own", got)
	}
	close(hold)
	first.end()
}

// A failure of the one Attempt is everybody's, at once.
func TestAFailureIsShared(t *testing.T) {
	hold := make(chan struct{})
	p, o := caching(t, func(v *visit) bool { <-hold; v.reset(); return false }, reusing)
	var all []*under
	for range 50 {
		all = append(all, p.begin(request("GET", "/"), newWire(t, "GET")))
	}
	until(t, "the request", func() bool { return o.visits.Load() == 1 })
	for _, u := range all {
		until(t, "all to wait", u.watched)
	}
	close(hold)
	for _, u := range all {
		if l := u.end(); l.status != 502 || l.cause == "" {
			t.Errorf("logged %+v", l)
		}
	}
	if n := o.visits.Load(); n > 2 {
		t.Errorf("the upstream saw %d requests", n)
	}
}
