package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// "they are let in by the order in which they came", at the rate
// (docs/configuration.md).
func TestRoomLetsInByOrder(t *testing.T) {
	t.Parallel()
	const people, rate = 120, 20
	s, c := room(t, `rate = "20/s"`, "")
	var mu sync.Mutex
	var order []int // guarded by mu: who entered, by number of arrival
	var all sync.WaitGroup
	began := time.Now()
	for i := range people {
		v := c.visitor(t, i)
		in := v.comes()
		all.Go(func() {
			next, deadline := time.Now(), time.Now().Add(6*patience)
			every(10*time.Millisecond, func() bool {
				if time.Now().Before(next) && !in {
					return true
				}
				if !in {
					state := v.polls()
					next = time.Now().Add(time.Duration(state.After)*time.Second + rand.N(time.Second)) // as the page does
					if i%10 == 0 {                                                                      // these have no patience
						next = time.Now().Add(100 * time.Millisecond)
					}
					if state.State != "entered" {
						return time.Now().Before(deadline)
					}
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				if !v.isIn() {
					t.Errorf("visitor %d was told to enter, and is not in", i)
				}
				return false
			})
		})
	}
	all.Wait()
	took := time.Since(began)
	if len(order) != people {
		t.Fatalf("%d of %d are in after %v", len(order), people, took)
	}
	// A place is called up to two seconds before there is room, and whoever
	// looks in first goes first then.
	overtaken, sum := 0, 0.0
	for at, i := range order {
		overtaken = max(overtaken, i-at)
		sum += float64((at - i) * (at - i))
	}
	correlation := 1 - 6*sum/(people*(people*people-1)) // Spearman's
	t.Logf("%d let in within %v; one overtook %d; correlation of order %.3f", people, took, overtaken, correlation)
	if most := 3 * rate; overtaken > most {
		t.Errorf("somebody came in %d places before his own, want at most %d", overtaken, most)
	}
	if correlation < 0.5 { // by chance it would be 0.3 once in a thousand times
		t.Errorf("the orders of coming and of entering correlate by %.3f, want 0.5", correlation)
	}
	if least := people * time.Second / rate * 8 / 10; took < least || took > 4*least {
		t.Errorf("%d are let in within %v, want about %v", people, took, people*time.Second/rate)
	}
	if n := s.metric(t, `sluice_room_entered_total{site="`+host+`"}`); n != people {
		t.Errorf("%v have entered by the metric, want %d", n, people)
	}
}

// "rate: how many new visitors are let in", also when that is not even one in
// two seconds.
func TestRoomWithALowRate(t *testing.T) {
	t.Parallel()
	_, c := room(t, `rate = "20/m"
burst = 1`, "")
	if !c.visitor(t, 1).comes() {
		t.Error("the first has to wait")
	}
	second := c.visitor(t, 2)
	if second.comes() {
		t.Error("the second does not have to wait")
	}
	second.waits(patience)
}

// "A page (or JSON) with their place and an estimate, that polls by itself"
// (docs/configuration.md).
func TestRoomTellsWhereOneStands(t *testing.T) {
	t.Parallel()
	s, c := room(t, `rate = "1/s"
burst = 1
title = "Autumn sale"`, "")
	c.line(t, 12)
	v := c.visitor(t, 1)

	page := v.ask("/page", "Accept: text/html,*/*;q=0.8")
	if page.status != 503 || !strings.HasPrefix(page.head.Get("Content-Type"), "text/html") || !strings.Contains(page.body, "Autumn sale") {
		t.Errorf("the page: status %d, %s\n%.400s", page.status, page.head.Get("Content-Type"), page.body)
	}
	policy := page.head.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'sha256-", "connect-src 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("Content-Security-Policy %q, want %q in it", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("Content-Security-Policy %q", policy)
	}
	if after, err := strconv.Atoi(page.head.Get("Retry-After")); err != nil || after < 1 {
		t.Errorf("Retry-After %q", page.head.Get("Retry-After"))
	}
	if v.ticket == "" || v.pass != "" {
		t.Errorf("cookies after the page: ticket %q, pass %q", v.ticket, v.pass)
	}
	if cookie := page.head.Get("Set-Cookie"); !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "Path=/") || !strings.Contains(cookie, "SameSite=Lax") {
		t.Errorf("Set-Cookie %q", cookie)
	}

	had := v.ticket
	program := v.ask("/json", "Accept: application/json")
	var state roomState
	if err := json.Unmarshal([]byte(program.body), &state); err != nil || program.status != 503 || program.head.Get("Retry-After") == "" {
		t.Errorf("the JSON: status %d, Retry-After %q, %q, %v", program.status, program.head.Get("Retry-After"), program.body, err)
	}
	if state.State != "waiting" || state.Place < 4 || state.Place > 12 || state.Estimate == nil || *state.Estimate < 2 || state.After < 1 {
		t.Errorf("the JSON says %s", program.body)
	}

	if poll := v.polls(); poll.State != "waiting" || poll.Place > state.Place {
		t.Errorf("the poll says %+v", poll)
	}
	if v.ticket != had {
		t.Error("the visitor has another ticket after a poll")
	}
	if l := s.line(t, "/page"); l.Cause != "waiting_room" || l.Who != "sluice" || l.Degraded != "room" {
		t.Errorf("the access log says %+v", l)
	}
}

// "not_before: opens then. Before, everybody gets a page that counts down."
// (docs/configuration.md)
func TestRoomOpens(t *testing.T) {
	t.Parallel()
	opens := time.Now().Add(8 * time.Second).Truncate(time.Second) // by then the first visitor has come
	s, c := room(t, "not_before = "+strconv.Quote(opens.Format(time.RFC3339)), "")
	early := c.visitor(t, 1)
	page := early.ask("/", "Accept: text/html")
	if page.status != 503 || !strings.Contains(page.body, `id="count"`) || page.head.Get("Content-Security-Policy") == "" {
		t.Errorf("the page before: status %d\n%.400s", page.status, page.body)
	}
	state := early.polls()
	at, err := time.Parse(time.RFC3339, state.Opens)
	if state.State != "not_started" || err != nil || !at.Equal(opens) || state.Left < 0 || state.Left > 8 {
		t.Errorf("before: %+v, %v, want that it opens at %v", state, err, opens)
	}
	var in time.Time
	eventually(t, 2*patience, "it has opened", func() bool {
		in = time.Now()
		return early.isIn()
	})
	if in.Before(opens.Add(-100 * time.Millisecond)) {
		t.Errorf("let in at %v, before %v", in, opens)
	}
	if !c.visitor(t, 2).comes() {
		t.Error("another visitor has to wait in a room without a rate")
	}
	found := map[string]bool{}
	s.line(t, "/")
	for _, l := range s.lines(t) {
		found[l.Cause] = true
	}
	if !found["not_started"] {
		t.Errorf("the access log has the causes %v", found)
	}
}

// "not_after: closes then." (docs/configuration.md)
func TestRoomIsOver(t *testing.T) {
	t.Parallel()
	_, c := room(t, "not_after = "+strconv.Quote(time.Now().Add(-time.Hour).Format(time.RFC3339)), "")
	v := c.visitor(t, 1)
	if g := v.ask("/", "Accept: text/html"); g.status != 410 || g.head.Get("Content-Security-Policy") == "" {
		t.Errorf("status %d, Content-Security-Policy %q", g.status, g.head.Get("Content-Security-Policy"))
	}
	if state := v.polls(); state.State != "over" {
		t.Errorf("the poll says %+v", state)
	}
}

// "Routes of class critical are not behind it" (docs/configuration.md).
func TestRoomIsNotInFrontOfCriticalRoutes(t *testing.T) {
	t.Parallel()
	_, c := room(t, `rate = "1/s"
burst = 1`, `[[site.route]]
path = "/pay/"
class = "critical"`)
	c.line(t, 10)
	for i := range 20 {
		if g := c.visitor(t, i).ask(fmt.Sprintf("/pay/%d", i)); !g.ok() || g.head.Get("Set-Cookie") != "" {
			t.Errorf("status %d, Set-Cookie %q", g.status, g.head.Get("Set-Cookie"))
		}
	}
	if c.visitor(t, 99).isIn() {
		t.Error("the others do not have to wait")
	}
}

// People who leave do not keep those behind them waiting for good.
func TestRoomGoesOnWithoutThoseWhoLeave(t *testing.T) {
	t.Parallel()
	_, c := room(t, `rate = "20/s"
burst = 1`, "")
	began := time.Now()
	c.line(t, 40) // two seconds' worth, none of whom ever comes again
	v := c.visitor(t, 1)
	v.comes()
	v.waits(3 * patience)
	t.Logf("let in after %v", time.Since(began))
}
