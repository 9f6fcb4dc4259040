package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sluice/server"
)

// adminConfig writes a configuration whose server.admin is at an address.
func adminConfig(t *testing.T, address string) (file string) {
	t.Helper()
	return write(t, fmt.Sprintf("[server]\nadmin = %q\n[[site]]\nhosts = [\"shop.test\"]\ntls = \"self-signed\"\nupstream = \"127.0.0.1:8080\"\n", address))
}

// "Exit status: 0 all is well, or there are warnings only; 1 Sluice could not be
// asked; 2 there are problems of level error" (sluice status --help).
func TestStatusTellsByItsExitStatus(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		problems []server.Problem
		status   int
		first    string
	}{
		{nil, 0, "all is well\n"},
		{[]server.Problem{{Level: "warn", Text: "The disk is filling up."}}, 0, "warn: The disk is filling up.\n"},
		{[]server.Problem{{Level: "error", Text: "Pool app is down.", Remedy: "Start it."}}, 2, "error: Pool app is down.\n  do: Start it.\n"},
	} {
		admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			json.NewEncoder(w).Encode(server.Status{Version: "1", Time: time.Now(), Problems: tt.problems})
		}))
		defer admin.Close()
		file := adminConfig(t, admin.Listener.Addr().String())
		r := command(t, "", built, "status", "--config", file)
		if r.status != tt.status || !strings.HasPrefix(r.stdout, tt.first) || r.stderr != "" {
			t.Errorf("%v: exit status %d, stdout %q, stderr %q", tt.problems, r.status, r.stdout, r.stderr)
		}
		if r := command(t, "", built, "status", "--json", "--config", file); r.status != tt.status || !json.Valid([]byte(r.stdout)) {
			t.Errorf("%v, --json: exit status %d, stdout %q", tt.problems, r.status, r.stdout)
		}
	}
	gone := httptest.NewServer(nil)
	file := adminConfig(t, gone.Listener.Addr().String())
	gone.Close()
	for _, args := range [][]string{{"status"}, {"status", "--json"}, {"status", "--watch"}, {"why"}, {"why", "hj6hhcqft3s2p6tcfag8"}} {
		if r := command(t, "", built, append(args, "--config", file)...); r.status != 1 || r.stdout != "" || !strings.Contains(r.stderr, "sluice does not answer") {
			t.Errorf("%v of none: exit status %d, stdout %q, stderr %q", args, r.status, r.stdout, r.stderr)
		}
	}
}
