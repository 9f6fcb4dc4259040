package e2e

import (
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// floodTime is how long a flood lasts.
const floodTime = 5 * time.Second

// capacity is how many requests a second a Pool does for as many callers as it
// has workers, each of whom asks again when he has been answered.
func capacity(c *crowd, workers int) float64 {
	const length = 1500 * time.Millisecond
	done, began := make(chan int, workers), time.Now()
	for range workers {
		go func() {
			n := 0
			for time.Since(began) < length {
				if c.ask("10.250.0.1", "/").ok() {
					n++
				}
			}
			done <- n
		}()
	}
	sum := 0
	for range workers {
		sum += <-done
	}
	return float64(sum) / time.Since(began).Seconds()
}

// goodput is how many of all were served each second, in the time from when
// the first second was over until no more were asked.
func goodput(all []got) float64 {
	from, to := all[0].due.Add(time.Second), all[len(all)-1].due
	n := 0
	for _, g := range all {
		if at := g.due.Add(g.took); g.ok() && at.After(from) && at.Before(to) {
			n++
		}
	}
	return float64(n) / to.Sub(from).Seconds()
}

// refusalCauses are those of requests for which a Pool has no place.
var refusalCauses = []string{"shed", "queue_full", "queue_timeout"}

// "Under 10x load goodput stays at 95 % of capacity" (design.md section 9), of
// which 85 % are asked for here, where flood, upstream and proxy share a
// machine. "Nothing hangs"; "back to normal ≤ 2 s after".
func TestOverload(t *testing.T) {
	for _, tt := range []struct {
		name, most    string
		workers, rate int // what is asked for a second
	}{
		{"a number of places", "4", 4, 2000},    // ten times what it can do
		{"places found out", `"auto"`, 8, 2400}, // six times
	} {
		t.Run(tt.name, func(t *testing.T) {
			up := workers(t, tt.workers)
			s := start(t, setup{server: withAdmin + trustUs, upstreams: []string{up.address},
				site: "last_good = false", pool: "queue_timeout = \"500ms\"\nmax_concurrency = " + tt.most})
			c := newCrowd(t, s)
			can := capacity(c, tt.workers)
			flood := offer(tt.rate, floodTime, func(i int, due time.Time) got { return c.askAt(due, addressOf(i%997), "/") })
			t.Logf("%.0f/s at capacity, %.0f/s of %d/s in the flood", can, goodput(flood), tt.rate)
			wantRefusalsTold(t, flood)
			if raced() {
				t.Log("times and goodput are not judged: a binary with the race detector is slower by more than a flood leaves room for")
			} else {
				if n := goodput(flood); n < 0.85*can {
					t.Errorf("goodput %.0f/s in the flood, want 85 %% of %.0f/s", n, can)
				}
				wantAdmittedServed(t, flood, 500*time.Millisecond)
				wantPrompt(t, flood, 500*time.Millisecond)
			}
			wantQuiet(t, c)
			wantRefusalsLogged(t, s)
		})
	}
}

// wantAdmittedServed wants nineteen of twenty that are served to be so within a
// time: no queue that is much longer than ours stands behind it.
func wantAdmittedServed(t *testing.T, flood []got, within time.Duration) {
	t.Helper()
	var took []time.Duration
	for _, g := range flood {
		if g.ok() {
			took = append(took, g.took)
		}
	}
	slices.Sort(took)
	if n := len(took); n < 100 {
		t.Errorf("%d are served", n)
	} else if late := took[n*19/20]; late > within {
		t.Errorf("one of twenty that are served waits for more than %v, want at most %v", late, within)
	} else {
		t.Logf("served within %v (median), %v (nineteen of twenty)", took[n/2], late)
	}
}

// wantRefusalsTold wants those that are refused to be told when to come back.
func wantRefusalsTold(t *testing.T, flood []got) {
	t.Helper()
	refused := 0
	for _, g := range flood {
		if g.ok() {
			continue
		}
		refused++
		seconds, err := strconv.Atoi(g.head.Get("Retry-After"))
		if proxyStatus := g.head.Get("Proxy-Status"); g.status != 503 || err != nil || seconds < 1 ||
			!strings.Contains(proxyStatus, "error=connection_limit_reached") {
			t.Fatalf("refused with status %d, %v, Retry-After %q, Proxy-Status %q", g.status, g.err, g.head.Get("Retry-After"), proxyStatus)
		}
	}
	if refused < len(flood)/2 {
		t.Errorf("%d of %d are refused: this was no flood", refused, len(flood))
	}
}

// wantPrompt wants all to be answered in time.
func wantPrompt(t *testing.T, flood []got, queueTimeout time.Duration) {
	t.Helper()
	longest := time.Duration(0)
	for _, g := range flood {
		longest = max(longest, g.took)
	}
	if most := queueTimeout + 2*time.Second; longest > most {
		t.Errorf("one was answered after %v, want at most %v", longest, most)
	}
}

// wantQuiet wants a client that comes now and then to be served from 2.5 s
// after a flood.
func wantQuiet(t *testing.T, c *crowd) {
	t.Helper()
	over := time.Now()
	for _, g := range offer(20, 3500*time.Millisecond, func(i int, due time.Time) got { return c.askAt(due, "10.251.0.1", "/") }) {
		if after := g.due.Sub(over); !g.ok() && after > 2500*time.Millisecond {
			t.Errorf("%v after the flood: status %d, %v", after, g.status, g.err)
		}
	}
}

// wantRefusalsLogged wants the log to say why.
func wantRefusalsLogged(t *testing.T, s *sluice) {
	t.Helper()
	s.signal(syscall.SIGUSR1)
	found := map[string]int{}
	eventually(t, patience, "the access log tells of refusals", func() bool {
		for _, l := range s.lines(t) {
			if l.Status != 503 {
				continue
			}
			found[l.Cause]++
			if !slices.Contains(refusalCauses, l.Cause) || l.Who != "sluice" || l.Phase != "queue" || l.Degraded == "" || l.Upstream != "" {
				t.Fatalf("the access log says %+v", l)
			}
		}
		return len(found) > 0
	})
	t.Logf("refusals by the log: %v", found)
}

// "a Pool that is not busy is never refused anything" (docs/configuration.md),
// by all defaults.
func TestLightUseIsNeverRefused(t *testing.T) {
	t.Parallel()
	s := start(t, setup{server: withAdmin + trustUs, upstreams: []string{workers(t, 8).address}})
	c := newCrowd(t, s)
	var all []got
	for round := range 3 {
		all = append(all, offer(40, time.Second, func(i int, due time.Time) got { return c.askAt(due, addressOf(i%5), "/") })...)
		// A page with everything that belongs to it.
		all = append(all, offer(30*1000, time.Millisecond, func(i int, due time.Time) got { return c.askAt(due, addressOf(round), "/") })...)
	}
	for _, words := range refusedOf(all) {
		t.Error(words)
	}
}

// "max_concurrency: how many requests the Pool has under way at a time,
// whatever the number of its Upstreams" (docs/configuration.md).
func TestPoolsConcurrency(t *testing.T) {
	t.Parallel()
	up, asked, release := thinker(t)
	s := start(t, setup{server: withAdmin + trustUs, upstreams: []string{up.address},
		pool: "max_concurrency = 3\nqueue_timeout = \"1m\""})
	c := newCrowd(t, s)
	answers := make(chan got)
	for i := range 5 {
		go func() { answers <- c.ask(addressOf(i), "/think") }()
	}
	for range 3 {
		receive(t, "a request at the upstream", asked)
	}
	eventually(t, patience, "two wait", func() bool { return s.metric(t, poolMetric("queued")) == 2 })
	if n := s.metric(t, poolMetric("in_flight")); n != 3 {
		t.Errorf("%v hold a place by the metric, want 3", n)
	}
	select {
	case <-asked:
		t.Error("a fourth has reached the upstream")
	default:
	}
	close(release)
	for range 5 {
		if g := receive(t, "an answer", answers); !g.ok() {
			t.Errorf("status %d, %v", g.status, g.err)
		}
	}
}

// poolMetric is the name of the Pool's metric.
func poolMetric(what string) string { return "sluice_pool_" + what + `{pool="app"}` }

// "queue_timeout: the longest that a request waits for a place"
// (docs/configuration.md).
func TestQueueTimeout(t *testing.T) {
	t.Parallel()
	up, asked, release := thinker(t)
	s := start(t, setup{server: trustUs, upstreams: []string{up.address},
		pool: "max_concurrency = 1\nqueue_timeout = \"1s\""})
	c := newCrowd(t, s)
	answers := make(chan got)
	go func() { answers <- c.ask("10.0.0.1", "/think") }()
	receive(t, "a request at the upstream", asked)
	within(t, "a refusal", func() {
		if g := c.ask("10.0.0.2", "/late"); g.status != 503 || g.head.Get("Retry-After") == "" {
			t.Errorf("status %d, %v, Retry-After %q", g.status, g.err, g.head.Get("Retry-After"))
		}
	})
	close(release)
	if g := receive(t, "an answer", answers); !g.ok() {
		t.Errorf("status %d, %v", g.status, g.err)
	}
	if l := s.line(t, "/late"); !slices.Contains(refusalCauses, l.Cause) || l.Phase != "queue" {
		t.Errorf("the access log says %+v", l)
	}
}
