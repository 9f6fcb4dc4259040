package proxy

import (
	"strings"
	"testing"
	"time"

	"sluice/degraded"
	"sluice/limiter"
	"sluice/upstream"
)

// bearing returns a Proxy whose Pool bears n Exchanges at a time, behind which
// an origin waits for hold.
func bearing(t testing.TB, n int, play script) (*testProxy, *limiter.Admission) {
	t.Helper()
	p := newProxy(t, poolOf(t, upstream.Config{}, newOrigin(t, play)))
	a := limiter.NewAdmission(limiter.AdmissionOptions{Limit: n, Reserve: -1, MaxWait: patience})
	p.gen.Sites.exact["shop.example.com"].Routes[0].Admission = a
	return p, a
}

func holding(hold <-chan struct{}) script {
	return func(v *visit) bool {
		<-hold
		return always("theirs")(v)
	}
}

// "who waits for a place is served when one is free", and the place comes back
// however an Exchange ends.
func TestExchangesWaitForAPlace(t *testing.T) {
	hold := make(chan struct{})
	p, a := bearing(t, 1, holding(hold))
	first := p.begin(request("GET", "/"), newWire(t, "GET"))
	until(t, "the first", func() bool { return a.Stats().InFlight == 1 })
	second := p.begin(request("GET", "/"), newWire(t, "GET"))
	until(t, "the second", func() bool { return a.Stats().Queued == 1 })
	close(hold)
	first.end()
	second.end()
	if got := second.told(); got != "200" {
		t.Errorf("the second was told %s", got)
	}
	if n := a.Stats(); n.InFlight != 0 || n.Queued != 0 || n.Admitted != 2 {
		t.Errorf("stats: %+v", n)
	}
}

// "a client that goes away leaves the queue at once".
func TestAClientThatGoesAwayLeavesTheQueue(t *testing.T) {
	hold := make(chan struct{})
	p, a := bearing(t, 1, holding(hold))
	first := p.begin(request("GET", "/"), newWire(t, "GET"))
	until(t, "the first", func() bool { return a.Stats().InFlight == 1 })
	w := newWire(t, "GET")
	second := p.begin(request("GET", "/"), w)
	until(t, "the second", func() bool { return a.Stats().Queued == 1 })
	w.hangUp()
	l := second.end()
	if l.who != "client" || l.phase != "queue" || l.cause != "client_gone" || l.attempts != 0 {
		t.Errorf("logged: %+v", l)
	}
	if n := a.Stats(); n.Queued != 0 || n.Gone != 1 {
		t.Errorf("stats: %+v", n)
	}
	close(hold)
	first.end()
}

// "answers with the last good copy or a degraded page", with the cause.
func TestWhoHasNoPlaceGetsTheDegradedAnswer(t *testing.T) {
	hold := make(chan struct{})
	p, _ := bearing(t, 1, holding(hold))
	site := p.gen.Sites.exact["shop.example.com"]
	a := limiter.NewAdmission(limiter.AdmissionOptions{Limit: 1, Reserve: -1, MaxWait: time.Millisecond})
	site.Routes[0].Admission = a
	first := p.begin(request("GET", "/"), newWire(t, "GET"))
	until(t, "the first", func() bool { return a.Stats().InFlight == 1 })
	w := newWire(t, "GET")
	l := p.serve(request("GET", "/", "Accept: application/json"), w)
	close(hold)
	first.end()
	if w.told() != "503" || l.who != "sluice" || l.phase != "queue" || l.cause != "queue_timeout" || l.degraded != "json" {
		t.Errorf("told %s, logged %+v", w.told(), l)
	}
	if w.first("Retry-After") == "" || !strings.HasPrefix(w.first("Proxy-Status"), "sluice; error=connection_limit_reached") {
		t.Errorf("fields: %v", w.fields)
	}
}

// "Streaming, upgraded and long-poll exchanges (marked by Route, or noticed) do
// not poison it": they hold no place.
func TestStreamsHoldNoPlace(t *testing.T) {
	hold := make(chan struct{})
	p, a := bearing(t, 1, func(v *visit) bool {
		v.content()
		v.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nContent-Length: 6\r\n\r\n")
		<-hold
		v.say("theirs")
		return true
	})
	stream := p.begin(request("GET", "/events"), newWire(t, "GET"))
	until(t, "the stream", func() bool { return a.Stats().Streams == 1 })
	if n := a.Stats().InFlight; n != 0 {
		t.Errorf("%d places are taken", n)
	}
	site := p.gen.Sites.exact["shop.example.com"]
	site.Routes[0].Streams = true
	long := p.begin(request("GET", "/long-poll"), newWire(t, "GET"))
	close(hold)
	stream.end()
	long.end()
	if n := a.Stats(); n.InFlight != 0 || n.Streams != 0 || n.Admitted != 1 {
		t.Errorf("stats: %+v", n)
	}
}

// keeping gives the Site passes.
func keeping(t testing.TB, p *testProxy) *Site {
	t.Helper()
	keys, err := limiter.NewKeyring(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	site := p.gen.Sites.exact["shop.example.com"]
	site.Passes, site.Keep = limiter.NewPasses(site.Name, keys, 30*time.Minute), true
	return site
}

// "the admitted stay admitted: a signed, expiring cookie set on the first
// admitted exchange of a Site that asks for it".
func TestTheFirstAdmittedExchangeSetsAPass(t *testing.T) {
	p, _ := bearing(t, 5, always("theirs"))
	keeping(t, p)
	_, w := p.status(request("GET", "/"))
	cookie := w.first("Set-Cookie")
	value, attributes, _ := strings.Cut(cookie, "; ")
	if !strings.HasPrefix(value, "sluice_pass=") || attributes != "Path=/; Max-Age=1800; HttpOnly; SameSite=Lax" {
		t.Fatalf("Set-Cookie: %q", cookie)
	}
	if _, w := p.status(request("GET", "/", "Cookie: a=b; "+value)); w.first("Set-Cookie") != "" {
		t.Errorf("a second one: %q", w.first("Set-Cookie"))
	}
	if _, w := p.status(request("GET", "/", "Cookie: "+value+"x")); w.first("Set-Cookie") == "" {
		t.Error("a forged one counts")
	}
	secure := request("GET", "/")
	secure.Client = clientAt("203.0.113.9:1")
	secure.Client.Secure = true
	if _, w := p.status(secure); !strings.HasSuffix(w.first("Set-Cookie"), "; Secure") {
		t.Errorf("over TLS: %q", w.first("Set-Cookie"))
	}
}

// "new visitors over the admission rate get a page with their place […] that
// polls with jitter and lets them in by order of arrival"; a callback is not
// behind it.
func TestTheWaitingRoom(t *testing.T) {
	p, _ := bearing(t, 5, always("theirs"))
	site := keeping(t, p)
	keys, _ := limiter.NewKeyring(nil, time.Now())
	pages, err := degraded.NewRoomPages(degraded.RoomPagesOptions{})
	if err != nil {
		t.Fatal(err)
	}
	site.Room = &Room{Pages: pages, Room: limiter.NewRoom(limiter.RoomOptions{
		Site: site.Name, PerSecond: 0.001, Burst: 1, Keys: keys, Passes: site.Passes}, time.Now())}
	told, first := p.status(request("GET", "/"))
	if told != "200" || first.body.String() != "theirs" {
		t.Errorf("the first: %s", told)
	}
	pass, _, _ := strings.Cut(first.first("Set-Cookie"), ";")
	w := newWire(t, "GET")
	l := p.serve(request("GET", "/", "Accept: text/html"), w)
	ticket, _, _ := strings.Cut(w.first("Set-Cookie"), ";")
	if w.told() != "503" || l.cause != "waiting_room" || l.phase != "admit" || l.degraded != "room" || !strings.HasPrefix(ticket, "sluice_ticket=") ||
		w.first("Retry-After") == "" || w.first("Content-Security-Policy") == "" {
		t.Errorf("the second: %s %+v %v", w.told(), l, w.fields)
	}
	if _, w := p.status(request("GET", "/", "Cookie: "+ticket, "Sluice-Room: poll")); w.told() != "200" || !strings.Contains(w.body.String(), `"state":"waiting"`) {
		t.Errorf("a poll: %s %s", w.told(), w.body.String())
	}
	if told, w := p.status(request("GET", "/", "Cookie: "+pass)); told != "200" || w.body.String() != "theirs" {
		t.Errorf("with a pass: %s", told)
	}
	if _, w := p.status(request("GET", "/", "Cookie: "+pass, "Sluice-Room: poll")); !strings.Contains(w.body.String(), `"state":"entered"`) {
		t.Errorf("a poll with a pass: %s", w.body.String())
	}
	site.Routes[0].Class = limiter.ClassCritical
	if told, w := p.status(request("GET", "/")); told != "200" || w.body.String() != "theirs" {
		t.Errorf("a critical Route: %s", told)
	}
}

// "bytes per second per connection".
func TestBandwidth(t *testing.T) {
	p, _ := bearing(t, 5, always(strings.Repeat("x", 300<<10)))
	p.gen.Sites.exact["shop.example.com"].Bandwidth = 500 << 10
	client := clientAt("192.0.2.1:1")
	begun := time.Now()
	for range 2 { // two Exchanges of one connection share it
		r := request("GET", "/")
		r.Client = client
		if told, w := p.status(r); told != "200" || w.body.Len() != 300<<10 {
			t.Errorf("told %s, %d bytes", told, w.body.Len())
		}
	}
	if took := time.Since(begun); took < 900*time.Millisecond {
		t.Errorf("600 KiB at 500 KiB/s took %v", took)
	}
}

// What an Exchange costs when there is a place.
func TestAdmissionAllocatesNothing(t *testing.T) {
	p, a := bearing(t, 5, always("theirs"))
	site := keeping(t, p)
	site.Keep = false
	x := begun(p.gen, request("GET", "/"))
	x.site, x.route = site, &site.Routes[0]
	now := time.Now()
	if n := testing.AllocsPerRun(100, func() {
		if !x.takePlace() {
			t.Fatal("no place")
		}
		x.giveBack(now)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if a.Stats().InFlight != 0 {
		t.Error("a place is lost")
	}
}
