package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// expecting is the head of a request that waits to be told to go on.
const expecting = "PUT / HTTP/1.1\r\n" + site + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"

// RFC 9110 section 10.1.1: an origin may answer with a final status instead of
// 100, and then the client may not send the body. What it sends next is not
// taken for that body.
func TestExpectationIsRefused(t *testing.T) {
	t.Parallel()
	up := script(t, func(c scripted) {
		if _, err := http.ReadRequest(c.r); err == nil {
			c.say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
			c.gone()
		}
	})
	s := start(t, setup{upstreams: []string{up}})
	c := s.dialTLS(t)
	c.send(expecting)
	if a := c.answer(); a.StatusCode != 401 || a.body != "no" || !a.Close {
		t.Errorf("%d %q, close %v", a.StatusCode, a.body, a.Close)
	}
	c.wantEnd()
}

// The body comes after the 100 and reaches the upstream once, also when the
// first upstream was dead.
func TestExpectationIsMet(t *testing.T) {
	t.Parallel()
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // Go sends 100 here
		w.Write(body)
	})
	s := start(t, setup{upstreams: []string{reserve(t), up.address}})
	for range 2 {
		c := s.dialTLS(t)
		c.send(expecting)
		if resp := c.head("PUT"); resp.StatusCode != 100 {
			t.Fatalf("status %d, want 100", resp.StatusCode)
		}
		c.send("hello")
		if a := c.answer(); a.StatusCode != 200 || a.body != "hello" || a.Close {
			t.Errorf("%d %q, close %v", a.StatusCode, a.body, a.Close)
		}
		c.get("/again") // the connection is in step
		if a := c.answer(); a.StatusCode != 200 {
			t.Errorf("status %d", a.StatusCode)
		}
	}
	if n := up.count(); n != 4 {
		t.Errorf("%d requests at the upstream, want 4", n)
	}
}

// With all upstreams dead, and with a misdirected request, the client is
// answered before it has sent the body.
func TestExpectationWithoutUpstream(t *testing.T) {
	t.Parallel()
	s := start(t, setup{upstreams: []string{reserve(t)}})
	c := s.dialTLS(t)
	c.send("%s", strings.Replace(expecting, "PUT / ", "PUT /x ", 1))
	if a := c.answer(); a.StatusCode < 502 || !a.Close {
		t.Errorf("%d, close %v", a.StatusCode, a.Close)
	}
	c.wantEnd()
}
