package names

import (
	"context"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var storedDate = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

func address(text string, weight int, host string) Address {
	return Address{host, netip.MustParseAddrPort(text), weight}
}

var goodStored = storedAnswer{webQuery, storedDate, []Address{
	address("192.0.2.1:8080", 2, "web1.example.com"),
	address("[2001:db8::1]:8080", 1, "web2.example.com"),
}}

const goodText = `sluice-names 1
query srv _http._tcp.example.com
time 2026-03-01T10:00:00Z
192.0.2.1:8080 weight=2 host=web1.example.com
[2001:db8::1]:8080 weight=1 host=web2.example.com
end 2
`

func TestAStoredAnswerIsTextThatAPersonCanRead(t *testing.T) {
	if got := string(goodStored.text()); got != goodText {
		t.Errorf("got\n%s\nwant\n%s", got, goodText)
	}
	got, err := parseStored(webQuery, []byte(goodText))
	if err != nil || !slices.Equal(got.addresses, goodStored.addresses) || !got.at.Equal(storedDate) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// "read back strictly".
func TestADamagedStoredAnswerIsRefused(t *testing.T) {
	change := func(old, new string) string { return strings.Replace(goodText, old, new, 1) }
	for name, text := range map[string]string{
		"empty":               "",
		"another version":     change("names 1", "names 2"),
		"another query":       change("_http", "_https"),
		"no date":             change("time 2026-03-01T10:00:00Z", "time soon"),
		"cut short":           goodText[:len(goodText)/2],
		"cut after a line":    strings.TrimSuffix(goodText, "end 2\n"),
		"no last newline":     strings.TrimSuffix(goodText, "\n"),
		"a line too few":      change("[2001:db8::1]:8080 weight=1 host=web2.example.com\n", ""),
		"no address":          change("192.0.2.1:8080", "192.0.2.256:8080"),
		"an absurd one":       change("192.0.2.1:8080", "0.0.0.0:8080"),
		"no port":             change("192.0.2.1:8080", "192.0.2.1:0"),
		"weight 0":            change("weight=2", "weight=0"),
		"huge weight":         change("weight=2", "weight=99999999999999999999"),
		"no host":             change(" host=web1.example.com", ""),
		"a strange host":      change("web1.", "web/1."),
		"an unknown word":     change("weight=2 ", "weight=2 color=red "),
		"bytes at the end":    goodText + "\x00",
		"zeros of a crash":    strings.Repeat("\x00", len(goodText)),
		"far too much":        strings.Repeat("192.0.2.1:8080 weight=1\n", 100_000),
		"mapped addresses":    change("192.0.2.1:8080", "[::ffff:0.0.0.0]:8080"),
		"carriage returns":    strings.ReplaceAll(goodText, "\n", "\r\n"),
		"an address too many": change("end 2", "end 1"),
	} {
		if got, err := parseStored(webQuery, []byte(text)); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
	if _, err := parseStored(app, storedAnswer{app, storedDate, []Address{address("192.0.2.1:81", 1, "")}}.text()); err == nil {
		t.Error("the port of another query was read")
	}
}

// FuzzStored: what is read is what would be written.
func FuzzStored(f *testing.F) {
	f.Add([]byte(goodText), false)
	f.Add(storedAnswer{app, storedDate, []Address{address("192.0.2.1:80", 1, "")}}.text(), true)
	f.Add([]byte("sluice-names 1\nquery app.internal:80\ntime 2026-03-01T10:00:00Z\nend 0\n"), true)
	f.Fuzz(func(t *testing.T, text []byte, host bool) {
		q := webQuery
		if host {
			q = app
		}
		got, err := parseStored(q, text)
		if err != nil {
			return
		}
		if again, err := parseStored(q, got.text()); err != nil || !slices.Equal(again.addresses, got.addresses) {
			t.Errorf("%q is read as %+v, and that as %+v, %v", text, got, again, err)
		}
		if !isSorted(got.addresses) || len(got.addresses) > maxAddresses {
			t.Errorf("not sorted or too many: %+v", got.addresses)
		}
	})
}

func TestStoredAnswersHaveFileNamesThatAreSafe(t *testing.T) {
	s := store{"/state"}
	seen := map[string]bool{}
	for _, q := range []Query{
		app, webQuery,
		{Host: "app.internal", Port: 81},
		{Form: FormSRV, Host: "app.internal"},
		{Host: "../../etc/passwd", Port: 80},
		{Host: "..", Port: 80},
		{Host: "a,80", Port: 80}, {Host: "a", Port: 80}, {Host: "a%2C80", Port: 80},
		{Host: "nul\x00newline\n", Port: 80},
		{Host: strings.Repeat("long.", 50), Port: 80},
		{Host: strings.Repeat("long.", 50), Port: 81},
		{Host: strings.Repeat("lung.", 50), Port: 80},
	} {
		path := s.path(q)
		if seen[path] {
			t.Errorf("%v shares %s", q, path)
		}
		seen[path] = true
		if filepath.Dir(path) != "/state/names" || len(filepath.Base(path)) > 220 || strings.ContainsAny(path, "\x00\n") {
			t.Errorf("%v is stored in %q", q, path)
		}
	}
	if got := s.path(app); got != "/state/names/app.internal,80" {
		t.Errorf("got %s", got)
	}
}

// "a start with the resolver dead works from stored addresses".
func TestAStartWithADeadResolverWorksFromStoredAnswers(t *testing.T) {
	dir := t.TempDir()
	queries := []Query{app, webQuery, {Host: "six.internal", Port: 443}}
	const served = "192.0.2.1:80 | 192.0.2.3:8001*2@a.example. 192.0.2.4:8002*2@b.example. [2001:db8::3]:8001*2@a.example. | [2001:db8::6]:443"
	leads := func(d *Directory) (all []Source, text string) {
		var words []string
		for _, q := range queries {
			n := d.Follow(q, nothing)
			all = append(all, n)
			words = append(words, current(n))
		}
		return all, strings.Join(words, " | ")
	}
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		o.host("app.internal", "192.0.2.1")
		o.host("six.internal", "2001:db8::6")
		o.host("a.example.", "192.0.2.3", "2001:db8::3")
		o.host("b.example.", "192.0.2.4")
		o.srv(web, service("a.example.", 8001, 0, 2), service("b.example.", 8002, 0, 2), service("c.example.", 8003, 1, 0))
		d := New(Options{Ask: o.Ask, StateDir: dir})
		leads(d)
		stop := running(t, d)
		if err := d.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		stop() // at once: Run stores what is left
	})
	synctest.Test(t, func(t *testing.T) {
		var events diary
		d := New(Options{Ask: (&oracle{hang: true}).Ask, StateDir: dir, Notify: events.note})
		from := time.Now()
		all, got := leads(d)
		if got = strings.ReplaceAll(got, "*2", ""); got != strings.ReplaceAll(served, "*2", "") {
			t.Fatalf("leads to %s, want %s", got, served)
		}
		defer running(t, d)()
		if err := d.Ready(t.Context()); err != nil || time.Since(from) != 0 {
			t.Errorf("Ready waited %v: %v", time.Since(from), err)
		}
		wantWords(t, &events, "stored stored stored")
		time.Sleep(24 * time.Hour)
		for i, s := range all {
			want(t, s, strings.Split(strings.ReplaceAll(served, "*2", ""), " | ")[i])
		}
		for _, s := range d.Stats().Sources {
			if s.Err == nil || !s.Confirmed.Before(from.Add(time.Minute)) {
				t.Errorf("%+v is said to be well", s)
			}
		}
	})
}

// What was stored is confirmed only when every question was answered.
func TestAStoredAnswerIsNotConfirmedByHalfAnAnswer(t *testing.T) {
	dir := t.TempDir()
	if err := (store{dir}).save(storedAnswer{app, storedDate, []Address{address("192.0.2.1:80", 1, "")}}); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{StateDir: dir, Timeout: time.Hour, Ask: func(ctx context.Context, q Question) (Answer, error) {
			if q.Type == TypeA {
				<-ctx.Done()
			}
			return Answer{}, nxdomain
		}})
		n := d.Follow(app, nothing)
		defer running(t, d)()
		time.Sleep(time.Minute)
		want(t, n, "192.0.2.1:80")
		if s := d.Stats().Sources[0]; !s.Confirmed.Equal(storedDate) {
			t.Errorf("confirmed at %v", s.Confirmed)
		}
	})
}

// Files are for their owner only, whole, and leave nothing beside them.
func TestStoredAnswersAreWrittenWholeAndForTheirOwner(t *testing.T) {
	dir := t.TempDir()
	s := store{dir}
	for range 2 {
		if err := s.save(goodStored); err != nil {
			t.Fatal(err)
		}
	}
	got, at, err := s.load(webQuery)
	if err != nil || !at.Equal(storedDate) || !slices.Equal(got, goodStored.addresses) {
		t.Errorf("got %v of %v, %v", got, at, err)
	}
	files, _ := os.ReadDir(filepath.Join(dir, "names"))
	if len(files) != 1 {
		t.Errorf("%d files", len(files))
	}
	for path, want := range map[string]fs.FileMode{filepath.Join(dir, "names"): 0o700, s.path(webQuery): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
	}
}

// A damaged file is told of and ignored, and replaced by the next answer.
func TestADamagedStoredAnswerIsToldOfAndReplaced(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		path := store{dir}.path(app)
		os.MkdirAll(filepath.Dir(path), 0o700)
		os.WriteFile(path, []byte("sluice-names 1\nquery app.int"), 0o600)
		var o oracle
		var events diary
		o.host("app.internal", "192.0.2.1")
		d := New(Options{Ask: o.Ask, StateDir: dir, Notify: events.note})
		n := d.Follow(app, nothing)
		told := events.take()
		if len(told) != 1 || told[0].News != NewsDamaged || !strings.Contains(told[0].Err.Error(), path) {
			t.Errorf("told %+v", told)
		}
		defer running(t, d)()
		time.Sleep(5 * time.Second)
		want(t, n, "192.0.2.1:80")
		if got, _, err := (store{dir}).load(app); err != nil || text(got) != "192.0.2.1:80" {
			t.Errorf("stored is %v, %v", got, err)
		}
	})
}

// "A full or read-only disk is an Event once (not each time) and serving goes
// on."
func TestADiskThatTakesNothingIsToldOfOnce(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		blocked := filepath.Join(dir, "names")
		os.WriteFile(blocked, nil, 0o600) // a file where the folder has to be
		var o oracle
		var events diary
		o.host("app.internal", "192.0.2.1")
		o.host("api.internal", "192.0.2.2")
		d := New(Options{Ask: o.Ask, StateDir: dir, Notify: events.note})
		n := d.Follow(app, nothing)
		d.Follow(Query{Host: "api.internal", Port: 80}, nothing)
		events.take() // the folder that is none is told of already
		defer running(t, d)()
		for i := range 10 {
			o.host("app.internal", fmt.Sprintf("192.0.2.%d", i+10))
			time.Sleep(time.Minute)
			want(t, n, fmt.Sprintf("192.0.2.%d:80", i+10))
		}
		told := 0
		for _, e := range events.take() {
			if e.News == NewsUnstored {
				told++
			}
		}
		if told != 1 || d.Stats().Unstored < 5 {
			t.Errorf("told %d times of %d failures", told, d.Stats().Unstored)
		}
		os.Remove(blocked)
		time.Sleep(2 * time.Minute)
		if got, _, err := (store{dir}).load(app); err != nil || text(got) != "192.0.2.19:80" {
			t.Errorf("stored is %v, %v", got, err)
		}
	})
}

// "written only when the address set has changed or at most once an hour to
// refresh the date", and a name that gives another choice each time wears out
// no disk.
func TestStoredAnswersAreWrittenSeldom(t *testing.T) {
	for _, tt := range []struct {
		name        string
		rotate      bool
		least, most int
	}{
		{"steady", false, 4, 5},
		{"another choice each time", true, 1000, 4*360 + 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				var o oracle
				o.hostTTL("app.internal", time.Second, "192.0.2.1")
				d := New(Options{Ask: o.Ask, StateDir: dir})
				d.Follow(app, nothing)
				defer running(t, d)()
				writes := 0
				var last time.Time
				for i := range 4 * 3600 {
					if tt.rotate {
						o.hostTTL("app.internal", time.Second, fmt.Sprintf("192.0.2.%d", i%250+1))
					}
					time.Sleep(time.Second)
					_, at, err := (store{dir}).load(app)
					if err != nil {
						t.Fatal(err)
					}
					if !at.Equal(last) {
						last = at
						writes++
					}
				}
				if writes < tt.least || writes > tt.most {
					t.Errorf("written %d times in 4 hours, want %d to %d", writes, tt.least, tt.most)
				}
			})
		})
	}
}
