package policy

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sluice/grammar"
	"sluice/message"
)

// lines makes field lines of fuzzed text, as a wire would: names are tokens,
// values have no controls and no white space around them.
func lines(head string) message.Fields {
	var f message.Fields
	for line := range strings.SplitSeq(head, "\n") {
		name, value, found := strings.Cut(line, ":")
		if !found || !grammar.IsToken([]byte(name)) || grammar.ControlAt([]byte(value), 0) < len(value) || len(f) == 512 {
			continue
		}
		f = append(f, message.Field{
			Name: []byte(name), Value: grammar.TrimSpace([]byte(value)), ID: message.NameOf([]byte(name)),
		})
	}
	return f
}

// forbidden reports a line of Cache-Control with a well-formed no-store or
// unqualified private in it, found the simple way: at its beginning, where no
// quote can be open.
func forbidden(f message.Fields) bool {
	for i := range f {
		if !message.EqualFold(f[i].Name, "cache-control") {
			continue
		}
		first, _, _ := bytes.Cut(f[i].Value, []byte(","))
		switch strings.ToLower(string(grammar.TrimSpace(first))) {
		case "no-store", "private":
			return true
		}
	}
	return false
}

// Whatever a response says: what begins with no-store or private is never
// fresh for anybody (without CDN-Cache-Control and must-understand, which may
// overrule it), what has Set-Cookie is never stored, and times stay in bounds.
func FuzzJudge(f *testing.F) {
	for _, seed := range []string{
		"Cache-Control: no-store", "Cache-Control: max-age=60\nCache-Control: private, x=\"\nVary: a",
		"Cache-Control: private\nCDN-Cache-Control: &", "Set-Cookie: a\nCache-Control: s-maxage=99999999999",
		"Date: Sat, 01 Jan 0000 00:00:00 GMT\nAge: 99999999999\nExpires: Fri, 31 Dec 9999 23:59:59 GMT",
		"Last-Modified: Sunday, 06-Nov-94 08:49:37 GMT\nETag: W/\"a\"\nPragma: no-cache",
		"CDN-Cache-Control: max-age=5;a=\"b\", c=(1 2;d e), f=:YQ==:, g=?0, h=-1.5",
		"Cache-Control: no-cache=\"a, b\", stale-while-revalidate=5, stale-if-error=7, must-revalidate",
	} {
		f.Add(seed, "Cache-Control: max-stale, min-fresh=5", 200, false)
	}
	f.Fuzz(func(t *testing.T, head, ask string, status int, lastGood bool) {
		r := get()
		r.Fields = lines(ask)
		resp := &message.Response{Status: status, Fields: lines(head)}
		m, why := Judge(r, Ask(r), resp, noon, noon, Rules{LastGood: lastGood})
		low := strings.ToLower(head)
		if forbidden(resp.Fields) && (lastGood || !strings.Contains(low, "cdn-cache-control") && !strings.Contains(low, "must-understand")) &&
			(why == WhyNone || m.Use(Ask(get()), noon) != Validate) {
			t.Errorf("stored, though it is forbidden")
		}
		for i := range resp.Fields {
			if why == WhyNone && message.EqualFold(resp.Fields[i].Name, "set-cookie") {
				t.Error("a cookie is stored")
			}
		}
		if m.InitialAge < 0 || m.InitialAge > maxDelta*time.Second || m.Lifetime < 0 || m.Lifetime > maxDelta*time.Second ||
			m.Age(noon.AddDate(200, 0, 0)) < m.Age(noon) || m.Left(noon.AddDate(200, 0, 0)) > 0 {
			t.Errorf("times out of bounds: %+v", m)
		}
		for _, field := range StoredFields(nil, resp) {
			if message.EqualFold(field.Name, "age") || field.ID.HopByHop() {
				t.Errorf("%s is stored", field.Name)
			}
		}
	})
}

// A request always selects the variant that was made of it, whatever it is,
// and a variant is never longer than it may be.
func FuzzMatches(f *testing.F) {
	f.Add("Vary: a, B\nContent-Encoding: x", "A: 1\nb: \"x , y\nB: ,", "A: 1")
	f.Add("Vary: cookie, host, accept-language", "Cookie: a\nCookie: b\nAccept-Language: DE , en", "")
	f.Fuzz(func(t *testing.T, head, first, second string) {
		r, other := get(), get()
		r.Fields, other.Fields = lines(first), lines(second)
		resp := lines(head)
		key, ok := AppendVary(nil, r, resp)
		if !ok {
			return
		}
		if len(key) > maxVaryBytes || !Matches(key, r) {
			t.Fatalf("%d bytes %q, and they don't match", len(key), key)
		}
		if again, ok := AppendVary(nil, other, resp); ok && Matches(key, other) != bytes.Equal(key, again) {
			t.Errorf("%q and %q: Matches disagrees", key, again)
		}
		Matches([]byte(head), r)
	})
}

// A part is never outside of what there is, and nothing is unsatisfiable that
// has a byte in it.
func FuzzRange(f *testing.F) {
	f.Add("Range: bytes=0-5\nIf-Range: \"a\"", "ETag: \"a\"", int64(10))
	f.Add("Range: bytes=-9223372036854775807", "", int64(1))
	f.Add("Range: bytes=9223372036854775807-", "", int64(1<<62))
	f.Fuzz(func(t *testing.T, ask, head string, size int64) {
		r := get()
		r.Fields = lines(ask)
		from, length, o := Range(r, lines(head), size)
		switch o {
		case Part:
			if from < 0 || length <= 0 || from > size-length {
				t.Errorf("%d+%d of %d", from, length, size)
			}
		case Whole:
			if from != 0 || length != size {
				t.Errorf("the whole of %d is %d+%d", size, from, length)
			}
		}
		NotModified(r, &Meta{Status: 200}, lines(head))
	})
}

// A target that is invalidated is one that a request could have.
func FuzzInvalidatedTargets(f *testing.F) {
	f.Add("../../g?y#s", "/b/c/d;p?q")
	f.Add("https://shop.example:443//x/..", "/")
	f.Fuzz(func(t *testing.T, ref, target string) {
		r := get()
		r.Target = []byte(target)
		for _, got := range InvalidatedTargets(nil, r, message.Fields{{Name: []byte("Location"), Value: []byte(ref)}}) {
			if len(got) == 0 || got[0] != '/' || grammar.TargetEnd(got, 0) != len(got) || len(got) > len(ref)+len(target) {
				t.Errorf("%q on %q: %q", ref, target, got)
			}
		}
	})
}
