package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// answerWith answers with large at /large and with small elsewhere.
func answerWith(small, large string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body := small
		if r.URL.Path == "/large" {
			body = large
		}
		w.Write([]byte(body))
	}
}

func TestH2Curl(t *testing.T) {
	t.Parallel()
	if r := command(t, "", program(t, "curl"), "--version"); !strings.Contains(r.stdout, "HTTP2") {
		t.Skip("skipped: this curl has no HTTP/2")
	}
	large := strings.Repeat("0123456789abcdef", 1<<20) // 16 MiB
	up := serve(t, answerWith("small", large))
	s := start(t, setup{upstreams: []string{up.address}})
	const form = "%{http_version} %{response_code} %{size_download}"
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"get", []string{"--http2", secure + "/"}, "small2 200 5"},
		{"head", []string{"--http2", "--head", "-o", "/dev/null", secure + "/"}, "2 200 0"},
		{"post", []string{"--http2", "-d", "a=b", secure + "/"}, "small2 200 5"},
		{"large", []string{"--http2", "-o", "/dev/null", secure + "/large"}, "2 200 16777216"},
		{"older", []string{"--http1.1", secure + "/"}, "small1.1 200 5"},
	} {
		args := append([]string{"--cacert", s.id.caFile, "-w", form}, tt.args...)
		if r := s.curl(t, args...); r.stdout != tt.want {
			t.Errorf("%s: got %.100q, want %q", tt.name, r.stdout, tt.want)
		}
	}
}
