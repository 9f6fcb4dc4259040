package proxy

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"sluice/message"
)

// RFC 9111 section 4.4: "A cache MUST invalidate the target URI [...] when it
// receives a non-error status code in response to an unsafe request method". What
// was asked for before, and comes after, is from before the change: it is neither
// kept nor given to who asks afterwards, such as the one who has made the change.
func TestWhatWasAskedForBeforeAChangeIsNotKept(t *testing.T) {
	for name, change := range map[string]func(*testProxy){
		"an unsafe method":  func(p *testProxy) { p.status(request("POST", "/")) },
		"a purge":           func(p *testProxy) { p.gen.Cache.Purge("shop.example.com", "/", false) },
		"a purge of prefix": func(p *testProxy) { p.gen.Cache.Purge("shop.example.com", "/", true) },
	} {
		for _, cookie := range []string{"Cookie: _ga=1", "Cookie: session=alice"} { // by a Flight, and on its own
			hold := make(chan struct{})
			release := sync.OnceFunc(func() { close(hold) })
			p, o := caching(t, func(v *visit) bool {
				v.content()
				if v.number == 1 {
					<-hold
				}
				return answers("Cache-Control: public, max-age=60")(v)
			}, reusing)
			t.Cleanup(release)
			first := p.begin(request("GET", "/", cookie), newWire(t, "GET"))
			until(t, "the first", func() bool { return o.visits.Load() == 1 })
			change(p)
			now, _ := p.get("/", cookie) // does not wait for the first
			release()
			if first.end(); first.body.String() != "answer 1" || now == "200 answer 1" {
				t.Errorf("%s, %s: the first was told %q, who came after the change %q", name, cookie, first.body.String(), now)
			}
			if got, _ := p.get("/"); got == "200 answer 1" {
				t.Errorf("%s, %s: what was before is kept", name, cookie)
			}
		}
	}
}

// RFC 9111 section 4.3.5: a HEAD may update the response that is stored. What a
// person is told says nothing of what is for all, and must not get there.
func TestWhatAPersonIsToldByHeadIsNotShown(t *testing.T) {
	for _, tt := range []struct {
		asks, says string
	}{
		{"Cookie: session=alice", "ETag: \"v1\""},
		{"X-Token: alice", "ETag: \"v1\""},
		{"Cookie: _ga=1", "ETag: \"v1\"\r\nSet-Cookie: session=alice"},
		{"Cookie: session=alice", "ETag: \"alice\""},
	} {
		p, o := caching(t, func(v *visit) bool {
			v.content()
			if v.Method == "HEAD" {
				return v.say("HTTP/1.1 200 OK\r\n" + tt.says + "\r\nContent-Length: 4\r\nX-User: alice\r\n\r\n")
			}
			return v.say("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nCache-Control: public, max-age=60\r\nContent-Length: 4\r\n\r\nbody")
		}, bothOfThem)
		p.get("/")
		p.status(request("HEAD", "/", tt.asks, "Cache-Control: no-cache"))
		if _, w := p.get("/"); w.first("X-User") != "" || o.visits.Load() != 2 {
			t.Errorf("%s: %s seen by all, %d visits", tt.asks, w.first("X-User"), o.visits.Load())
		}
	}
}

// RFC 9111 section 4.3.4: the 304 updates what is stored; if it says that this is
// for one person from now on, nobody else gets it.
func TestWhatIsConfirmedAsPrivateIsNotShared(t *testing.T) {
	hold := make(chan struct{})
	p, o := caching(t, func(v *visit) bool {
		v.content()
		switch v.number {
		case 1:
			return v.say("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nCache-Control: max-age=0\r\nContent-Length: 4\r\n\r\nbody")
		case 2:
			<-hold
			return v.say("HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\nCache-Control: private\r\n\r\n")
		}
		return answers("Cache-Control: private")(v)
	}, reusing)
	p.get("/")
	all := []*under{p.begin(request("GET", "/"), newWire(t, "GET"))}
	until(t, "the validation", func() bool { return o.visits.Load() == 2 })
	all = append(all, p.begin(request("GET", "/"), newWire(t, "GET")))
	until(t, "the second to wait", all[1].watched)
	close(hold)
	for _, u := range all {
		if u.end(); u.told() != "200" || u.body.String() == "body" {
			t.Errorf("told %s %q", u.told(), u.body.String())
		}
	}
}

// RFC 9110 section 6.6.1: "A recipient with a clock that receives a response
// message without a Date header field MUST record the time it was received and
// append a corresponding Date header field to the message's header section if it
// is cached or forwarded downstream".
func TestWhatIsConfirmedHasADate(t *testing.T) {
	p, _ := caching(t, func(v *visit) bool {
		v.content()
		if v.number > 1 {
			return v.say("HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\nCache-Control: max-age=60\r\n\r\n")
		}
		return v.say("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nCache-Control: max-age=0\r\nContent-Length: 4\r\n\r\nbody")
	}, reusing)
	for range 3 {
		if got, w := p.get("/"); got != "200 body" || w.first("Date") == "" && w.first("Age") != "" {
			t.Errorf("got %s, %v", got, w.fields)
		}
	}
}

// behindPeer returns a Proxy that believes all of its clients.
func behindPeer(t *testing.T, fields ...string) *testProxy {
	p, _ := caching(t, answers(append(fields, "Cache-Control: max-age=60")...), reusing)
	p.gen.Trusted = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	return p
}

// A peer that is trusted may pass on a Forwarded that it does not know and that a
// stranger has written. What applications make of it is not shown to others.
func TestAForwardedThatSaysSomethingElseGoesPastTheCache(t *testing.T) {
	for field, want := range map[string]string{
		`Forwarded: for=192.0.2.1;host=evil.example`:                                 "200 answer 2",
		`Forwarded: for=192.0.2.1;proto=https`:                                       "200 answer 2",
		`Forwarded: host="shop.example.com", for=a; HOST = "evil"`:                   "200 answer 2",
		`Forwarded: for=192.0.2.1;host="Shop.example.com";proto=http, for=192.0.2.2`: "200 answer 1",
	} {
		p := behindPeer(t)
		p.get("/", field)
		if got, _ := p.get("/"); got != want {
			t.Errorf("%s: %s, want %s", field, got, want)
		}
	}
}

// What was asked for by another host at a trusted peer is invalidated, and purged,
// like everything else.
func TestChangesReachWhatIsKeptForAPeersHost(t *testing.T) {
	const asked = "X-Forwarded-Host: www.example.com"
	p := behindPeer(t)
	p.get("/", asked)
	if got, _ := p.get("/", asked); got != "200 answer 1" {
		t.Fatalf("not kept: %s", got)
	}
	if got, _ := p.get("/"); got != "200 answer 2" {
		t.Fatalf("another host has %s", got)
	}
	p.status(request("POST", "/", asked))
	if got, _ := p.get("/", asked); got != "200 answer 4" {
		t.Errorf("not invalidated: %s", got)
	}
	if n := p.gen.Cache.Purge("shop.example.com", "/", false); n != 2 {
		t.Errorf("purged %d, want both", n)
	}
}

// RFC 9111 section 4.1: Vary is about the fields of the request. Those that Sluice
// sets itself are the same for all that have the same key.
func TestWhatVariesByOurOwnFieldsIsFound(t *testing.T) {
	for _, name := range []string{"X-Forwarded-Proto", "X-Forwarded-Host, X-Forwarded-Port", "Host"} {
		p, o := caching(t, answers("Cache-Control: max-age=60", "Vary: "+name), bothOfThem)
		for _, client := range []string{"Accept: */*", "X-Forwarded-Proto: https", "X-Forwarded-Port: 1"} {
			p.get("/", client)
		}
		if n := o.visits.Load(); n != 1 {
			t.Errorf("%s: the upstream saw %d requests", name, n)
		}
	}
}

// What a pooled Exchange keeps of its memory is bounded, whatever the largest head
// that it has had.
func TestAnExchangeKeepsLittleMemory(t *testing.T) {
	x := &Exchange{scratch: make([]byte, 60<<10), copied: make(message.Fields, 512)}
	x.finish(nil, time.Now())
	if cap(x.scratch) > keptScratch || cap(x.copied) > keptFields {
		t.Errorf("%d bytes, %d fields", cap(x.scratch), cap(x.copied))
	}
}
