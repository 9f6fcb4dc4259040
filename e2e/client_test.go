package e2e

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// The URLs of a setup's Site. The clients know where they lead.
const (
	secure = "https://" + host
	plain  = "http://" + host
)

// client returns Go's HTTP client. Whatever the host, it connects to this
// Sluice: to the plain Listener for http, to the other for https.
func (s *sluice) client() *http.Client {
	s.t.Helper()
	return s.clientBy(s.tls())
}

// clientBy is client with a way of one's own to speak TLS.
func (s *sluice) clientBy(c *tls.Config) *http.Client {
	s.t.Helper()
	transport := &http.Transport{
		TLSClientConfig:    c,
		DisableCompression: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			to := s.https
			if strings.HasSuffix(address, ":80") {
				to = s.http
			}
			var d net.Dialer
			return d.DialContext(ctx, network, to)
		},
	}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport: transport, Timeout: 3 * patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is a response, read to its end.
type answer struct {
	*http.Response
	body string
}

// do sends a request and reads the whole answer.
func do(t *testing.T, c *http.Client, r *http.Request) answer {
	t.Helper()
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %d, body: %v", r.Method, r.URL, resp.StatusCode, err)
	}
	return answer{resp, string(body)}
}

// get sends a GET, with field lines such as "Accept: text/html".
func get(t *testing.T, c *http.Client, url string, fields ...string) answer {
	t.Helper()
	return do(t, c, request(t, "GET", url, nil, fields...))
}

// request makes a request. Field names are sent as they are spelt here.
func request(t *testing.T, method, url string, body io.Reader, fields ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header[name] = append(r.Header[name], value)
	}
	return r
}
