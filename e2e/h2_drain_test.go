package e2e

import (
	"syscall"
	"testing"

	"golang.org/x/net/http2"
)

// RFC 9113 section 6.8: a server that shuts down "SHOULD send an initial
// GOAWAY frame with the last stream identifier set to 2^31-1 and a NO_ERROR
// code", and what is under way is served.
func TestH2SIGTERMLetsStreamsFinish(t *testing.T) {
	t.Parallel()
	up, asked, release := thinker(t)
	s := start(t, setup{server: `drain_timeout = "20s"`, upstreams: []string{up.address}})
	idle, busy := s.dial2(t), s.dial2(t)
	idle.open(1, true, "GET", "/quick")
	if got := idle.body(1); got != "thought over" {
		t.Fatalf("got %q", got)
	}
	for id := uint32(1); id <= 5; id += 2 {
		busy.open(id, true, "GET", "/slow")
		receive(t, "the upstream is asked", asked)
	}
	s.signal(syscall.SIGTERM)
	goAway := func(last uint32) func(http2.Frame) bool {
		return func(f http2.Frame) bool {
			g, ok := f.(*http2.GoAwayFrame)
			return ok && g.LastStreamID == last && g.ErrCode == http2.ErrCodeNo
		}
	}
	idle.until("the idle one's farewell", goAway(1))
	if _, err := idle.ReadFrame(); err == nil {
		t.Error("the idle connection goes on")
	}
	busy.until("the first farewell", goAway(1<<31-1))
	busy.until("the last farewell", goAway(5))
	close(release)
	bodies := map[uint32]string{}
	busy.until("all answers", func(f http2.Frame) bool {
		if d, ok := f.(*http2.DataFrame); ok {
			bodies[d.StreamID] += string(d.Data())
		}
		return bodies[1] == "thought over" && bodies[3] == bodies[1] && bodies[5] == bodies[1]
	})
	if status := s.wait(patience); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
