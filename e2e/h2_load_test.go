package e2e

import (
	"net"
	"strings"
	"testing"
)

// h2load loads the Site and wants every request answered well.
func (s *sluice) h2load(t *testing.T, path string, args ...string) {
	t.Helper()
	tool := program(t, "h2load")
	_, port, _ := net.SplitHostPort(s.https)
	args = append(args, "https://127.0.0.1:"+port+path)
	r := command(t, "", tool, args...)
	if r.status != 0 || !strings.Contains(r.stdout, "Application protocol: h2") ||
		!strings.Contains(r.stdout, " 0 failed, 0 errored, 0 timeout") || !strings.Contains(r.stdout, " 0 3xx, 0 4xx, 0 5xx") {
		t.Errorf("h2load %q: exit status %d\n%s%s", args, r.status, r.stdout, r.stderr)
	}
}

func TestH2Load(t *testing.T) {
	t.Parallel()
	program(t, "h2load")
	var ups []string
	large := strings.Repeat("0123456789abcdef", 64<<10) // 1 MiB
	for range 3 {
		up := serve(t, answerWith("small", large))
		ups = append(ups, up.address)
	}
	s := start(t, setup{upstreams: ups})
	for _, shape := range [][]string{{"-c1", "-m1", "-n500"}, {"-c16", "-m32", "-n20000"}, {"-c4", "-m100", "-n8000"}} {
		s.h2load(t, "/", shape...)
	}
	// Windows of 16 KiB: each large answer needs 64 turns of them.
	s.h2load(t, "/large", "-c4", "-m8", "-n200", "-w14", "-W14")
	s.h2load(t, "/large", "-c4", "-m8", "-n200", "-w30", "-W30")
}
