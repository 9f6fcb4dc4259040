package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/limiter"
)

// faltering plays fine until it is told to fail, in one of several ways.
type faltering struct {
	how  string // empty: it does not
	fine script
}

func (f *faltering) play(v *visit) bool {
	switch f.how {
	case "":
		return f.fine(v)
	case "reset":
		v.content()
		v.reset()
		return false
	default:
		v.content()
		return v.say("HTTP/1.1 " + f.how + " X\r\nContent-Length: 6\r\n\r\nbroken")
	}
}

// "when an upstream is down or shedding, the client sees the last good copy; only
// where there is none, a degraded page", "with Age, Cache-Status: sluice; hit;
// fwd=stale and a Proxy-Status that says why".
func TestTheLastGoodCopyAnswersWhenThePoolCannot(t *testing.T) {
	for how, cause := range map[string]string{"reset": "connection_terminated", "503": "destination_unavailable", "502": "destination_unavailable"} {
		f := &faltering{fine: answers()}
		p, _ := caching(t, f.play, lastGoods)
		if got, w := p.get("/news"); got != "200 answer 1" || w.first("Age") != "" || w.first("Cache-Status") != "" {
			t.Fatalf("while all is well: %s, %v", got, w.fields)
		}
		f.how = how
		got, w := p.get("/news")
		if got != "200 answer 1" || w.first("Age") == "" || w.first("Cache-Status") != "sluice; hit; fwd=stale" ||
			!strings.HasPrefix(w.first("Proxy-Status"), "sluice; error="+cause) {
			t.Errorf("%s: %s, %v", how, got, w.fields)
		}
		if l := p.logged()[1]; l.status != 200 || l.cause != cause || l.degraded != "last_good" || l.cache != "last_good" || l.who != "upstream" {
			t.Errorf("%s: logged %+v", how, l)
		} else if how != "reset" && l.detail != "status "+how {
			t.Errorf("%s: it failed by %q", how, l.detail)
		}
		if told, w := p.status(request("HEAD", "/news")); told != "200" || w.length != int64(len("answer 1")) {
			t.Errorf("%s: HEAD: %s, %d", how, told, w.length)
		}
		for _, r := range []string{"/other", "/news?x"} {
			if got, _ := p.get(r); strings.HasPrefix(got, "200") {
				t.Errorf("%s: %s: %s", how, r, got)
			}
		}
		if told, _ := p.status(request("POST", "/news")); told == "200" {
			t.Errorf("%s: a POST got a copy", how)
		}
	}
}

// "used only when the Pool is down or shedding"
func TestTheLastGoodCopyAnswersWhenThePoolSheds(t *testing.T) {
	hold := make(chan struct{})
	p, o := caching(t, func(v *visit) bool {
		if v.number > 1 {
			<-hold
		}
		return answers()(v)
	}, lastGoods)
	route := &p.gen.Sites.exact["shop.example.com"].Routes[0]
	route.Admission = limiter.NewAdmission(limiter.AdmissionOptions{Limit: 1, Reserve: -1, MaxWait: time.Millisecond})
	p.get("/")
	busy := p.begin(request("GET", "/"), newWire(t, "GET"))
	until(t, "a busy Pool", func() bool { return o.visits.Load() == 2 })
	got, w := p.get("/")
	if got != "200 answer 1" || w.first("Cache-Status") != "sluice; hit; fwd=stale" {
		t.Errorf("got %s, %v", got, w.fields)
	}
	if l := p.logged()[1]; l.cause != "queue_timeout" && l.cause != "shed" && l.cause != "queue_full" {
		t.Errorf("logged %+v", l)
	}
	close(hold)
	busy.end()
}

// "Never shows one person's page to another". Two people, and every combination
// of what may tell them apart: a copy that was made for one is seen by the other
// only if nothing in request or response says that it is personal.
func TestNothingPersonalIsShown(t *testing.T) {
	requests := []struct {
		name      string
		fields    []string
		anonymous bool
	}{
		{"anonymous", nil, true},
		{"statistics", []string{"Cookie: _ga=GA1.2.3"}, true},
		{"own cookies", []string{"Cookie: sluice_pass=abc"}, true},
		{"session", []string{"Cookie: session=alice"}, false},
		{"session among others", []string{"Cookie: _ga=1; session=alice"}, false},
		{"session in a second line", []string{"Cookie: _ga=1", "Cookie: session=alice"}, false},
		{"odd cookie", []string{"Cookie: alice"}, false},
		{"authorization", []string{"Authorization: Bearer alice"}, false},
		{"upper case", []string{"AUTHORIZATION: Basic YWxpY2U6"}, false},
	}
	responses := []struct {
		name   string
		fields []string
		public bool
	}{
		{"plain", nil, true},
		{"public", []string{"Cache-Control: public, max-age=5"}, true},
		{"s-maxage", []string{"Cache-Control: s-maxage=5"}, true},
		{"private", []string{"Cache-Control: private"}, false},
		{"private in a list", []string{"Cache-Control: max-age=60", "cache-control: x, Private"}, false},
		{"private field", []string{`Cache-Control: private="x-user"`}, false},
		{"no-store", []string{"Cache-Control: no-store"}, false},
		{"no-cache", []string{"Cache-Control: no-cache"}, false},
		{"must-revalidate", []string{"Cache-Control: must-revalidate"}, false},
		{"set-cookie", []string{"Set-Cookie: session=alice"}, false},
		{"set-cookie and public", []string{"Cache-Control: public", "set-cookie: a=b"}, false},
		{"vary star", []string{"Vary: *"}, false},
		{"vary by address", []string{"Vary: X-Real-IP"}, false},
	}
	for _, first := range requests {
		for _, resp := range responses {
			for _, second := range requests {
				t.Run(first.name+", "+resp.name+", "+second.name, func(t *testing.T) {
					f := &faltering{fine: answers(resp.fields...)}
					p, _ := caching(t, f.play, lastGoods)
					p.get("/me", first.fields...)
					f.how = "reset"
					got, _ := p.get("/me", second.fields...)
					seen, may := strings.HasPrefix(got, "200"), first.anonymous && resp.public && second.anonymous
					if seen && !may {
						t.Error("the second saw what the first was answered with")
					}
					if !seen && may {
						t.Error("the second saw nothing")
					}
				})
			}
		}
	}
}

// What varies is shown to those whom it is for.
func TestTheLastGoodCopyVaries(t *testing.T) {
	f := &faltering{fine: func(v *visit) bool {
		body := "for " + v.Header.Get("Accept-Language")
		return answersWith(v, body, "Vary: Accept-Language")
	}}
	p, _ := caching(t, f.play, lastGoods)
	p.get("/", "Accept-Language: zh")
	p.get("/", "Accept-Language: en")
	f.how = "reset"
	for language, want := range map[string]string{"zh": "200 for zh", "en": "200 for en"} {
		if got, _ := p.get("/", "Accept-Language: "+language); got != want {
			t.Errorf("%s: %s", language, got)
		}
	}
	if got, _ := p.get("/", "Accept-Language: fr"); strings.HasPrefix(got, "200") {
		t.Errorf("fr: %s", got)
	}
}

// An application that compresses and forgets to say Vary does not get its copies
// shown to clients that cannot read them.
func TestACompressedCopyIsForThoseWhoCanReadIt(t *testing.T) {
	f := &faltering{fine: func(v *visit) bool { return answersWith(v, "squeezed", "Content-Encoding: gzip") }}
	p, _ := caching(t, f.play, lastGoods)
	p.get("/", "Accept-Encoding: gzip")
	f.how = "reset"
	if got, _ := p.get("/", "Accept-Encoding: gzip"); got != "200 squeezed" {
		t.Errorf("who can: %s", got)
	}
	if got, _ := p.get("/"); strings.HasPrefix(got, "200") {
		t.Errorf("who cannot: %s", got)
	}
}

func answersWith(v *visit, body string, fields ...string) bool {
	v.content()
	return v.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s", len(body), lines(fields), body))
}

// A copy that is too old is none.
func TestTheLastGoodCopyHasAnAge(t *testing.T) {
	f := &faltering{fine: answers()}
	p, _ := caching(t, f.play, func(r *Route) { r.LastGood = time.Nanosecond })
	p.get("/")
	f.how = "reset"
	if got, _ := p.get("/"); strings.HasPrefix(got, "200") {
		t.Errorf("got %s", got)
	}
}

// A response that was cut short is no good copy.
func TestWhatWasCutShortIsNoCopy(t *testing.T) {
	f := &faltering{fine: func(v *visit) bool {
		v.content()
		v.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it")
		return false
	}}
	p, _ := caching(t, f.play, lastGoods)
	w := newWire(t, "GET")
	p.serve(request("GET", "/"), w)
	f.how = "reset"
	if got, _ := p.get("/"); strings.HasPrefix(got, "200") {
		t.Errorf("got %s", got)
	}
}

// With a read cache on the Route, stale copies answer for an Upstream that fails
// (RFC 5861 section 4), but not where the response forbids it (RFC 9111 section
// 5.2.2.2).
func TestStaleIfError(t *testing.T) {
	for control, want := range map[string]string{
		"max-age=0, stale-if-error=60": "200 answer 1",
		"max-age=0, must-revalidate":   "502",
	} {
		f := &faltering{fine: answers("Cache-Control: "+control, `ETag: "v1"`)}
		p, _ := caching(t, f.play, reusing)
		p.get("/")
		f.how = "reset"
		if got, w := p.get("/"); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, %v", control, got, w.fields)
		}
	}
}

// With a read cache on the Route, it is the last good copy, too, that answers in
// the place of a failure, and who leads a Flight has it like all others.
func TestTheLastGoodCopyIsForWhoLeadsAFlight(t *testing.T) {
	for _, how := range []string{"reset", "503"} {
		f := &faltering{fine: answers()} // neither fresh nor to be validated
		p, _ := caching(t, f.play, bothOfThem)
		p.get("/")
		p.stored()
		f.how = how
		if got, w := p.get("/"); got != "200 answer 1" || w.first("Cache-Status") != "sluice; hit; fwd=stale" {
			t.Errorf("%s: %s, %v", how, got, w.fields)
		}
		if l := p.logged()[1]; l.degraded != "last_good" || l.cache != "last_good" || l.attempts == 0 {
			t.Errorf("%s: logged %+v", how, l)
		}
	}
}

// An answer that could not be kept does not hide the last good copy, nor does a
// failure that says that it is fresh take its place.
func TestTheLastGoodCopyOutlivesWhatIsNotGood(t *testing.T) {
	for _, between := range []string{"200 OK\r\nSet-Cookie: a=b", "503 X\r\nCache-Control: public, max-age=60"} {
		for _, cookie := range []string{"Cookie: _ga=1", "Cookie: session=alice"} {
			f := &faltering{}
			f.fine = func(v *visit) bool {
				if v.number > 1 {
					return v.say("HTTP/1.1 " + between + "\r\nContent-Length: 4\r\n\r\nbusy")
				}
				return answers()(v)
			}
			p, _ := caching(t, f.play, bothOfThem)
			p.get("/")
			p.stored()
			p.get("/", cookie)
			p.stored()
			f.how = "reset"
			if got, _ := p.get("/"); got != "200 answer 1" {
				t.Errorf("%q, %s: %s", between, cookie, got)
			}
		}
	}
}

// RFC 9110 section 13.1.1: "The If-Match header field makes the request method
// conditional". Whether the condition holds is the application's to say; with a
// Range, a part will do.
func TestTheLastGoodCopyMindsConditions(t *testing.T) {
	for field, want := range map[string]string{`If-Match: "2"`: "502", `If-None-Match: "1"`: "304", "Range: bytes=0-1": "206 an"} {
		f := &faltering{fine: answers(`ETag: "1"`)}
		p, _ := caching(t, f.play, lastGoods)
		p.get("/")
		f.how = "reset"
		if got, _ := p.get("/", field); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", field, got)
		}
	}
}
