package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
)

// RFC 9112 section 9.3: connections persist unless somebody says otherwise.
func TestGoClientKeepsItsConnection(t *testing.T) {
	t.Parallel()
	s := start(t, setup{upstreams: []string{serve(t, nil).address}})
	c := s.client()
	for i := range 5 {
		reused := false
		trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused }}
		r := request(t, "GET", secure+"/", nil)
		a := do(t, c, r.WithContext(httptrace.WithClientTrace(t.Context(), trace)))
		if a.StatusCode != 200 || a.body != "ok" {
			t.Fatalf("%d %q", a.StatusCode, a.body)
		}
		if reused != (i > 0) {
			t.Errorf("request %d: connection reused: %v", i+1, reused)
		}
	}
	l := s.line(t, "/")
	if l.TLS != "1.3" || l.ALPN != "http/1.1" || l.SNI != host {
		t.Errorf("the access log has tls %q, alpn %q, sni %q", l.TLS, l.ALPN, l.SNI)
	}
}

// "Expect: 100-continue, 1xx, trailers, HEAD/204/304 are right" (design.md
// section 6).
func TestTrailersPassBothWays(t *testing.T) {
	t.Parallel()
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Trailer", "X-Sum")
		fmt.Fprintf(w, "body %q, trailer %q", body, r.Trailer.Get("X-Check"))
		w.Header().Set("X-Sum", "down")
	})
	s := start(t, setup{upstreams: []string{up.address}})
	r := request(t, "POST", secure+"/", io.MultiReader(strings.NewReader("hello")), "TE: trailers")
	r.Trailer = http.Header{"X-Check": {"up"}}
	a := do(t, s.client(), r)
	if a.body != `body "hello", trailer "up"` {
		t.Errorf("upstream saw %s", a.body)
	}
	if got := a.Trailer.Get("X-Sum"); got != "down" {
		t.Errorf("trailer X-Sum of the response is %q", got)
	}
}

// "A proxy MUST forward 1xx responses unless the proxy itself requested the
// generation of the 1xx response" (RFC 9110 section 15.2).
func TestEarlyHintsPass(t *testing.T) {
	t.Parallel()
	hinted := make(chan struct{})
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(103)
		select { // the final response waits until the hint has arrived
		case <-hinted:
		case <-r.Context().Done():
		}
		io.WriteString(w, "ok")
	})
	s := start(t, setup{upstreams: []string{up.address}})
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		if code != 103 || h.Get("Link") != "</a.css>; rel=preload" {
			t.Errorf("interim response %d %v", code, h)
		}
		close(hinted)
		return nil
	}}
	r := request(t, "GET", secure+"/", nil)
	if a := do(t, s.client(), r.WithContext(httptrace.WithClientTrace(t.Context(), trace))); a.StatusCode != 200 {
		t.Errorf("status %d", a.StatusCode)
	}
}

// RFC 9112 section 6.3: a response to HEAD, and one with 204 or 304, ends with
// the first empty line, whatever its fields say.
func TestResponsesWithoutBody(t *testing.T) {
	t.Parallel()
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(204)
		case "/304":
			w.Header().Set("ETag", `"x"`)
			w.WriteHeader(304)
		default:
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "12345")
		}
	})
	s := start(t, setup{upstreams: []string{up.address}})
	c := s.dialTLS(t)
	for _, tt := range []struct {
		method, path string
		status       int
		length       int64
	}{
		{"GET", "/204", 204, 0},
		{"GET", "/304", 304, 0},
		{"HEAD", "/", 200, 5},
		{"GET", "/", 200, 5}, // and the connection is still in step
	} {
		c.send("%s %s HTTP/1.1\r\nHost: %s\r\n\r\n", tt.method, tt.path, host)
		resp := c.head(tt.method)
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != tt.status || max(resp.ContentLength, 0) != tt.length {
			t.Errorf("%s %s: %d, length %d, body %q, error %v", tt.method, tt.path, resp.StatusCode, resp.ContentLength, body, err)
		}
	}
}
