package proxy

import (
	"bytes"
	"compress/gzip"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/limiter"
	"sluice/message"
	"sluice/upstream"
)

// maintained returns a Proxy whose Site has a Maintenance, before an origin
// that answers.
func maintained(t testing.TB) (p *testProxy, site *Site, o *origin) {
	t.Helper()
	o = newOrigin(t, always("theirs"))
	p = newProxy(t, poolOf(t, upstream.Config{}, o))
	site = p.gen.Sites.exact["shop.example.com"]
	site.Maintenance = new(Maintenance)
	return p, site, o
}

func TestMaintenanceEndsByItselfOrByHand(t *testing.T) {
	var m Maintenance
	now := time.Date(2026, 12, 1, 20, 0, 0, 0, time.UTC)
	want := func(what string, at time.Time, left time.Duration, on bool) {
		t.Helper()
		if gotLeft, gotOn := m.On(at); gotLeft != left || gotOn != on {
			t.Errorf("%s: %v, %v, want %v, %v", what, gotLeft, gotOn, left, on)
		}
	}
	want("the zero value", now, 0, false)
	m.Begin(now.Add(time.Hour))
	want("at its beginning", now, time.Hour, true)
	want("before its end", now.Add(time.Hour-1), 1, true)
	want("at its end", now.Add(time.Hour), 0, false)
	want("after it", now.Add(2*time.Hour), 0, false)
	m.Begin(time.Time{})
	want("without an end", now.Add(1e5*time.Hour), 0, true)
	m.End()
	want("ended by hand", now, 0, false)
}

// "every request of the Site is answered 503 with Retry-After, [...] no Attempt
// made".
func TestASiteUnderMaintenanceAsksNobody(t *testing.T) {
	p, site, o := maintained(t)
	site.Maintenance.Begin(time.Time{})
	for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS"} {
		w := newWire(t, method)
		l := p.serve(request(method, "/cart"), w)
		l.want(t, w, "503", "sluice admit maintenance")
		if l.attempts != 0 || l.degraded != "json" || l.site != "shop.example.com" || l.pool != "app" {
			t.Errorf("%s: logged %+v", method, l)
		}
		if got := w.one("Proxy-Status"); got != "sluice; error=http_request_denied" {
			t.Errorf("%s: Proxy-Status %s", method, got)
		}
		if s, err := strconv.Atoi(w.one("Retry-After")); err != nil || s < 5 || s > 8 {
			t.Errorf("%s: Retry-After %q, want that of the Route", method, w.field("Retry-After"))
		}
	}
	if n := o.visits.Load(); n != 0 {
		t.Errorf("the upstream was asked %d times", n)
	}
	site.Maintenance.End()
	w := newWire(t, "GET")
	p.serve(request("GET", "/cart"), w).want(t, w, "200", "")
}

// "degraded page of kind maintenance or JSON".
func TestTheAnswerTellsOfMaintenance(t *testing.T) {
	p, site, _ := maintained(t)
	site.Maintenance.Begin(time.Time{})
	for _, tt := range []struct{ accept, language, want string }{
		{"text/html", "en", "<h1>Under maintenance</h1>"},
		{"text/html", "zh-CN", "<h1>网站维护中</h1>"},
		{"application/json", "zh-CN", `{"code":503,"msg":"maintenance"}`},
	} {
		w := newWire(t, "GET")
		p.serve(request("GET", "/", "Accept: "+tt.accept, "Accept-Language: "+tt.language), w)
		if !strings.Contains(w.body.String(), tt.want) {
			t.Errorf("%s, %s: no %s in\n%s", tt.accept, tt.language, tt.want, w.body.String())
		}
	}
}

// "--until TIME or --for DURATION that sets Retry-After", and clients do not
// all come at the end.
func TestRetryAfterIsTheEndOfMaintenance(t *testing.T) {
	for left, last := range map[time.Duration]int{30 * time.Minute: 33 * 60, time.Minute: 66, 7 * 24 * time.Hour: 24 * 60 * 60} {
		synctest.Test(t, func(t *testing.T) {
			site := &Site{Maintenance: new(Maintenance)}
			site.Maintenance.Begin(time.Now().Add(left))
			for range 100 {
				w := newWire(t, "GET")
				x := exchangeAt(t, site, w)
				x.tellMaintenance()
				first := min(int(left/time.Second), last)
				if s, err := strconv.Atoi(w.one("Retry-After")); err != nil || s < first || s > last {
					t.Errorf("%v: Retry-After %q, want %d to %d", left, w.field("Retry-After"), first, last)
				}
			}
		})
	}
}

// exchangeAt is an Exchange that has come to the Site's one Route.
func exchangeAt(t testing.TB, site *Site, w message.ResponseWriter) *Exchange {
	t.Helper()
	answer, err := testAnswer()
	if err != nil {
		t.Fatal(err)
	}
	x := &Exchange{scratch: make([]byte, 0, 256)}
	x.r, x.w, x.gen, x.id = request("GET", "/", "Accept: text/html", "Accept-Encoding: gzip"), w, &Generation{}, []byte("0123456789")
	x.site, x.route = site, &Route{Prefix: "/", Degraded: answer}
	return x
}

func TestAMaintenanceThatHasEndedIsOver(t *testing.T) {
	p, site, _ := maintained(t)
	site.Maintenance.Begin(time.Now().Add(-time.Second))
	w := newWire(t, "GET")
	p.serve(request("GET", "/"), w).want(t, w, "200", "")
}

// "Routes with class "critical" stay open; ACME challenges and the redirect to
// HTTPS go on."
func TestWhatMaintenanceLeavesOpen(t *testing.T) {
	p, site, _ := maintained(t)
	site.Maintenance.Begin(time.Time{})
	callback := site.Routes[0]
	callback.Prefix, callback.Class = "/pay/", limiter.ClassCritical
	site.Routes = append([]Route{callback}, site.Routes...)
	p.gen.Challenge = func(host, token string) ([]byte, bool) { return []byte("proof"), token == "token" }

	for target, want := range map[string]string{
		"/pay/done": "200", "/": "503", "/pay": "503",
		"/.well-known/acme-challenge/token": "200", "/.well-known/acme-challenge/other": "503",
	} {
		w := newWire(t, "GET")
		p.serve(request("GET", target), w)
		if got := w.told(); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
	site.TLS, site.Redirect = true, true
	w := newWire(t, "GET")
	p.serve(request("GET", "/"), w).want(t, w, "301", "")
}

// A person's browser gets the page as gzip, and our id is in it.
func TestDegradedPagesAreCompressed(t *testing.T) {
	p, site, _ := maintained(t)
	site.Maintenance.Begin(time.Time{})
	w := newWire(t, "GET")
	l := p.serve(request("GET", "/", "Accept: text/html", "Accept-Encoding: gzip, deflate, br"), w)
	if w.one("Content-Encoding") != "gzip" || w.one("Vary") != "Accept-Encoding" {
		t.Fatalf("fields: %v", w.fields)
	}
	r, err := gzip.NewReader(bytes.NewReader(w.body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(r)
	if err != nil || !bytes.Contains(page, []byte("<code>"+l.id+"</code>")) {
		t.Errorf("%v, no id %s in\n%s", err, l.id, page)
	}
	refused := newWire(t, "GET")
	other := request("GET", "/", "Accept: text/html", "Accept-Encoding: gzip")
	other.Authority = []byte("other.test")
	p.serve(other, refused)
	if refused.one("Content-Encoding") != "gzip" {
		t.Error("the page of a refusal is not compressed")
	}
}

// nowhere is a wire that takes everything.
type nowhere struct{ message.ResponseWriter }

func (nowhere) Start(*message.Response) error { return nil }
func (nowhere) Write([]byte) error            { return nil }
func (nowhere) Finish(message.Fields) error   { return nil }

// "serving it costs no more than a refusal", and looking costs an atomic load.
func TestMaintenanceAllocatesNothing(t *testing.T) {
	site := &Site{Maintenance: new(Maintenance)}
	x := exchangeAt(t, site, nowhere{})
	for _, until := range []time.Time{{}, time.Now().Add(time.Hour)} {
		site.Maintenance.Begin(until)
		if n := testing.AllocsPerRun(100, func() {
			x.scratch = x.scratch[:0]
			if x.underMaintenance() {
				x.tellMaintenance()
			}
		}); n != 0 {
			t.Errorf("until %v: %v allocations", until, n)
		}
	}
}

func BenchmarkUnderMaintenance(b *testing.B) {
	site := &Site{Maintenance: new(Maintenance)}
	x := &Exchange{}
	x.site, x.route = site, &Route{}
	b.ReportAllocs()
	for b.Loop() {
		if x.underMaintenance() {
			b.Fatal("it is on")
		}
	}
}

// "serving it costs no more than a refusal".
func BenchmarkDegradedAndRefused(b *testing.B) {
	site := &Site{Maintenance: new(Maintenance)}
	site.Maintenance.Begin(time.Time{})
	for name, answer := range map[string]func(*Exchange){
		"degraded": (*Exchange).tellMaintenance,
		"refused":  func(x *Exchange) { x.refuse(failureMisdirected) },
	} {
		for _, coding := range []string{"identity", "gzip"} {
			b.Run(name+"/"+coding, func(b *testing.B) {
				x := exchangeAt(b, site, nowhere{})
				x.gen.Refusals = testRefusals()
				x.r.Fields = fieldLines("Accept: text/html", "Accept-Encoding: "+coding)
				b.ReportAllocs()
				for b.Loop() {
					x.scratch = x.scratch[:0]
					answer(x)
				}
			})
		}
	}
}
