package main

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"sluice/server"
)

func TestStatusShowsWhatThePageShows(t *testing.T) {
	got, err := pretend{status: wellStatus()}.run(t, "status")
	if err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(got, "\n"); first != "all is well" {
		t.Errorf("the first line is %q", first)
	}
	for _, want := range []string{
		"sluice 1.2.3, pid 4711, serving for 3 days; sluice.toml in force for 3 hours,",
		"Requests  412/s   5xx 0/s   refused 3.1/s   in flight 12   queued 1\n",
		"Latency   p50 3.1 ms   p90 12 ms   p99 80 ms   out 3.2 MB/s\n",
		"In 60 s   2xx 17,700 ",
		"requests/s max 590      ▁▂",
		"shop.example.com  1,234,567   12  open\n",
		"Pool app: 2 of 2 Upstreams get requests; in flight 12 of 100, queued 1\n",
		"10.0.0.2:3002       2          6   634,567       0  in\n",
		"shop.example.com  acme           60  ok\n",
		"Cache     1,200 copies, 3.0 MB of 67 MB, 90 % hits, last good copies used 7\n",
		"3 hours  info   The configuration was reloaded. (2 times)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "\x1b") {
		t.Error("there are colours, and no terminal")
	}
}

// When the file on the disk is wrong one wants to look all the more: what runs has
// the one before.
func TestAWrongFileKeepsNobodyFromAsking(t *testing.T) {
	for _, args := range [][]string{{"status"}, {"why"}} {
		got, err := pretend{status: wellStatus(), failures: []server.FailureStatus{}, log: "nowhere"}.run(t, args...)
		if err != nil || !strings.Contains(got, "sluice.toml:4: log.access: ") || !strings.Contains(got, "all is well") && !strings.Contains(got, "no request has failed") {
			t.Errorf("%q: %v\n%s", args, err, got)
		}
	}
}

// "0 all well, 1 could not ask, 2 there are problems of level error".
func TestStatusSaysWhatIsWrongFirst(t *testing.T) {
	got, err := pretend{status: illStatus()}.run(t, "status")
	if !errors.Is(err, errProblems) {
		t.Errorf("error %v, want that there are problems", err)
	}
	const first = "error: Pool app has no Upstream that answers.\n" +
		"  do: Start one; sluice why says what the last requests met.\n" +
		"warn: The access log loses lines.\n"
	if !strings.HasPrefix(got, first) {
		t.Errorf("it begins with\n%s", got)
	}
	for _, want := range []string{
		"waits for a restart: server.cache_memory\n",
		"under maintenance for another 30 min\n",
		"Pool app: 0 of 3 Upstreams get requests; in flight 0, queued 0; sheds load\n  fails open: ",
		"out for 60 s, tried in 3 s, set by hand: dial: connection refused\n",
		"in, starts slowly (40 %)\n",
		"10.0.0.2:3003 (app.internal) ", "draining\n",
		"expired  clients refuse it\n",
		"2  not renewed: the CA says no\n",
		"203.0.113.7        700  2 s   api    shop.example.com\n",
		"hj6hhcqft3s2p6tcfag8     504  GET shop.example.com/order  upstream wait: connection_read_timeout; answered by json\n",
		"60 s     error  Pool app has no Upstream left.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if out, at := strings.Index(got, "10.0.0.2:3002"), strings.Index(got, "10.0.0.2:3001"); out > at {
		t.Error("an Upstream that is out stands below one that is in")
	}
}

func TestWarningsAloneAreNoFailure(t *testing.T) {
	s := wellStatus()
	s.Problems = []server.Problem{{Level: server.LevelWarn, Text: "Something is odd."}}
	got, err := pretend{status: s}.run(t, "status")
	if err != nil || !strings.HasPrefix(got, "warn: Something is odd.\n") {
		t.Errorf("%v, %q", err, got)
	}
}

func TestStatusOfOnePool(t *testing.T) {
	s := wellStatus()
	for range 200 {
		s.Pools[0].Upstreams = append(s.Pools[0].Upstreams, server.UpstreamStatus{Address: "10.0.0.3:1", State: "in", Share: 1})
	}
	s.Pools = append(s.Pools, server.PoolStatus{Name: "web", Missing: "no such name"})
	got, err := pretend{status: s}.run(t, "status", "--pool", "app")
	if n := strings.Count(got, "10.0.0.3:1"); err != nil || n != 200 || strings.Contains(got, "Pool web") {
		t.Errorf("%v, %d Upstreams in\n%s", err, n, got)
	}
	got, err = pretend{status: s}.run(t, "status")
	if !strings.Contains(got, "... and 192 more: sluice status --pool app\n") || !strings.Contains(got, "Pool web: 0 of 0 Upstreams get requests; in flight 0, queued 0\n  no Upstreams: no such name\n") {
		t.Errorf("%v\n%s", err, got)
	}
	_, err = pretend{status: s}.run(t, "status", "--pool", "ap")
	if err == nil || err.Error() != "there is no Pool \"ap\"\nthose there are: app, web" {
		t.Errorf("error %v", err)
	}
}

func TestStatusAsJSON(t *testing.T) {
	s := illStatus()
	s.Failures[0].Path = "/\u009b31m\x7f\u202e\U000e0001\x1b"
	got, err := pretend{status: s}.run(t, "status", "--json")
	if !errors.Is(err, errProblems) {
		t.Errorf("error %v", err)
	}
	for _, r := range got {
		if r != '\n' && (r < ' ' || r > '~') {
			t.Fatalf("%q is printed", r)
		}
	}
	var back server.Status
	if err := json.Unmarshal([]byte(got), &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back.Failures, s.Failures) || back.Version != s.Version {
		t.Errorf("%+v is not what was given", back.Failures)
	}
}

// hostile replaces every text of a value by one that would take over a terminal.
func hostile(v reflect.Value) {
	const text = "\x1b[2J\x1b]0;owned\x07\u009b31m\r\n\u202eall is well\xff"
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		if !v.IsNil() {
			hostile(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			hostile(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				hostile(v.Field(i))
			}
		}
	}
}

// "Hostile text is stripped of control characters before it reaches the terminal":
// whichever of all texts it is in.
func TestNoTextOfAStatusReachesTheTerminalAsAnOrder(t *testing.T) {
	s := illStatus()
	hostile(reflect.ValueOf(s))
	story := failure()
	hostile(reflect.ValueOf(story))
	w := watch{}
	for name, shown := range map[string]string{
		"status": printed(view{Status: s, most: standardRows()}.sheet(), false),
		"watch":  printed(w.fitting(s, nil, 80, 24), false),
		"error":  printed(w.fitting(nil, errors.New(s.State), 80, 24), false),
		"why":    printed(storySheet(*story, clock, 0), false),
	} {
		for _, r := range strings.ReplaceAll(shown, "\n", "") {
			if r < ' ' || r == 0x7f || r == 0x9b || r == 0x202e || r == 0xfffd {
				t.Errorf("%s has %q in\n%q", name, r, shown)
				break
			}
		}
		if !strings.Contains(shown, "owned") {
			t.Errorf("%s does not show the text: %q", name, shown)
		}
	}
}

// Numbers and lists that make no sense are shown somehow.
func TestAStrangeStatusIsShown(t *testing.T) {
	for _, body := range []string{
		`{"version":"9","time":"2026-12-01T20:00:00Z"}`,
		`{"version":"9","time":"0001-01-02T00:00:00Z","now":{"requests":-1e300,"p50_ms":1e300},"memory":{"heap":18446744073709551615,"descriptors":-1},
		  "pools":[{"available":-5,"upstreams":[{"share":-1,"state":"new"},{}]}],"series":{"p99_ms":[1,2,3e38]},"cache":{"copies":-3},
		  "certificates":[{}],"limits":[{"top":[{}]}],"failures":[{}],"events":[{"times":-1}],"sites":[{"maintenance":{}}],"rooms":[{}]}`,
	} {
		for _, args := range [][]string{{"status"}, {"status", "--json"}} {
			if got, err := (pretend{status: body}).run(t, args...); err != nil || got == "" {
				t.Errorf("%v: %v, %q", args, err, got)
			}
		}
		var s server.Status
		if err := json.Unmarshal([]byte(body), &s); err != nil {
			t.Fatal(err)
		}
		for size := range 30 {
			if lines := (watch{}).fitting(&s, nil, size, size).lines; size > 0 && len(lines) > size {
				t.Errorf("%d lines in a window of %d", len(lines), size)
			}
		}
	}
}

func TestStatusOfWhatCannotBeAsked(t *testing.T) {
	gone := httptest.NewServer(nil)
	address := gone.Listener.Addr().String()
	gone.Close()
	for _, command := range []string{"status", "why"} {
		if _, err := runCommandLine(t, address, "", command); err == nil || !strings.Contains(err.Error(), "sluice does not answer at "+address) {
			t.Errorf("%s: %v", command, err)
		}
		if _, err := runCommandLine(t, "", "", command); err == nil || !strings.Contains(err.Error(), `server.admin is ""`) {
			t.Errorf("%s: %v", command, err)
		}
	}
	for _, body := range []string{"", "<html>", "{}", "[]", "null", `{"version":7}`} {
		if _, err := (pretend{status: body}).run(t, "status"); !errors.Is(err, errNotSluice) {
			t.Errorf("%q: %v", body, err)
		}
	}
}
