package e2e

import (
	"net"
	"strings"
	"testing"
)

// "`sluice why ID` tells the story of a failed Exchange from a ring in memory", and
// status says what is wrong: of real requests, by the real program.
func TestWhyARequestFailed(t *testing.T) {
	t.Parallel()
	mute, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	dead := reserve(t)
	r := newReloading(t, setup{upstreams: []string{dead, mute.Addr().String()}, site: "last_good = false\n",
		pool: "response_timeout = \"100ms\"\n"})
	types := func(words ...string) result {
		return command(t, "", built, append(words, "--config", r.file)...)
	}
	var id string
	eventually(t, patience, "a request meets both upstreams", func() bool {
		a := get(t, r.client(), secure+"/cart?secret=hush")
		id = a.Header.Get("Request-Id")
		return a.StatusCode >= 502 && strings.Contains(types("why", id).stdout, dead)
	})
	why := types("why", id)
	told := strings.Join(strings.Fields(why.stdout), " ") // however the lines are broken
	for _, want := range []string{"GET " + host + "/cart", "nobody listens there", "no answer within response_timeout", dead, mute.Addr().String(), " do: "} {
		if !strings.Contains(told, want) {
			t.Errorf("no %q in\n%s", want, why.stdout)
		}
	}
	if all := why.stdout + why.stderr + types("why").stdout + types("status", "--json").stdout; strings.Contains(all, "hush") {
		t.Error("the query is shown")
	}
	if got := types("why", "nobody-s-id"); got.status != 1 || got.stderr == "" {
		t.Errorf("an unknown ID: status %d, %s%s", got.status, got.stdout, got.stderr)
	}
	if got := types("status"); !strings.Contains(got.stdout, "are out") && !strings.Contains(got.stdout, "be reached") {
		t.Errorf("status %d:\n%s", got.status, got.stdout)
	}
}
