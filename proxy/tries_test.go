package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/upstream"
)

// story is what the log entry says of the Attempts: "dial connection_refused,
// 503, wait connection_terminated".
func (l line) story() string {
	var all []string
	for _, t := range l.tries {
		one := strings.TrimSpace(t.Phase + " " + t.Cause)
		if t.Status > 0 {
			one = strings.TrimSpace(one + fmt.Sprint(" ", t.Status))
		}
		all = append(all, one)
	}
	return strings.Join(all, ", ")
}

// "Each Attempt of an Exchange that is going to fail: who, phase, cause, detail,
// took, reused, status."
func TestTheAttemptsOfAFailure(t *testing.T) {
	busy := func(v *visit) bool { v.content(); return v.answer(503, "busy") }
	reset := func(v *visit) bool { v.content(); v.reset(); return false }
	truncated := func(v *visit) bool {
		v.content()
		v.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ntruncated")
		return false
	}
	const r, b, c, cut = "wait connection_terminated", "503", "dial connection_refused", "body http_response_incomplete 200"
	for _, tt := range []struct {
		name          string
		first, second script // nil: refuses connections
		want          string
	}{
		{"both refuse", nil, nil, c + ", " + c},
		{"reset, then busy", reset, busy, r + ", " + b},
		{"busy twice", busy, busy, b + ", " + b},
		{"broken off", truncated, truncated, cut},
		{"busy, then broken off", busy, truncated, b + ", " + cut},
		{"well", always("ok"), always("ok"), ""},
		{"well in the end", reset, always("ok"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addresses := []string{refusing(t), refusing(t)} // the first turn is the second one's
			for i, play := range []script{tt.second, tt.first} {
				if play != nil {
					addresses[i] = newOrigin(t, play).Addr().String()
				}
			}
			p := newProxy(t, newPool(t, upstream.Config{RetryOn: []int{503}}, addresses...))
			for range 2 { // what is left of the first is not in the second
				l := p.serve(request("GET", "/"), newWire(t, "GET"))
				if tt.first == nil && l.attempts == 0 {
					continue // they are out by now
				}
				if got := l.story(); got != tt.want && !(tt.name == "reset, then busy" && got == b) {
					t.Errorf("%q, want %q", got, tt.want)
				}
				for i, try := range l.tries {
					if try.Took <= 0 || try.Took > l.total || try.Upstream == "" || try.Cause != "" && try.Err == nil {
						t.Errorf("Attempt %d: %+v", i, try)
					}
				}
				if n := len(l.tries); n > 0 && l.tries[n-1].Upstream != l.upstream {
					t.Errorf("the last Attempt was on %s, not on %s", l.tries[n-1].Upstream, l.upstream)
				}
			}
		})
	}
}

// The one who answers for a Flight tells of its Attempts, too, and how old the
// copy was that took their place.
func TestTheAttemptsOfAFlight(t *testing.T) {
	for name, set := range map[string]func(*Route){"last good": lastGoods, "shared": func(r *Route) {
		lastGoods(r)
		r.Reuse = &Reuse{TTL: time.Nanosecond, Wait: patience}
	}} {
		f := &faltering{fine: answers("Cache-Control: max-age=0, stale-if-error=60")}
		p, _ := caching(t, f.play, set)
		p.get("/news")
		f.how = "reset"
		p.get("/news")
		l := p.logged()[1]
		if l.status != 200 || len(l.tries) == 0 || l.tries[0].Cause != "connection_terminated" || l.tries[0].Took <= 0 {
			t.Errorf("%s: %+v", name, l)
		}
		if l.degraded == "last_good" && l.age <= 0 {
			t.Errorf("%s: a copy of no age", name)
		}
	}
}
