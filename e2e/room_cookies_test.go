package e2e

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// Over TLS the cookies are for TLS only.
func TestRoomCookiesAreSecure(t *testing.T) {
	t.Parallel()
	s, _ := room(t, `rate = "100/s"`, "")
	if cookie := get(t, s.client(), secure+"/").Header.Get("Set-Cookie"); !strings.Contains(cookie, "; Secure") {
		t.Errorf("Set-Cookie %q", cookie)
	}
}

// "Place and time stand in a signed cookie" (docs/configuration.md): what is
// forged, altered or used for another purpose opens nothing.
func TestRoomIsNotEnteredByForgery(t *testing.T) {
	t.Parallel()
	_, c := room(t, `rate = "1/s"
burst = 1`, "")
	insider := c.visitor(t, 1)
	insider.comes()
	if !insider.isIn() {
		t.Fatal("the first is not in")
	}
	ticket := c.line(t, 40)[39].ticket
	for name, jar := range map[string]visitor{
		"a pass of nothing":         {pass: "AAAA"},
		"a long pass":               {pass: strings.Repeat("A", 4000)},
		"a pass of no base64":       {pass: "let me in"},
		"an altered pass":           {pass: altered(insider.pass)},
		"a ticket as a pass":        {pass: ticket},
		"a pass as a ticket":        {ticket: insider.pass},
		"an altered ticket":         {ticket: altered(ticket)},
		"an altered ticket as pass": {pass: altered(ticket), ticket: altered(ticket)},
	} {
		v := jar
		v.t, v.c, v.address = t, c, "10.7.7.7"
		if v.isIn() {
			t.Errorf("%s opens the door", name)
		}
		if g := v.polls(); g.State != "waiting" || g.Place < 20 {
			t.Errorf("%s: %+v, want a place at the end of the line", name, g)
		}
	}
	if !insider.isIn() {
		t.Error("the true pass is not good any more")
	}
}

// A ticket that was passed around lets in one.
func TestRoomTicketLetsInOne(t *testing.T) {
	t.Parallel()
	s, c := room(t, `rate = "4/s"
burst = 1`, "")
	first := c.line(t, 80)[0]
	var mu sync.Mutex
	entered := 0 // guarded by mu
	deadline := time.Now().Add(4 * time.Second)
	var all sync.WaitGroup
	for i := range 20 {
		v := c.visitor(t, i)
		all.Go(func() {
			every(100*time.Millisecond, func() bool {
				v.ticket = first.ticket // and not the one that is given instead
				if v.polls().State == "entered" {
					mu.Lock()
					defer mu.Unlock()
					entered++
					return false
				}
				return time.Now().Before(deadline)
			})
		})
	}
	all.Wait()
	if entered != 1 {
		t.Errorf("%d have entered by one ticket, want 1", entered)
	}
	if n := s.metric(t, `sluice_room_refused_tickets_total{site="`+host+`"}`); n < 19 {
		t.Errorf("%v tickets were refused by the metric, want 19 and more", n)
	}
}

// "After a restart, tickets of the former process come before all newcomers"
// (limiter.Room); "sluice_pass: nothing is stored for each visitor"
// (docs/configuration.md).
func TestRoomCookiesSurviveAKill(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	const keys = `rate = "1/s"
burst = 1`
	first, c := roomOn(t, state, keys, "")
	insider := c.visitor(t, 1)
	if !insider.comes() {
		t.Fatal("the first is not in")
	}
	waiting := c.line(t, 10)
	waiting[0].waits(2 * patience)
	used := waiting[0].ticket
	first.kill()

	_, c = roomOn(t, state, keys, "")
	insider.c = c
	if !insider.isIn() {
		t.Error("who was in has to wait after a restart")
	}
	newcomers := c.line(t, 20)
	for _, v := range waiting {
		v.c = c
	}
	if !waiting[0].isIn() {
		t.Error("who was let in by a ticket has to wait after a restart")
	}
	before, after := waiting[1].polls(), newcomers[19].polls()
	if before.State == "waiting" && before.Place >= after.Place {
		t.Errorf("a ticket of the former process is at place %d, a newcomer at %d", before.Place, after.Place)
	}
	waiting[1].waits(2 * patience)
	if !waiting[1].isIn() {
		t.Error("who waited before the restart is not in")
	}
	if used == "" {
		t.Error("there was no ticket")
	}
}

// Another state_dir is another key: what another Sluice has signed opens
// nothing here.
func TestRoomBelievesNoOtherSluice(t *testing.T) {
	t.Parallel()
	const keys = `rate = "1/s"
burst = 1`
	_, other := room(t, keys, "")
	v := other.visitor(t, 1)
	v.comes()
	if v.pass == "" {
		t.Fatal("there is no pass")
	}
	_, c := room(t, keys, "")
	c.line(t, 10)
	v.c = c
	if v.isIn() {
		t.Error("a pass of another Sluice opens the door")
	}
}
