package accesslog

import (
	"fmt"
	"hash/maphash"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestTheFirstRuleThatMatchesDecides(t *testing.T) {
	const all, none = 1, 0
	slow := Rule{Keep: all, SlowerThan: time.Second}
	health := Rule{Keep: none, Path: "/healthz"}
	static := Rule{Keep: none, Path: "/static/"}
	good := Rule{Keep: none, Least: 200, Most: 299}
	missing := Rule{Keep: none, Least: 404, Most: 404}
	busy := Rule{Keep: none, Least: 400, Most: 599}
	other := Rule{Keep: none, Site: "other.example.com"}
	rest := Rule{Keep: none}
	entry := func(status int, path string) Entry {
		return Entry{Status: status, Path: []byte(path), Site: "shop.example.com", Total: time.Millisecond}
	}
	failed := func(status int) Entry {
		e := entry(status, "/")
		e.Who = "upstream"
		return e
	}
	lastGood := entry(200, "/")
	lastGood.Degraded = "last_good"
	lasted := func(d time.Duration) Entry {
		e := entry(200, "/")
		e.Total = d
		return e
	}
	elsewhere := entry(200, "/")
	elsewhere.Site = "other.example.com"
	for _, tt := range []struct {
		name  string
		rules []Rule
		e     Entry
		want  bool
	}{
		{"no rule matches", []Rule{missing, other}, entry(200, "/"), true},
		{"a Site's", []Rule{other}, elsewhere, false},
		{"another Site's", []Rule{other}, entry(200, "/"), true},
		{"a path", []Rule{health}, entry(200, "/healthz"), false},
		{"a path with query", []Rule{health}, entry(200, "/healthz?full"), false},
		{"below a path", []Rule{health}, entry(200, "/healthz/db"), false},
		{"a path that begins alike", []Rule{health}, entry(200, "/healthzone"), true},
		{"another path", []Rule{health}, entry(200, "/health"), true},
		{"no path", []Rule{health}, entry(200, ""), true},
		{"below a path with slash", []Rule{static}, entry(200, "/static/a.css"), false},
		{"a path without its slash", []Rule{static}, entry(200, "/static"), true},
		{"a class", []Rule{good}, entry(204, "/"), false},
		{"the class below", []Rule{good}, entry(199, "/"), true},
		{"the class above", []Rule{good}, entry(300, "/"), true},
		{"a status", []Rule{missing}, entry(404, "/"), false},
		{"another status", []Rule{missing}, entry(403, "/"), true},
		{"slow", []Rule{slow, rest}, lasted(time.Second + 1), true},
		{"not slow", []Rule{slow, rest}, lasted(time.Second), false},
		{"all together", []Rule{{Keep: none, Path: "/healthz", Least: 200, Most: 299}}, entry(404, "/healthz"), true},
		{"the first of two", []Rule{{Keep: all, Path: "/static/"}, rest}, entry(200, "/static/a"), true},
		{"the second of two", []Rule{{Keep: all, Path: "/static/"}, rest}, entry(200, "/"), false},
		{"404 by a rule for all", []Rule{rest}, entry(404, "/"), false},

		{"5xx by a rule for all", []Rule{rest}, entry(503, "/"), true},
		{"5xx by a rule for it", []Rule{rest, busy}, entry(503, "/"), false},
		{"a failure by a rule for all", []Rule{rest}, failed(404), true},
		{"a failure by a rule for its status", []Rule{missing}, failed(404), false},
		{"a response that broke off", []Rule{good, rest}, failed(200), true},
		{"a Degraded answer", []Rule{good, rest}, lastGood, true},
	} {
		s := sampler{rules: tt.rules, seed: maphash.MakeSeed()}
		if of, got := s.keep(&tt.e); got != tt.want || of != 1 {
			t.Errorf("%s: written: %v, of %d; want %v", tt.name, got, of, tt.want)
		}
	}
}

// One of so many: about that many are kept, each says for how many it stands,
// and it is the same each time.
func TestOneOfSoManyIsKept(t *testing.T) {
	for _, tt := range []struct{ of, least, most int }{{2, 4700, 5300}, {10, 850, 1150}, {100, 50, 160}} {
		d := &disk{room: 64 << 20}
		log := New(d)
		log.Sample([]Rule{{Keep: tt.of, Least: 200, Most: 299}})
		const n = 10_000
		write := func(id int) bool {
			before := log.Stats().SampledOut
			log.Log(&Entry{Status: 200, RequestID: strconv.AppendInt(nil, int64(id), 10)})
			return log.Stats().SampledOut == before
		}
		kept := 0
		for id := range n {
			first := write(id)
			if first {
				kept++
			}
			if write(id) != first {
				t.Fatalf("1/%d: request %d once is written and once is not", tt.of, id)
			}
		}
		if kept < tt.least || kept > tt.most {
			t.Errorf("1/%d: %d of %d are kept", tt.of, kept, n)
		}
		log.Log(&Entry{Status: 404})
		log.flush()
		if got := log.Stats(); got.Written != uint64(2*kept+1) || got.SampledOut != uint64(2*(n-kept)) || got.Dropped != 0 {
			t.Errorf("1/%d: %+v with %d kept", tt.of, got, kept)
		}
		if got := strings.Count(d.String(), fmt.Sprintf(`"sample":%d}`, tt.of)); got != 2*kept {
			t.Errorf("1/%d: %d lines say for how many they stand, want %d", tt.of, got, 2*kept)
		}
		if last := d.String()[strings.LastIndex(strings.TrimSpace(d.String()), "\n")+1:]; strings.Contains(last, "sample") {
			t.Errorf("a line that stands for itself says %s", last)
		}
	}
}

// Rules may be replaced while lines are logged.
func TestRulesCanBeReplaced(t *testing.T) {
	log := New(discard{})
	for _, tt := range []struct {
		rules []Rule
		out   uint64
	}{{nil, 0}, {[]Rule{{Keep: 0}}, 1}, {[]Rule{{Keep: 1}}, 1}, {[]Rule{{Keep: 0}}, 2}, {nil, 2}} {
		log.Sample(tt.rules)
		log.Log(typical())
		if got := log.Stats().SampledOut; got != tt.out {
			t.Errorf("by %v %d lines are left out, want %d", tt.rules, got, tt.out)
		}
	}
}

// BenchmarkSample is what a line pays that is left out.
func BenchmarkSample(b *testing.B) {
	s := sampler{seed: maphash.MakeSeed(), rules: []Rule{
		{Keep: 1, SlowerThan: time.Second}, {Keep: 0, Path: "/healthz"}, {Keep: 100, Least: 200, Most: 299},
	}}
	e := typical()
	b.ReportAllocs()
	for b.Loop() {
		s.keep(e)
	}
}
