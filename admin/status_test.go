package admin

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// "/status?seconds=N (1..300, default 60), /events, /failures, /pools".
func TestWhatTheStatusIsAskedFor(t *testing.T) {
	r := run(t, Options{
		Status:   func(seconds int) []byte { return fmt.Appendf(nil, `{"seconds":%d}`, seconds) },
		Events:   func() any { return []string{"event"} },
		Pools:    func() any { return []string{"pool"} },
		Limits:   func() any { return []string{"limit"} },
		Failures: func(a Asked) any { return fmt.Sprint(a) },
		Failure:  func(id string) (any, bool) { return "the one " + id, id == "known" },
	})
	for _, tt := range []struct {
		target string
		status int
		body   string
	}{
		{"/status", 200, "{\"seconds\":0}\n"},
		{"/status?seconds=1", 200, "{\"seconds\":1}\n"},
		{"/status?seconds=300", 200, "{\"seconds\":300}\n"},
		{"/status?seconds=301", 400, ""},
		{"/status?seconds=0", 400, ""},
		{"/status?seconds=-5", 400, ""},
		{"/status?seconds=ten", 400, ""},
		{"/events", 200, "[\n  \"event\"\n]\n"},
		{"/pools", 200, "[\n  \"pool\"\n]\n"},
		{"/limits", 200, "[\n  \"limit\"\n]\n"},
		{"/failures", 200, "\"{  100}\"\n"},
		{"/failures?pool=app&site=shop&limit=3", 200, "\"{shop app 3}\"\n"},
		{"/failures?limit=0", 400, ""},
		{"/failures?limit=100000000000000000000", 400, ""},
		{"/failures?id=known", 200, "\"the one known\"\n"},
		{"/failures?id=other", 404, ""},
		{"/failures?id=", 404, ""},
		{"/failures?id=" + strings.Repeat("x", 5000), 404, ""},
	} {
		response, body := r.ask("GET "+tt.target, onThisMachine)
		if response.StatusCode != tt.status || tt.body != "" && body != tt.body {
			t.Errorf("%.60s: %d %q, want %d %q", tt.target, response.StatusCode, body, tt.status, tt.body)
		}
		if kind := response.Header.Get("Content-Type"); tt.status != 400 && kind != "application/json" {
			t.Errorf("%.60s: %s", tt.target, kind)
		}
	}
}

func TestUpstreamsAreSet(t *testing.T) {
	var asked []string
	r := run(t, Options{
		Drain: func(pool, upstream string, drained, force bool) (string, error) {
			asked = append(asked, fmt.Sprint(pool, " ", upstream, " ", drained, " ", force))
			if pool != "app" {
				return "", errors.New("there is no such pool")
			}
			return "done", nil
		},
		Weigh: func(pool, upstream string, weight int, force bool) (string, error) {
			asked = append(asked, fmt.Sprint(pool, " ", upstream, " ", weight, " ", force))
			return "done", nil
		},
	})
	for _, tt := range []struct {
		path   string
		fields []string
		status int
	}{
		{"/upstream/drain?pool=app&upstream=a:1", []string{byACommand}, 200},
		{"/upstream/drain?pool=app&upstream=a:1&force=true", []string{byACommand}, 200},
		{"/upstream/undrain?pool=app&upstream=a:1", []string{byACommand}, 200},
		{"/upstream/weight?pool=app&upstream=a:1&weight=7", []string{byACommand}, 200},
		{"/upstream/drain?pool=x&upstream=a:1", []string{byACommand}, 409},
		{"/upstream/weight?pool=app&upstream=a:1", []string{byACommand}, 400},
		{"/upstream/drain?pool=app", []string{byACommand}, 400},
		{"/upstream/drain?pool=app&upstream=a:1", nil, 403},
		{"/upstream/undrain?pool=app&upstream=a:1", []string{byACommand, "Origin: https://evil.example.com"}, 403},
	} {
		if status, said := r.post(tt.path, "", tt.fields...); status != tt.status {
			t.Errorf("%s %q: %d %q, want %d", tt.path, tt.fields, status, said, tt.status)
		}
	}
	if response, _ := r.ask("GET /upstream/drain?pool=app&upstream=a:1", onThisMachine, byACommand); response.StatusCode != 405 {
		t.Errorf("a GET: %d", response.StatusCode)
	}
	want := "app a:1 true false|app a:1 true true|app a:1 false false|app a:1 7 false|x a:1 true false"
	if got := strings.Join(asked, "|"); got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

// The text of a status is shared by all who look at the same time, so that nothing
// is written into it or behind it.
func TestTheTextOfAStatusIsLeftAsItIs(t *testing.T) {
	text := append(make([]byte, 0, 64), "{}"...)
	r := run(t, Options{Status: func(int) []byte { return text }})
	if _, body := r.ask("GET /status", onThisMachine); body != "{}\n" {
		t.Errorf("%q", body)
	}
	if behind := text[:3][2]; behind != 0 {
		t.Errorf("%q was written behind it", behind)
	}
}
