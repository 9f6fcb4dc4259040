package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/server"
)

// look reads what the admin server shows as JSON.
func look(t *testing.T, admin, path string, into any) (status int) {
	t.Helper()
	a := get(t, http.DefaultClient, "http://"+admin+path)
	if err := json.Unmarshal([]byte(a.body), into); err != nil {
		t.Fatalf("%s: %d, %v: %s", path, a.StatusCode, err, a.body)
	}
	return a.StatusCode
}

// "Kill an upstream under load: /status shows it out with why within 1 s, event
// upstream_out, a failure with story found by its Request-Id."
func TestTheStatusShowsAnUpstreamThatDies(t *testing.T) {
	t.Parallel()
	admin := reserve(t)
	first, second := startProcess(t, reserve(t)), startProcess(t, reserve(t))
	s := start(t, setup{
		server:    fmt.Sprintf("admin = %q\nstate_dir = \"\"\n", admin),
		upstreams: []string{first.address, second.address},
	})
	l := startLoad(t, s, 4, 0, 5*time.Millisecond)
	var status server.Status
	eventually(t, patience, "the load is seen", func() bool {
		look(t, admin, "/status", &status)
		return status.Now.Requests > 20 && status.Pools[0].Available == 2
	})
	first.kill()
	dead := func() bool {
		status = server.Status{}
		look(t, admin, "/status?seconds=300", &status)
		u := status.Pools[0].Upstreams[0]
		return u.State == "out" && u.Why != "" && !u.Until.IsZero()
	}
	eventually(t, 2*time.Second, "the status shows it out", dead) // half of that is for a busy machine
	if n := len(status.Problems); n != 1 || status.Problems[0].Code != "upstreams_out" || status.Problems[0].Params["pool"] != "app" {
		t.Errorf("problems: %+v", status.Problems)
	}
	if !slices.ContainsFunc(status.Events, func(e server.Event) bool {
		return e.Code == "upstream_out" && e.Params["upstream"] == first.address && e.Params["why"] != ""
	}) {
		t.Errorf("events: %+v", status.Events)
	}
	l.end()
	second.kill()
	get(t, s.client(), plain+"/no/copy/of/this?secret", "Request-Id: the-lost-one")
	var lost server.FailureStatus
	eventually(t, patience, "the failure is found", func() bool { return look(t, admin, "/failures?id=the-lost-one", &lost) == 200 })
	story := strings.Join(lost.Sentences, "\n")
	if lost.Path != "/no/copy/of/this" || lost.Who != "upstream" || lost.Remedy == "" ||
		!strings.Contains(story, "asked for GET shop.test/no/copy/of/this.") || !strings.Contains(story, "The client got the degraded answer") {
		t.Errorf("%+v", lost)
	}
	eventually(t, patience, "the pool is empty", func() bool {
		look(t, admin, "/status", &status)
		return len(status.Problems) > 0 && status.Problems[0].Code == "pool_empty"
	})
	first.start()
	eventually(t, patience, "it is back", func() bool {
		var events []server.Event
		look(t, admin, "/events", &events)
		return slices.ContainsFunc(events, func(e server.Event) bool {
			return e.Code == "upstream_back" && e.Params["upstream"] == first.address
		})
	})
}

// "Drain by API: no new requests go there, none fail."
func TestAnUpstreamIsDrainedUnderLoad(t *testing.T) {
	t.Parallel()
	first, second := serve(t, nil), serve(t, nil)
	s := start(t, setup{
		server:    fmt.Sprintf("admin = %q\nstate_dir = \"\"\n", reserve(t)),
		upstreams: []string{first.address, second.address},
	})
	l := startLoad(t, s, 4, 2, 2*time.Millisecond)
	eventually(t, patience, "both serve", func() bool { return first.count() > 20 && second.count() > 20 })
	types := func(words ...string) result {
		return command(t, "", built, append(append([]string{"upstream"}, words...), "--config", filepath.Join(s.dir, "sluice.toml"))...)
	}
	if r := types("drain", "app", first.address); r.status != 0 || !strings.Contains(r.stdout, "drained") {
		t.Fatalf("drain: %+v", r)
	}
	// Those that were picked for it just before may still be on their way.
	drained, others := first.count(), second.count()
	eventually(t, patience, "the other serves alone", func() bool { return second.count() > others+200 })
	if more := first.count() - drained; more > 6 { // one for each client at most
		t.Errorf("%d requests went to the one that is drained", more)
	}
	if r := types("drain", "app", second.address); r.status != 1 || !strings.Contains(r.stderr, "--force") {
		t.Errorf("drain of the last one: %+v", r)
	}
	if r := types("drain", "app", "10.0.0.1:1"); r.status != 1 || !strings.Contains(r.stderr, first.address+", "+second.address) {
		t.Errorf("drain of one that is not there: %+v", r)
	}
	if r := types("undrain", "app", first.address); r.status != 0 {
		t.Errorf("undrain: %+v", r)
	}
	drained = first.count()
	eventually(t, patience, "it serves again", func() bool { return first.count() > drained+20 })
	if r := types("weight", "app", first.address, "5"); r.status != 0 || !strings.Contains(r.stdout, "weight 5") {
		t.Errorf("weight: %+v", r)
	}
	l.end()
	if len(l.failed) > 0 || l.refused > 0 {
		t.Errorf("%d requests failed: %v", len(l.failed)+l.refused, l.failed)
	}
}
