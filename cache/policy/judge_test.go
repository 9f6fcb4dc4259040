package policy

import (
	"testing"
	"time"

	"sluice/message"
)

// RFC 9111 section 3: "A cache MUST NOT store a response to a request unless"
// what follows there, and section 5.2 for the directives.
func TestJudgeSaysWhyNot(t *testing.T) {
	const fresh = "Cache-Control: max-age=60"
	for _, tt := range []struct {
		why    Why
		status int
		lines  []string
	}{
		{WhyNone, 200, []string{fresh}},
		{WhyNone, 200, []string{"ETag: \"a\""}},
		{WhyNone, 200, []string{"Last-Modified: {-1}"}},
		{WhyNone, 299, []string{fresh}},
		{WhyNone, 404, []string{fresh}},
		{WhyNone, 400, []string{fresh}},
		{WhyNone, 503, []string{fresh}},
		{WhyNone, 200, []string{"Expires: {60}"}},
		{WhyNone, 200, []string{fresh, "Content-Range: nonsense"}},
		{WhyNone, 200, []string{"Cache-Control: max-age=0, stale-while-revalidate=5"}},
		{WhyNone, 599, []string{"Cache-Control: public", "Last-Modified: {-86400}"}},
		{WhyNone, 200, []string{"Cache-Control: no-cache", "ETag: \"a\""}},
		{WhyNone, 200, []string{"Cache-Control: no-store, must-understand, max-age=60"}},
		{WhyNone, 200, []string{`Cache-Control: private="Set-Cookie2, X-A", max-age=60`}},
		{WhyNone, 200, []string{`Cache-Control: extension="no-store, private", max-age=60`}},
		{WhyNone, 200, []string{fresh, "Vary: A, B"}},

		{WhyStatus, 100, []string{fresh}},
		{WhyStatus, 206, []string{fresh}},
		{WhyStatus, 304, []string{fresh}},
		{WhyStatus, 401, []string{fresh}},
		{WhyStatus, 416, []string{fresh}},
		{WhyStatus, 428, []string{fresh}},
		{WhyStatus, 429, []string{fresh}},
		{WhyStatus, 431, []string{fresh}},
		{WhyStatus, 511, []string{fresh}},
		{WhyStatus, -1, []string{fresh}},
		{WhyStatus, 70000, []string{fresh}},
		{WhyStatus, 500, []string{"ETag: \"a\""}},
		{WhyStatus, 599, []string{"Last-Modified: {-86400}"}},
		{WhyStatus, 302, []string{"Last-Modified: {-86400}"}},
		{WhyStatus, 599, []string{"Cache-Control: no-store, must-understand, max-age=60"}},
		{WhyStatus, 599, []string{"Cache-Control: must-understand, max-age=60"}},

		{WhyNoStore, 200, []string{"Cache-Control: no-store"}},
		{WhyNoStore, 200, []string{"Cache-Control: max-age=60, No-StOrE"}},
		{WhyNoStore, 200, []string{fresh, "Cache-Control: no-store"}},
		{WhyNoStore, 200, []string{"Cache-Control: no-store=1, max-age=60"}},
		{WhyNoStore, 200, []string{"Cache-Control: max-age=60 no-store"}},
		{WhyNoStore, 200, []string{"Cache-Control: max-age=60; no-store"}},
		{WhyNoStore, 200, []string{`Cache-Control: max-age=60, foo"x, no-store"`}},
		{WhyNoStore, 200, []string{"Cache-Control: no-store, must-understand=1, max-age=60"}},

		{WhySetCookie, 200, []string{fresh, "Set-Cookie: a=b"}},
		{WhySetCookie, 200, []string{"Cache-Control: public, s-maxage=60", "set-cookie: a=b"}},
		{WhyMalformed, 200, []string{`Cache-Control: max-age=60, x="no`}},
		{WhyMalformed, 200, []string{`Cache-Control: x="y, private`, fresh}},

		{WhyPrivate, 200, []string{"Cache-Control: private, max-age=60"}},
		{WhyPrivate, 200, []string{"Cache-Control: max-age=60 private"}},
		{WhyPrivate, 200, []string{`Cache-Control: private="", max-age=60`}},
		{WhyPrivate, 200, []string{`Cache-Control: private=" , ", max-age=60`}},
		{WhyPrivate, 200, []string{`Cache-Control: private="a b", max-age=60`}},
		{WhyPrivate, 200, []string{`Cache-Control: private=, max-age=60`}},
		{WhyPrivate, 200, []string{`Cache-Control: private="a", private, max-age=60`}},
		{WhyPrivate, 200, []string{`Cache-Control: private="Content-Type", max-age=60`}},
		{WhyPrivate, 200, []string{`Cache-Control: private="a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", max-age=60`}},

		{WhyVary, 200, []string{fresh, "Vary: *"}},
		{WhyVary, 200, []string{fresh, "Vary: , *"}},
		{WhyVary, 200, []string{fresh, "Vary:", "Vary: Foo, *"}},
		{WhyVary, 200, []string{fresh, "Vary: a b"}},
		{WhyVary, 200, []string{fresh, "Vary: X-Forwarded-For"}},
		{WhyVary, 200, []string{fresh, "Vary: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"}},

		{WhyNoCache, 200, []string{"Cache-Control: no-cache, max-age=60"}},
		{WhyNoCache, 200, []string{fresh + " no-cache"}},
		{WhyNoCache, 200, []string{"Pragma: no-cache", "Expires: {60}"}},
		{WhyFreshness, 200, nil},
		{WhyFreshness, 200, []string{"Cache-Control: max-age=0"}},
		{WhyFreshness, 200, []string{"Cache-Control: max-age=60", "Age: 60"}},
		{WhyFreshness, 200, []string{"Cache-Control: public"}},
		{WhyFreshness, 200, []string{"ETag: unquoted"}},
		{WhyFreshness, 200, []string{`ETag: "a"`, `ETag: "b"`}},
	} {
		if _, why := judged(answer(tt.status, tt.lines...), Rules{}); why != tt.why {
			t.Errorf("%d %q: got %q, want %q", tt.status, tt.lines, why, tt.why)
		}
	}
}

// RFC 9111 section 3.5: "A shared cache MUST NOT use a cached response to a
// request with an Authorization header field to satisfy any subsequent request
// unless the response contains a Cache-Control field with a response directive
// that allows it to be stored by a shared cache": must-revalidate, public and
// s-maxage. Section 5.2.1.5: "The no-store request directive indicates that a
// cache MUST NOT store any part of either this request or any response to it."
func TestJudgeLooksAtTheRequest(t *testing.T) {
	post := get()
	post.Method = []byte("POST")
	head := get()
	head.Method = []byte("HEAD")
	lower := get()
	lower.Method = []byte("get")
	content := get()
	content.Length = 3
	upgrade := get()
	upgrade.Upgrade = []byte("websocket")
	known := get("Authorization: x")
	for _, tt := range []struct {
		r       *message.Request
		control string
		want    Why
	}{
		{get(), "max-age=60", WhyNone},
		{post, "max-age=60", WhyMethod},
		{head, "max-age=60", WhyMethod},
		{lower, "max-age=60", WhyMethod}, // "The method token is case-sensitive"
		{content, "max-age=60", WhyContent},
		{upgrade, "max-age=60", WhyContent},
		{get("Cache-Control: no-store"), "max-age=60", WhyNoStore},
		{get("Cache-Control: NO-store"), "max-age=60, no-store, must-understand", WhyNoStore},
		{get("Cache-Control: no-cache"), "max-age=60", WhyNone},
		{get("Range: bytes=0-1"), "max-age=60", WhyNone},
		{known, "max-age=60", WhyAuthorization},
		{known, "max-age=60, public", WhyNone},
		{known, "max-age=60, must-revalidate", WhyNone},
		{known, "s-maxage=60", WhyNone},
		{known, "max-age=60, proxy-revalidate", WhyAuthorization},
		{known, "max-age=60, s-maxage=x", WhyAuthorization},
		{known, "max-age=60, public=1", WhyAuthorization},
		{known, "public, private", WhyPrivate},
	} {
		_, why := Judge(tt.r, Ask(tt.r), answer(200, "Cache-Control: "+tt.control), noon, noon, Rules{})
		if why != tt.want {
			t.Errorf("%s %q with %q: got %q, want %q", tt.r.Method, text(tt.r.Fields), tt.control, why, tt.want)
		}
	}
}

// The last good copy is served when it is stale, without asking. RFC 9111
// section 4.2.4: "A cache MUST NOT generate a stale response if it is
// prohibited by an explicit in-protocol directive", of which no-cache,
// must-revalidate and proxy-revalidate are examples. (s-maxage is another: see
// TestOnError.)
func TestJudgeOfTheLastGoodCopy(t *testing.T) {
	for _, tt := range []struct {
		why    Why
		status int
		lines  []string
	}{
		{WhyNone, 200, nil},
		{WhyNone, 203, nil},
		{WhyNone, 301, nil},
		{WhyNone, 308, []string{"Expires: 0"}},
		{WhyNone, 200, []string{"Cache-Control: max-age=0"}},
		{WhyNone, 200, []string{"Cache-Control: s-maxage=60"}},
		{WhyStatus, 204, nil},
		{WhyStatus, 302, nil},
		{WhyStatus, 404, []string{"Cache-Control: public, max-age=60"}},
		{WhyStatus, 206, nil},
		{WhyStatus, 500, []string{"Cache-Control: max-age=60"}},
		{WhySetCookie, 200, []string{"Set-Cookie: a=b"}},
		{WhySetCookie, 200, []string{"Set-Cookie2: a=b"}},
		{WhyPrivate, 200, []string{"Cache-Control: private"}},
		{WhyPrivate, 200, []string{`Cache-Control: private="x"`}},
		{WhyNoStore, 200, []string{"Cache-Control: no-store"}},
		{WhyNoStore, 200, []string{"Cache-Control: no-store, must-understand"}},
		{WhyNoStore, 200, []string{"Cache-Control: no-store", "CDN-Cache-Control: max-age=60"}},
		{WhyNoStore, 200, []string{"CDN-Cache-Control: no-store", "Cache-Control: max-age=60"}},
		{WhyNoStore, 200, []string{"CDN-Cache-Control: No-Store"}},
		{WhyVary, 200, []string{"Vary: *"}},
		{WhyPartial, 200, []string{"Content-Range: bytes 0-1/2"}},
		{WhyRevalidate, 200, []string{"Cache-Control: must-revalidate"}},
		{WhyRevalidate, 200, []string{"Cache-Control: proxy-revalidate, max-age=60"}},
		{WhyNoCache, 200, []string{"Cache-Control: no-cache", "ETag: \"a\""}},
		{WhyNoCache, 200, []string{"Pragma: no-cache"}},
		{WhyMalformed, 200, []string{`Cache-Control: x="`}},
	} {
		m, why := judged(answer(tt.status, tt.lines...), Rules{LastGood: true})
		if why != tt.why {
			t.Errorf("%d %q: got %q, want %q", tt.status, tt.lines, why, tt.why)
		}
		if why != WhyNone && m != (Meta{}) {
			t.Errorf("%d %q: not stored, and yet a Meta", tt.status, tt.lines)
		}
	}
	for _, r := range []*message.Request{get("Authorization: x"), get("Cache-Control: no-store")} {
		if _, why := Judge(r, Ask(r), answer(200, "Cache-Control: public"), noon, noon, Rules{LastGood: true}); why == WhyNone {
			t.Errorf("%q: kept", text(r.Fields))
		}
	}
	m, _ := judged(answer(200, "Cache-Control: max-age=60"), Rules{LastGood: true})
	if m.Left(noon) != time.Minute {
		t.Errorf("a last good copy has %v left, want a minute", m.Left(noon))
	}
}

func TestWhyHasWords(t *testing.T) {
	seen := map[string]Why{}
	for w := WhyNone; w <= WhyFreshness; w++ {
		if other, twice := seen[w.String()]; twice || w.String() == "unknown" {
			t.Errorf("%d and %d are both %q", w, other, w)
		}
		seen[w.String()] = w
	}
	if Why(200).String() != "unknown" {
		t.Error("a Why that there is not has a word")
	}
}
