package server

import (
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// "the first of each cause at once, then one line an interval with their
// number."
func TestNoiseIsToldOnceAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		n := newNoise(slog.New(slog.NewTextHandler(d, nil)))
		fail := func(cause string) {
			n.connection(netip.MustParseAddrPort("203.0.113.7:1"), "tls", cause, errors.New("why"))
		}
		lines := func() int { return strings.Count(d.String(), "\n") }
		for range 100 {
			fail("closed")
		}
		if lines() != 1 {
			t.Errorf("%d lines for one cause, want 1", lines())
		}
		fail("timeout")
		if lines() != 2 {
			t.Errorf("%d lines for two causes, want 2", lines())
		}
		time.Sleep(noiseInterval - time.Nanosecond)
		fail("closed")
		if lines() != 2 {
			t.Errorf("%d lines within the interval, want 2", lines())
		}
		time.Sleep(time.Nanosecond)
		fail("closed")
		if lines() != 3 || !d.has("more_since_last_line=100") {
			t.Errorf("after the interval:\n%s", d)
		}
		fail("closed")
		n.flush()
		if lines() != 4 || !d.has("more=1") {
			t.Errorf("at the end:\n%s", d)
		}
	})
}
