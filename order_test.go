package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/server"
)

// crowdedStatus is a Sluice of so many Pools, Sites and certificates, in an order
// of its own. All is well with them.
func crowdedStatus(n int) *server.Status {
	s := wellStatus()
	s.Pools, s.Sites, s.Certificates = nil, nil, nil
	for i := range n {
		name := fmt.Sprintf("shop%03d", (i*77+5)%n)
		s.Pools = append(s.Pools, server.PoolStatus{Name: name, Available: 2, Upstreams: []server.UpstreamStatus{
			{Address: "10.0.0.2:3001", State: "in", Weight: 1, Share: 1}, {Address: "10.0.0.2:3002", State: "in", Weight: 1, Share: 1}}})
		s.Sites = append(s.Sites, server.SiteStatus{Name: name + ".example.com"})
		s.Certificates = append(s.Certificates, server.CertificateStatus{Names: []string{name + ".example.com"}, Source: "acme", NotAfter: clock.Add(60 * 24 * time.Hour)})
	}
	return s
}

// pool returns one of a Status.
func pool(s *server.Status, name string) *server.PoolStatus {
	return &s.Pools[slices.IndexFunc(s.Pools, func(p server.PoolStatus) bool { return p.Name == name })]
}

// inTrouble gives some Pools each another trouble, and returns their names as they
// are to be shown.
func inTrouble(s *server.Status) (names []string) {
	out := pool(s, "shop070")
	out.Available, out.Upstreams[0].State = 1, "out"
	pool(s, "shop060").Shedding = true
	pool(s, "shop050").Queued = 3
	s.Problems = append(s.Problems, server.Problem{Level: "warn", Code: "upstreams_out", Params: map[string]string{"pool": "shop040"}, Text: "Look."},
		server.Problem{Level: "warn", Code: "pool_empty", Params: map[string]string{"pool": "gone"}, Text: "Look."})
	pool(s, "shop030").Upstreams[1].State = "trial"
	drained := pool(s, "shop020")
	drained.Available, drained.Upstreams[1].Draining = 1, true
	pool(s, "shop090").Available = 0
	open := pool(s, "shop080")
	open.Available, open.FailsOpen = 0, true
	return strings.Fields("shop080 shop090 shop020 shop030 shop040 shop050 shop060 shop070")
}

func namesOf(s *server.Status) (names []string) {
	for _, p := range s.Pools {
		names = append(names, p.Name)
	}
	return names
}

// "Pools in trouble come first, then by name", and whatever order they are told
// in, they stay where they are.
func TestPoolsInTroubleComeFirst(t *testing.T) {
	s := crowdedStatus(100)
	want := inTrouble(s)
	for range 20 {
		rand.Shuffle(len(s.Pools), func(i, j int) { s.Pools[i], s.Pools[j] = s.Pools[j], s.Pools[i] })
		for i := range s.Pools {
			s.Pools[i].InFlight = rand.IntN(9) // which is no difference in kind
		}
		arrange(s, nil)
		names := namesOf(s)
		if got := names[:len(want)]; !slices.Equal(got, want) || !slices.IsSorted(names[len(want):]) {
			t.Fatalf("got %q", names)
		}
	}
}

// A queue that comes and goes with each look moves its Pool up once.
func TestAQueueThatComesAndGoesMovesNothing(t *testing.T) {
	s := crowdedStatus(3)
	lately := make(queues)
	look := func(queued int, want string) {
		t.Helper()
		s.Time = s.Time.Add(time.Second)
		pool(s, "shop002").Queued = queued
		lately.note(s)
		arrange(s, lately)
		if got := strings.Join(namesOf(s), " "); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	const calm, busy = "shop000 shop001 shop002", "shop002 shop000 shop001"
	look(0, calm)
	for range 20 {
		look(1, busy)
		look(0, busy)
	}
	for range 8 {
		look(0, busy)
	}
	look(0, calm)
	look(1, busy)
	s.Time = s.Time.Add(-time.Hour) // the clock was set
	look(0, calm)
	if len(lately) > 0 {
		t.Errorf("%v is kept", lately)
	}
}

func TestSitesAndCertificatesInTroubleComeFirst(t *testing.T) {
	s := crowdedStatus(100)
	for i := range s.Sites {
		if s.Sites[i].Name == "shop050.example.com" {
			s.Sites[i].Maintenance = &server.MaintenanceStatus{}
		}
	}
	s.Rooms = []server.RoomStatus{{Site: "shop040.example.com", Waiting: 5}, {Site: "shop030.example.com"}}
	for i := range s.Certificates {
		switch c := &s.Certificates[i]; c.Names[0] {
		case "shop040.example.com":
			c.Failure, c.NotAfter = "the CA says no", c.NotAfter.Add(time.Hour)
		case "shop060.example.com":
			c.NotAfter = clock.Add(5 * 24 * time.Hour)
		case "shop050.example.com":
			c.NotAfter = time.Time{}
		case "shop010.example.com":
			c.NotAfter = c.NotAfter.Add(-time.Hour)
		}
	}
	got, err := pretend{status: s}.run(t, "status")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nshop050.example.com         0    0  under maintenance\nshop040.example.com         0    0  open; 5 in the waiting room\nshop000.example.com ",
		"\nshop050.example.com  acme     none yet  ok\nshop060.example.com  acme            5  ok\nshop040.example.com  acme           60  not renewed: the CA says no\n" +
			"shop010.example.com  acme           59  ok\nshop000.example.com  acme ",
		"... and 90 more: sluice status --all\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no\n%s\nin\n%s", want, got)
		}
	}
}

// "sluice status with 200 Pools is 927 lines".
func TestManyPoolsThatAreWellAreSummedUp(t *testing.T) {
	s := crowdedStatus(200)
	got, _ := pretend{status: s}.run(t, "status")
	if lines := strings.Count(got, "\n"); lines > 60 || strings.Contains(got, "Pool shop") ||
		!strings.Contains(got, "\n\nall 200 Pools are well: sluice status --pool NAME shows one, --all shows all\n\n") {
		t.Errorf("%d lines:\n%s", lines, got)
	}
	want := inTrouble(s)
	got, _ = pretend{status: s}.run(t, "status")
	if n := strings.Count(got, "\nPool shop"); n != len(want) || !strings.Contains(got, "\n\n192 other Pools are well: ") || strings.Count(got, "\n") > 120 {
		t.Errorf("%d Pools:\n%s", n, got)
	}
	if first, second := strings.Index(got, "Pool shop080"), strings.Index(got, "Pool shop020"); first < 0 || first > second {
		t.Error("a Pool without Upstreams stands below others")
	}
	if got, _ = (pretend{status: s}).run(t, "status", "--all"); strings.Count(got, "\nPool shop") != 200 || strings.Contains(got, " more") || strings.Count(got, "shop123") != 3 {
		t.Errorf("--all leaves something out:\n%s", got)
	}
	if got, _ = (pretend{status: s}).run(t, "status", "--pool", "shop123"); strings.Count(got, "Pool ") != 1 || strings.Contains(got, "Pools") {
		t.Errorf("--pool shows\n%s", got)
	}
	few := crowdedStatus(20)
	if got, _ = (pretend{status: few}).run(t, "status"); strings.Count(got, "\nPool shop") != 20 {
		t.Errorf("of 20 Pools some are left out:\n%s", got)
	}
	for i := range s.Pools { // a database that all of them need
		s.Pools[i].Available = 0
		s.Problems = append(s.Problems, server.Problem{Level: "error", Code: "pool_empty", Text: "No Upstream.", Remedy: "Start one."})
	}
	got, _ = pretend{status: s}.run(t, "status")
	if n := strings.Count(got, "\nPool shop"); n != 20 || !strings.Contains(got, "\n... and 180 more Pools: sluice status --all\n") ||
		strings.Count(got, "No Upstream.") != 18 || !strings.Contains(got, "\n... and 182 more problems: sluice status --all\n") || strings.Contains(got, "well") {
		t.Errorf("%d Pools:\n%s", n, got)
	}
}

// However many Problems and Pools there are, a window has room for the other
// tables, and shows the worst.
func TestManyProblemsLeaveRoomInAWindow(t *testing.T) {
	s := crowdedStatus(200)
	s.Failures = []server.FailureStatus{*failure()}
	for i := range s.Pools {
		s.Pools[i].Available = 0
		s.Problems = append(s.Problems, server.Problem{Level: "error", Code: "pool_empty", Text: "No Upstream.", Remedy: "Start one."})
	}
	arrange(s, nil)
	began := time.Now()
	got := printed(watch{}.fitting(s, nil, 120, 60), false)
	if took := time.Since(began); took > time.Second {
		t.Errorf("a frame took %v", took)
	}
	for _, want := range []string{"error: No Upstream.\n  do: Start one.\n", " more problems\n", "Pool shop000: ", " more Pools\n", "GET shop.example.com/order", "Sites", "Certificates", "Listeners"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if n := strings.Count(got, "\n"); n < 50 || n > 60 {
		t.Errorf("%d lines of 60:\n%s", n, got)
	}
	if strings.Contains(printed(watch{}.fitting(wellStatus(), nil, 120, 60), false), "more") {
		t.Error("something is left out of a window that has room")
	}
}

func TestFlagsOfStatusThatContradict(t *testing.T) {
	for _, args := range [][]string{{"--all", "--json"}, {"--all", "--pool", "app"}, {"--all", "--watch"}} {
		if got, err := (pretend{status: wellStatus()}).run(t, append([]string{"status"}, args...)...); err == nil || !strings.Contains(err.Error(), "none of the others can be") {
			t.Errorf("%q: %v, %s", args, err, got)
		}
	}
	got, err := pretend{status: wellStatus()}.run(t, "status", "--pool", "app")
	if err != nil || strings.HasSuffix(got, "\n\n") {
		t.Errorf("%v, %q", err, got)
	}
}
