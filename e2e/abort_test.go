package e2e

import (
	"io"
	"net/http"
	"testing"
)

// "Client abort cancels the upstream attempt" (design.md section 6).
func TestClientAbortCancelsTheAttempt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, path, request string
		answers             bool // the upstream has begun to answer
	}{
		{"while the upstream thinks", "/thinks", "GET /thinks HTTP/1.1\r\nHost: " + host + "\r\n\r\n", false},
		{"after a request with a body", "/post", "POST /post HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 4\r\n\r\nbody", false},
		{"within the body", "/half", "POST /half HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 100\r\n\r\nhalf", false},
		{"within a stream", "/stream", "GET /stream HTTP/1.1\r\nHost: " + host + "\r\n\r\n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			asked, gone := make(chan struct{}, 2), make(chan struct{}, 2)
			up := script(t, func(c scripted) {
				if _, err := http.ReadRequest(c.r); err != nil {
					return
				}
				if tt.answers {
					c.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
				}
				asked <- struct{}{}
				c.gone()
				gone <- struct{}{}
			})
			s := start(t, setup{upstreams: []string{up}})
			for kind, dial := range map[string]func(*testing.T) *rawClient{"plain": s.dial, "TLS": s.dialTLS} {
				c := dial(t)
				c.send("%s", tt.request)
				receive(t, kind+": the upstream is asked", asked)
				if tt.answers {
					if _, err := io.ReadFull(c.head("GET").Body, make([]byte, 1)); err != nil {
						t.Fatal(err)
					}
				}
				c.conn.Close()
				receive(t, kind+": the attempt is cancelled", gone)
			}
			l := s.line(t, tt.path)
			if l.Who != "client" || l.Cause != "client_gone" || !tt.answers && l.Status != 499 {
				t.Errorf("the access log has %d %s %s, want 499 client client_gone", l.Status, l.Who, l.Cause)
			}
		})
	}
}
