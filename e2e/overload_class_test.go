package e2e

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// "With 100 % sheddable load on top, critical exchanges keep success ≥ 99.9 %"
func TestCriticalBesideSheddable(t *testing.T) {
	s := start(t, setup{server: withAdmin + trustUs, upstreams: []string{workers(t, 4).address}, pool: "max_concurrency = 4",
		site: "last_good = false\n[[site.route]]\npath = \"/pay/\"\nclass = \"critical\"\n[[site.route]]\npath = \"/report/\"\nclass = \"sheddable\""})
	c := newCrowd(t, s)
	can := int(capacity(c, 4))
	// Together what the Pool can do twice over, so there is as much to shed.
	var open sync.WaitGroup
	var sheddable []got
	open.Go(func() {
		sheddable = offer(can*3/2, floodTime, func(i int, due time.Time) got { return c.askAt(due, addressOf(i%997), "/report/") })
	})
	critical := offer(can/2, floodTime, func(i int, due time.Time) got { return c.askAt(due, addressOf(i%97), "/pay/") })
	open.Wait()
	t.Logf("%d/s at capacity; of %d critical %.2f %%, of %d sheddable %.1f %% are served",
		can, len(critical), 100*share(critical), len(sheddable), 100*share(sheddable))
	if raced() {
		t.Log("shares are not judged: a binary with the race detector is slower by more than the load leaves room for")
		return
	}
	if n := len(refusedOf(critical)); float64(n) > max(1, 0.001*float64(len(critical))) {
		t.Errorf("%d of %d critical requests are refused: %v", n, len(critical), refusedOf(critical)[:min(n, 5)])
	}
	if n := share(sheddable); n > 0.8 || n < 0.05 {
		t.Errorf("%.1f %% of the sheddable requests are served, want what is left for them", 100*n)
	}
}

// "Of the visitors admitted once, ≥ 99 % of their following requests are
// admitted while 10x new ones push". Who has altered his pass is a new one.
func TestWhoIsInStaysIn(t *testing.T) {
	s := start(t, setup{server: withAdmin + trustUs, upstreams: []string{workers(t, 4).address}, pool: "max_concurrency = 4",
		site: "last_good = false\nkeep_admitted = \"10m\""})
	c := newCrowd(t, s)
	visitors := make([]string, 20)
	for i := range visitors {
		g := c.ask(addressOf(i), "/")
		if visitors[i] = g.cookie("sluice_pass"); visitors[i] == "" || !g.ok() {
			t.Fatalf("the first answer to a visitor: status %d, %v, Set-Cookie %q", g.status, g.err, g.head["Set-Cookie"])
		}
	}
	var open sync.WaitGroup
	var strangers, forgers []got
	open.Go(func() {
		forgers = offer(30, floodTime, func(i int, due time.Time) got {
			return c.askAt(due, fmt.Sprint("10.102.", i%250, ".1"), "/", "Cookie: sluice_pass="+altered(visitors[i%len(visitors)]))
		})
	})
	open.Go(func() {
		strangers = offer(1000, floodTime+time.Second, func(i int, due time.Time) got { return c.askAt(due, fmt.Sprint("10.100.", i%251, ".", i%241), "/") })
	})
	// 100 requests a second of the 200 or so that the Pool can do.
	following := offer(100, floodTime, func(i int, due time.Time) got {
		v := i % len(visitors)
		// Their addresses change, as those of phones do.
		return c.askAt(due, fmt.Sprint("10.101.", i%250, ".1"), "/", "Cookie: theme=dark; sluice_pass="+visitors[v])
	})
	open.Wait()
	t.Logf("%.2f %% of those who are in, %.1f %% of the strangers, %.1f %% of the forgers are served",
		100*share(following), 100*share(strangers), 100*share(forgers))
	if n := share(forgers); n > 0.6 {
		t.Errorf("%.1f %% of the requests with an altered pass are served", 100*n)
	}
	if raced() {
		t.Log("who is in is not judged: a binary with the race detector is slower by more than the load leaves room for")
		return
	}
	if n := share(following); n < 0.98 {
		t.Errorf("%.2f %% of the requests of those who are in are served, want 98 %%: %v", 100*n, refusedOf(following)[:2])
	}
	if n := share(strangers); n > 0.5 {
		t.Errorf("%.1f %% of the strangers' requests are served: there was no push", 100*n)
	}
}

// altered is a cookie with another character in the middle.
func altered(cookie string) string {
	b := []byte(cookie)
	if i := len(b) / 2; b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}
