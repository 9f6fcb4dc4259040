package server

import (
	"bytes"
	"testing"
)

// performance.md: "Nothing allocated per request in the steady state", whether a
// copy answers or one is kept while all is well.
func TestCopiesAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget at random")
	}
	anonymous := bytes.Replace(browserRequest, []byte("Cookie: session=0123456789abcdef; theme=dark\r\n"), nil, 1)
	for name, more := range map[string]string{
		"a fresh copy answers":     "[[site.route]]\npath = \"/\"\ncache = { ttl = \"1h\" }",
		"a last good copy is kept": "",
	} {
		t.Run(name, func(t *testing.T) {
			exchange := exchanges(t, dialServerWith(t, fixedUpstream(t), more, false), anonymous)
			if n := testing.AllocsPerRun(2000, exchange); n != 0 {
				t.Errorf("%v allocations per exchange, want none", n)
			}
		})
	}
}
