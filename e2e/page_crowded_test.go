package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/server"
)

// crowded is the status of so many Sites with a Pool and a certificate each, told
// in no order.
func crowded(n int) server.Status {
	s := calm()
	s.Pools, s.Sites, s.Certificates = nil, nil, nil
	end := time.Now().Add(60 * 24 * time.Hour)
	for i := range n {
		name := fmt.Sprintf("shop%03d", (i*77+5)%n)
		s.Pools = append(s.Pools, server.PoolStatus{Name: name, Available: 2, Upstreams: []server.UpstreamStatus{upstreamIn("10.0.0.2:3001"), upstreamIn("10.0.0.2:3002")}})
		s.Sites = append(s.Sites, server.SiteStatus{Name: name + ".example.com", TLS: true, Requests: uint64(i)})
		s.Certificates = append(s.Certificates, server.CertificateStatus{Names: []string{name + ".example.com"}, Issuer: "R11", NotAfter: end})
	}
	return s
}

// crowdedAndTroubled has some Pools in troubles of all kinds, the names of which
// it returns in the order in which they are to be shown.
func crowdedAndTroubled(n int) (server.Status, []string) {
	s := crowded(n)
	for i := range s.Pools {
		switch p := &s.Pools[i]; p.Name {
		case "shop070":
			p.Available, p.Upstreams[0].State, p.Upstreams[0].Why = 1, "out", "nobody listens there (connect: connection refused)"
		case "shop060":
			p.Shedding = true
		case "shop050":
			p.Queued = 3
		case "shop030":
			p.Upstreams[1].State = "trial"
		case "shop020":
			p.Available, p.Upstreams[1].Draining = 1, true
		case "shop090":
			p.Available = 0
		case "shop080":
			p.Available, p.FailsOpen = 0, true
		}
	}
	for i := range s.Sites {
		if s.Sites[i].Name == "shop050.example.com" {
			s.Sites[i].Maintenance = &server.MaintenanceStatus{Site: s.Sites[i].Name}
		}
	}
	for i := range s.Certificates {
		switch c := &s.Certificates[i]; c.Names[0] {
		case "shop040.example.com":
			c.Failure, c.NotAfter = "the CA says no", c.NotAfter.Add(time.Hour)
		case "shop060.example.com":
			c.NotAfter = time.Now().Add(5 * 24 * time.Hour)
		}
	}
	s.Problems = []server.Problem{{Level: "warn", Code: "unheard_of", Params: map[string]string{"pool": "shop040"}, Text: "Look at shop040."}}
	return s, strings.Fields("shop080 shop090 shop020 shop030 shop040 shop050 shop060 shop070")
}

// With 200 Pools those in trouble come first, and the page does not get longer
// than one wants to scroll.
func TestPageShowsWhatIsInTroubleFirst(t *testing.T) {
	t.Parallel()
	check, err := os.ReadFile("testdata/accessible.js")
	if err != nil {
		t.Fatal(err)
	}
	b := openTab(t, "en-US")
	g := newStage(t)
	g.change(func(g *stage) { g.status = crowded(200) })
	b.open(g.url)
	b.says(2*patience, "#pools-well", "All 200 Pools are well.")
	names := func() (all []string) {
		b.run("[...document.querySelectorAll('#pools h3')].map(e => e.textContent)", &all)
		return all
	}
	if got := names(); len(got) > 0 {
		t.Errorf("Pools that are well are shown: %q", got)
	}

	status, want := crowdedAndTroubled(200)
	g.change(func(g *stage) { g.status = status })
	b.says(patience, "#pools-well", "192 other Pools are well.")
	if got := names(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	first := func(where string, n int) (all []string) {
		b.run(fmt.Sprintf("[...document.querySelectorAll('#%s tbody .who > span')].map(e => e.textContent.slice(0, 7)).slice(0, %d)", where, n), &all)
		return all
	}
	if got := first("sites", 3); !slices.Equal(got, []string{"shop050", "shop000", "shop001"}) {
		t.Errorf("Sites: %q", got)
	}
	if got := first("certificates", 3); !slices.Equal(got, []string{"shop060", "shop040", "shop000"}) {
		t.Errorf("certificates: %q", got)
	}
	if got := len(first("sites", 1000)); got != 20 {
		t.Errorf("%d Sites are shown at first", got)
	}

	// A queue that has gone moves nothing for a while.
	g.change(func(g *stage) {
		i := slices.IndexFunc(g.status.Pools, func(p server.PoolStatus) bool { return p.Name == "shop050" })
		g.status.Pools[i].Queued = 0
		g.status.Version = "1.0.1"
	})
	b.says(patience, "#version", "1.0.1")
	if got := names(); !slices.Equal(got, want) {
		t.Errorf("without a queue: %q", got)
	}

	b.run("document.querySelector('#pools-more').click(); document.querySelector('#sites .more').click()", nil)
	if got := names(); len(got) != 200 || !slices.Equal(got[:len(want)], want) || !slices.IsSorted(got[len(want):]) {
		t.Errorf("all Pools: %q", got)
	}
	if got := len(first("sites", 1000)); got != 200 {
		t.Errorf("%d Sites are shown of 200", got)
	}
	var wrong []string
	b.run(string(check), &wrong)
	for _, w := range wrong {
		t.Error(w)
	}
	b.run("document.querySelector('#language').click(); document.querySelector('#pools-more').click()", nil)
	b.says(patience, "#pools-well", "其余 192 个上游池正常。")
	if errors := b.errors(); len(errors) > 0 {
		t.Errorf("errors of the page: %q", errors)
	}
}
