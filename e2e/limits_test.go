package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// limited starts a Sluice with a limit, before an upstream that answers at
// once. The test says who its clients are.
func limited(t *testing.T, limit string) (*sluice, *crowd) {
	t.Helper()
	s := start(t, setup{server: withAdmin + trustUs, upstreams: []string{serve(t, nil).address},
		site: "[[site.limit]]\n" + limit})
	return s, newCrowd(t, s)
}

// limitMetric is the name of a limit's metric.
func limitMetric(what, limit string) string {
	return fmt.Sprintf("sluice_limit_%s_total{limit=%q,site=%q}", what, limit, host)
}

// "More is answered by 429 with Retry-After, and the access log says by which
// limit" (docs/configuration.md).
func TestLimitByClient(t *testing.T) {
	t.Parallel()
	s, c := limited(t, `rate = "6/m"
burst = 3`)
	for i := range 3 {
		g := c.ask("10.0.0.1", "/fine")
		if !g.ok() {
			t.Errorf("request %d of a burst of 3: status %d, %v", i+1, g.status, g.err)
		}
		if g.head.Get("RateLimit") != "" || g.head.Get("RateLimit-Policy") != "" {
			t.Error("there are RateLimit fields that nobody has asked for")
		}
	}
	g := c.ask("10.0.0.1", "/beyond")
	seconds, err := strconv.Atoi(g.head.Get("Retry-After"))
	if g.status != 429 || err != nil || seconds < 1 || seconds > 10 {
		t.Errorf("beyond the limit: status %d, %v, Retry-After %q; want 429 and 1 to 10 s", g.status, g.err, g.head.Get("Retry-After"))
	}
	for _, other := range []string{"10.0.0.2", "2001:db8::1"} {
		if g := c.ask(other, "/other"); !g.ok() {
			t.Errorf("another client, %s: status %d, %v", other, g.status, g.err)
		}
	}
	l := s.line(t, "/beyond")
	if l.Cause != "rate_limited" || l.Who != "sluice" || l.Status != 429 || l.Client != "10.0.0.1" || l.Upstream != "" ||
		!strings.Contains(l.Detail, "client_ip 6/m") {
		t.Errorf("the access log says %+v", l)
	}
	if n := s.metric(t, limitMetric("refused", "client_ip 6/m")); n != 1 {
		t.Errorf("%v refused by the metric, want 1", n)
	}
}

// "the /64 of IPv6, which is what one household has" (docs/configuration.md)
func TestLimitTakesAHouseholdForOne(t *testing.T) {
	t.Parallel()
	_, c := limited(t, `rate = "1/m"`)
	for _, tt := range []struct {
		client string
		want   int
	}{{"2001:db8:0:1::1", 200}, {"2001:db8:0:1::2", 429}, {"2001:db8:0:1:ffff::", 429}, {"2001:db8:0:2::1", 200}} {
		if g := c.ask(tt.client, "/"); g.status != tt.want {
			t.Errorf("%s: status %d, %v, want %d", tt.client, g.status, g.err, tt.want)
		}
	}
}

// Somebody whom nobody trusts cannot say who he is, and so not escape.
func TestLimitIsNotEscapedByXForwardedFor(t *testing.T) {
	t.Parallel()
	s := start(t, setup{upstreams: []string{serve(t, nil).address}, site: "[[site.limit]]\nrate = \"1/m\"\nburst = 2"})
	c := newCrowd(t, s)
	ok := 0
	for i := range 6 {
		if c.ask(addressOf(i), "/").ok() {
			ok++
		}
	}
	if ok != 2 {
		t.Errorf("%d requests are served, want 2", ok)
	}
}

// "fields: answers say how much is left, by RateLimit and RateLimit-Policy"
// (docs/configuration.md).
func TestLimitFields(t *testing.T) {
	t.Parallel()
	_, c := limited(t, `rate = "6/m"
burst = 3
fields = true`)
	for left := 2; left >= 0; left-- {
		g := c.ask("10.0.0.1", "/")
		if want := fmt.Sprintf(`"limit";r=%d;t=`, left); !g.ok() || !strings.HasPrefix(g.head.Get("RateLimit"), want) {
			t.Errorf("status %d, %v, RateLimit %q, want %q", g.status, g.err, g.head.Get("RateLimit"), want)
		}
		if want := `"limit";q=3;w=30`; g.head.Get("RateLimit-Policy") != want {
			t.Errorf("RateLimit-Policy %q, want %q", g.head.Get("RateLimit-Policy"), want)
		}
	}
	if g := c.ask("10.0.0.1", "/"); g.status != 429 || !strings.HasPrefix(g.head.Get("RateLimit"), `"limit";r=0;t=`) {
		t.Errorf("status %d, %v, RateLimit %q", g.status, g.err, g.head.Get("RateLimit"))
	}
}

// "dry_run: what it would refuse is counted (sluice_limit_would_refuse_total)
// and let through, to find the right rate" (docs/configuration.md).
func TestLimitDryRun(t *testing.T) {
	t.Parallel()
	s, c := limited(t, `rate = "1/m"
burst = 2
dry_run = true`)
	for range 7 {
		if g := c.ask("10.0.0.1", "/"); !g.ok() {
			t.Errorf("status %d, %v", g.status, g.err)
		}
	}
	if n := s.metric(t, limitMetric("would_refuse", "client_ip 1/m")); n != 5 {
		t.Errorf("%v would have been refused by the metric, want 5", n)
	}
	if n := s.metric(t, limitMetric("refused", "client_ip 1/m")); n != 0 {
		t.Errorf("%v refused by the metric, want none", n)
	}
}

// "except: clients that it does not hold for", "methods: only these", "path:
// only what begins with it" (docs/configuration.md).
func TestLimitHoldsForSome(t *testing.T) {
	t.Parallel()
	s, c := limited(t, `rate = "1/m"
path = "/api/"
methods = ["GET"]
except = ["10.9.0.0/16", "2001:db8::/32"]`)
	for range 5 {
		for _, free := range []struct{ client, path string }{{"10.9.1.2", "/api/a"}, {"2001:db8::5", "/api/a"}, {"10.0.0.1", "/app"}, {"10.0.0.1", "/api"}} {
			if g := c.ask(free.client, free.path); !g.ok() {
				t.Errorf("%s of %s: status %d, %v", free.path, free.client, g.status, g.err)
			}
		}
		r := request(t, "POST", plain+"/api/a", strings.NewReader("hi"), "X-Forwarded-For: 10.0.0.1")
		if a := do(t, s.client(), r); a.StatusCode != 200 {
			t.Errorf("POST: status %d", a.StatusCode)
		}
	}
	if g := c.ask("10.0.0.1", "/api/a"); !g.ok() {
		t.Errorf("the first: status %d, %v", g.status, g.err)
	}
	if g := c.ask("10.0.0.1", "/api/b"); g.status != 429 {
		t.Errorf("the second: status %d, %v, want 429", g.status, g.err)
	}
	if g := c.ask("10.8.1.2", "/api/b"); !g.ok() {
		t.Errorf("of another: status %d, %v", g.status, g.err)
	}
}

// "concurrent: requests of one client under way at a time"
// (docs/configuration.md).
func TestLimitOfRequestsAtATime(t *testing.T) {
	t.Parallel()
	up, asked, release := thinker(t)
	s := start(t, setup{server: withAdmin + trustUs, upstreams: []string{up.address}, site: "[[site.limit]]\nconcurrent = 2"})
	c := newCrowd(t, s)
	var thinking sync.WaitGroup
	for i := range 2 {
		thinking.Go(func() {
			if g := c.ask("10.0.0.1", fmt.Sprintf("/think/%d", i)); !g.ok() {
				t.Errorf("status %d, %v", g.status, g.err)
			}
		})
		receive(t, "a request reaches the upstream", asked)
	}
	if g := c.ask("10.0.0.1", "/third"); g.status != 429 || g.head.Get("Retry-After") == "" {
		t.Errorf("a third: status %d, %v, Retry-After %q", g.status, g.err, g.head.Get("Retry-After"))
	}
	thinking.Go(func() {
		if g := c.ask("10.0.0.2", "/other"); !g.ok() {
			t.Errorf("another client: status %d, %v", g.status, g.err)
		}
	})
	receive(t, "the other client's request", asked)
	close(release)
	thinking.Wait()
	eventually(t, patience, "a place is free again", func() bool { return c.ask("10.0.0.1", "/").ok() })
	for range 5 {
		if g := c.ask("10.0.0.1", "/again"); !g.ok() {
			t.Errorf("afterwards: status %d, %v", g.status, g.err)
		}
	}
	if l := s.line(t, "/third"); l.Cause != "too_many_at_once" || l.Who != "sluice" || !strings.Contains(l.Detail, "client_ip 2 at once") {
		t.Errorf("the access log says %+v", l)
	}
}

// Who waits for each answer has one request under way, whatever connections
// they come on.
func TestLimitOfRequestsOneAfterAnother(t *testing.T) {
	t.Parallel()
	s, _ := limited(t, `concurrent = 1`)
	refused := 0
	for range 300 {
		if a := askOnce(s.http, "GET", time.Now()); a.status != 200 {
			refused++
		}
	}
	if refused > 0 {
		t.Errorf("%d of 300 are refused", refused)
	}
}

// Somebody who hangs up gives his place among his requests back.
func TestLimitForgetsWhoHangsUp(t *testing.T) {
	t.Parallel()
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/think" {
			<-r.Context().Done()
		}
	})
	s := start(t, setup{upstreams: []string{up.address}, site: "[[site.limit]]\nconcurrent = 1"})
	for range 3 {
		c := s.dial(t)
		eventually(t, patience, "there is a place", func() bool {
			c.get("/")
			return c.answer().StatusCode == 200
		})
		before := up.count()
		c.get("/think")
		eventually(t, patience, "it thinks", func() bool { return up.count() > before })
		c.conn.Close()
	}
	eventually(t, patience, "there is a place", func() bool { return askOnce(s.http, "GET", time.Now()).status == 200 })
}

// "One good client at 5 r/s beside 50 abusive ones: no good request refused"
func TestLimitBesideAbuse(t *testing.T) {
	s, c := limited(t, `rate = "10/s"
burst = 20`)
	var abusive []got
	var open sync.WaitGroup
	open.Go(func() {
		abusive = offer(50*30, 5*time.Second, func(i int, due time.Time) got { return c.askAt(due, addressOf(i%50), "/") })
	})
	began := time.Now()
	good := offer(5, 5*time.Second, func(i int, due time.Time) got { return c.askAt(due, "10.200.0.1", "/good") })
	open.Wait()
	for _, words := range refusedOf(good) {
		t.Errorf("the good client: %s", words)
	}
	// Each of the abusive gets its bucket and what flows in, and no more. On a
	// slow machine the flood lasts longer.
	most := 50 * (20 + int(10*(time.Since(began)+time.Second).Seconds()))
	if n := len(abusive) - len(refusedOf(abusive)); n > most {
		t.Errorf("%d abusive requests of %d are served, want at most %d", n, len(abusive), most)
	}
	if n := s.metric(t, limitMetric("refused", "client_ip 10/s")); n < float64(len(abusive)-most) {
		t.Errorf("%v refused by the metric, want at least %d", n, len(abusive)-most)
	}
}
