package e2e

import (
	"encoding/json"
	"testing"
	"time"
)

// roomState is what a waiting room says in JSON.
type roomState struct {
	State    string   `json:"state"`
	Place    int      `json:"place"`
	Estimate *float64 `json:"estimate_seconds"`
	After    int      `json:"poll_after_seconds"`
	Opens    string   `json:"opens"`
	Left     int      `json:"opens_in_seconds"`
	Text     string   `json:"text"`
}

// visitor is somebody in front of a waiting room, with a jar of the two
// cookies.
type visitor struct {
	t            *testing.T
	c            *crowd
	address      string
	pass, ticket string
}

// visitor makes one who has not been here yet.
func (c *crowd) visitor(t *testing.T, i int) *visitor {
	return &visitor{t: t, c: c, address: addressOf(i)}
}

// ask sends a GET with the jar, and keeps what the answer puts there.
func (v *visitor) ask(path string, fields ...string) got {
	if v.pass != "" {
		fields = append(fields, "Cookie: sluice_pass="+v.pass)
	}
	if v.ticket != "" {
		fields = append(fields, "Cookie: theme=dark; sluice_ticket="+v.ticket)
	}
	g := v.c.ask(v.address, path, fields...)
	if g.err != nil {
		v.t.Errorf("a visitor has no answer: %v", g.err)
	}
	if pass := g.cookie("sluice_pass"); pass != "" {
		v.pass = pass
	}
	if ticket := g.cookie("sluice_ticket"); ticket != "" {
		v.ticket = ticket
	}
	return g
}

// comes opens the page, and reports whether the visitor is in.
func (v *visitor) comes() bool {
	g := v.ask("/", "Accept: application/json")
	if g.status != 200 && g.status != 503 {
		v.t.Errorf("a visitor gets status %d", g.status)
	}
	return g.ok()
}

// polls asks as the page does.
func (v *visitor) polls() (state roomState) {
	g := v.ask("/", "Accept: application/json", "Sluice-Room: poll")
	if err := json.Unmarshal([]byte(g.body), &state); err != nil || g.status != 200 {
		v.t.Errorf("a poll: status %d, %q, %v", g.status, g.body, err)
	}
	return state
}

// isIn reports whether the visitor is served.
func (v *visitor) isIn() bool { return v.ask("/").ok() }

// waits polls until it is the visitor's turn, which must be within the time.
func (v *visitor) waits(within time.Duration) {
	v.t.Helper()
	eventually(v.t, within, "it is the visitor's turn", func() bool { return v.polls().State == "entered" })
}

// room starts a Sluice with a waiting room, before an upstream that answers at
// once. More is what stands below the room.
func room(t *testing.T, keys, more string) (*sluice, *crowd) {
	t.Helper()
	return roomOn(t, t.TempDir(), keys, more)
}

// roomOn is room with a state_dir.
func roomOn(t *testing.T, state, keys, more string) (*sluice, *crowd) {
	t.Helper()
	s := start(t, setup{server: withAdmin + trustUs + "state_dir = \"" + state + "\"",
		upstreams: []string{serve(t, nil).address}, site: "[site.waiting_room]\n" + keys + "\n" + more})
	return s, newCrowd(t, s)
}

// line puts so many into the line, who stay there, and takes what may enter at
// once before.
func (c *crowd) line(t *testing.T, n int) (all []*visitor) {
	t.Helper()
	for i := 0; len(all) < n; i++ {
		if v := c.visitor(t, 50_000+i); !v.comes() {
			all = append(all, v)
		} else if i > 10*n+1000 {
			t.Fatal("nobody has to wait")
		}
	}
	return all
}
