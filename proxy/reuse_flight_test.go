package proxy

import (
	"strings"
	"testing"
	"time"

	"sluice/cache/policy"
	"sluice/message"
)

// begins plays a response of unknown length whose end waits for more to be closed.
func begins(more chan struct{}, fields ...string) script {
	return func(v *visit) bool {
		v.content()
		v.say("HTTP/1.1 200 OK\r\n" + lines(fields) + "Transfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n")
		<-more
		return v.say("3\r\nend\r\n0\r\n\r\n")
	}
}

// untilHas waits for a client to have that much of the body.
func untilHas(t *testing.T, w *wire, body string) {
	t.Helper()
	until(t, "the body "+body, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.body.String() == body
	})
}

// A client that goes away while its copy still grows is gone at once: it does not
// spin until the Upstream has said the rest.
func TestWhoLeavesAGrowingCopyIsGone(t *testing.T) {
	more := make(chan struct{})
	p, _ := caching(t, begins(more, "Cache-Control: max-age=60"), reusing)
	p.gen.StreamTimeout = time.Hour // nothing else ends it
	defer close(more)
	w := newWire(t, "GET")
	u := p.begin(request("GET", "/"), w)
	untilHas(t, w, "begin")
	until(t, "it to watch", w.watched)
	w.hangUp()
	if l := u.end(); l.cause != "client_gone" || w.told() != "200 aborted" {
		t.Errorf("told %s, logged %+v", w.told(), l)
	}
}

// RFC 9111 section 5.2.2.4: "the response MUST NOT be used to satisfy any other
// request without forwarding it for validation", and section 5.2.1.4 for requests.
// One that comes when the head is there asks for what is stored.
func TestWhoComesAfterTheHeadGetsOnlyWhatMayBeReused(t *testing.T) {
	for _, tt := range []struct {
		control, asks string
		shared        bool
	}{
		{"max-age=60", "Accept: */*", true},
		{"no-cache", "Accept: */*", false},
		{"max-age=0", "Accept: */*", false},
		{"max-age=60", "Cache-Control: no-cache", false},
		{"max-age=0, stale-while-revalidate=60", "Accept: */*", true},
	} {
		more := make(chan struct{})
		p, o := caching(t, begins(more, "Cache-Control: "+tt.control, `ETag: "1"`), reusing)
		first, second := newWire(t, "GET"), newWire(t, "GET")
		a := p.begin(request("GET", "/"), first)
		untilHas(t, first, "begin")
		b := p.begin(request("GET", "/", tt.asks), second)
		untilHas(t, second, "begin")
		if shared := o.visits.Load() == 1; shared != tt.shared {
			t.Errorf("%s, %s: shared %v", tt.control, tt.asks, shared)
		}
		close(more)
		a.end()
		b.end()
	}
}

// "neither a leader who is slow nor one who goes away holds the others up": a
// failure is that of those who have waited, however long the leader takes to read
// what the Upstream said about it.
func TestASlowLeaderDoesNotProlongAFailure(t *testing.T) {
	for _, status := range []string{"503 X", "200 OK\r\nCache-Control: private"} {
		more := make(chan struct{})
		p, _ := caching(t, func(v *visit) bool {
			if v.number > 1 {
				return answers("Cache-Control: max-age=60")(v)
			}
			v.content()
			v.say("HTTP/1.1 " + status + "\r\nContent-Length: 8\r\n\r\nbegin")
			<-more
			return v.say("end")
		}, reusing)
		w := newWire(t, "GET")
		u := p.begin(request("GET", "/"), w)
		untilHas(t, w, "begin")
		if got, _ := p.get("/"); got != "200 answer 2" {
			t.Errorf("%q: another is told %s", status, got)
		}
		close(more)
		u.end()
	}
}

// What goes on for as long as somebody listens is nobody else's, whatever the TTL.
func TestEventStreamsAreNotShared(t *testing.T) {
	more := make(chan struct{})
	p, o := caching(t, begins(more, "Content-Type: text/event-stream"), microcache)
	var all []*under
	for range 3 {
		w := newWire(t, "GET")
		all = append(all, p.begin(request("GET", "/"), w))
		untilHas(t, w, "begin")
	}
	if n := o.visits.Load(); n != 3 {
		t.Errorf("the upstream saw %d requests, want one for each of 3", n)
	}
	close(more)
	for _, u := range all {
		u.end()
	}
}

// RFC 5861 section 3: the validation in the background is for everybody. It asks
// for the whole, though HEAD has caused it, and with no person's credentials.
func TestValidationInTheBackgroundIsForEverybody(t *testing.T) {
	for _, tt := range []struct{ method, field string }{
		{"HEAD", "Accept: */*"}, {"GET", "Cookie: session=alice"}, {"GET", "Authorization: alice"}, {"GET", "Range: bytes=0-1"},
	} {
		p, _ := caching(t, func(v *visit) bool {
			if asker(v) != "all" {
				return answers("Cache-Control: private")(v)
			}
			return answers("Cache-Control: public, max-age=0, stale-while-revalidate=60")(v)
		}, reusing)
		p.get("/")
		p.status(request(tt.method, "/", tt.field))
		until(t, "the end of the validation", func() bool {
			f, ok := p.gen.Cache.Begin([]byte("pshop.example.com/"), time.Now())
			if ok {
				f.End(time.Now())
			}
			return ok
		})
		if got, w := p.get("/"); !strings.HasPrefix(w.first("Cache-Status"), "sluice; hit") {
			t.Errorf("%s with %s: then %s, %v", tt.method, tt.field, got, w.first("Cache-Status"))
		}
	}
}

// panics is a body that has met a bug of ours.
type panics struct{}

func (panics) Ready() bool              { return true }
func (panics) Next() ([]byte, error)    { panic("a bug") }
func (panics) Trailers() message.Fields { return nil }

// A bug of ours while a copy grows ends it for all who read it: nobody waits for
// what will never come.
func TestAPanicEndsAGrowingCopy(t *testing.T) {
	p, _ := caching(t, answers(), reusing)
	site := p.gen.Sites.exact["shop.example.com"]
	f, _ := p.gen.Cache.Join([]byte("p/"), policy.Asked{}, time.Now())
	defer f.Return(nil)
	x := &Exchange{}
	x.gen, x.site, x.route, x.r = p.gen, site, &site.Routes[0], request("GET", "/")
	x.fetch, x.open, x.anonymous, x.began = &fetch{flight: f}, true, true, time.Now()
	resp := &message.Response{Status: 200, Length: -1, Fields: fieldLines("Cache-Control: max-age=60"), Body: panics{}}
	if caught(func() { x.collect(resp) }) == nil {
		t.Fatal("no panic")
	}
	f.End(time.Now())
	o, ok := f.Wait(true, nil, patience)
	if !ok || o.Copy == nil {
		t.Fatalf("got %+v", o)
	}
	defer o.Copy.Release()
	ended := make(chan error, 1)
	go func() { ended <- o.Copy.Wait(0, nil) }()
	if err := within(t, "the end of the copy", ended); err == nil {
		t.Error("taken for whole")
	}
}
