package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// curl runs curl against the Site and returns what it said.
func (s *sluice) curl(t *testing.T, args ...string) result {
	t.Helper()
	path := program(t, "curl")
	_, port, err := net.SplitHostPort(s.https)
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"--silent", "--show-error", "--verbose", "--http1.1", "--noproxy", "*", "--max-time", "20",
		"--connect-to", host + ":443:127.0.0.1:" + port}, args...)
	r := command(t, "", path, args...)
	if r.status != 0 {
		t.Fatalf("curl %q: exit status %d\n%s", args, r.status, r.stderr)
	}
	return r
}

func TestCurl(t *testing.T) {
	t.Parallel()
	program(t, "curl")
	file := bytes.Repeat([]byte("0123456789abcdef"), 128<<10) // 2 MiB
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/file":
			w.Header().Set("ETag", `"v1"`)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file))
		case "/chunked":
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "coding %v, %d bytes", r.TransferEncoding, len(body))
		default:
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %d bytes expect=%q", r.Method, len(body), r.Header.Get("Expect"))
		}
	})
	s := start(t, setup{upstreams: []string{up.address}})
	upload := filepath.Join(s.dir, "upload")
	if err := os.WriteFile(upload, file, 0o600); err != nil {
		t.Fatal(err)
	}
	want := func(t *testing.T, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %.200q, want %.200q", got, want)
		}
	}

	t.Run("without a look at the certificate", func(t *testing.T) {
		want(t, s.curl(t, "-k", secure+"/").stdout, `GET 0 bytes expect=""`)
	})
	t.Run("with the CA", func(t *testing.T) {
		r := s.curl(t, "--cacert", s.id.caFile, secure+"/")
		want(t, r.stdout, `GET 0 bytes expect=""`)
		if !strings.Contains(r.stderr, "ALPN") || !strings.Contains(r.stderr, "http/1.1") {
			t.Errorf("no ALPN:\n%s", r.stderr)
		}
	})
	t.Run("POST", func(t *testing.T) {
		want(t, s.curl(t, "-k", "--data", "a=b", secure+"/").stdout, `POST 3 bytes expect=""`)
	})
	t.Run("HEAD", func(t *testing.T) {
		// "The server SHOULD send the same header fields in response to a
		// HEAD request as it would have sent if the request method had been
		// GET" (RFC 9110 section 9.3.2).
		head := s.curl(t, "-k", "--head", secure+"/file").stdout
		if !strings.Contains(head, "Content-Length: 2097152\r\n") || !strings.Contains(head, `ETag: "v1"`) && !strings.Contains(head, `Etag: "v1"`) {
			t.Errorf("head:\n%s", head)
		}
	})
	t.Run("Expect: 100-continue", func(t *testing.T) {
		// RFC 9110 section 10.1.1: a proxy that receives a 100-continue
		// expectation must answer with a final status or forward head and
		// expectation. Without a 100, curl would wait for 15 seconds.
		r := s.curl(t, "-k", "-H", "Expect: 100-continue", "--expect100-timeout", "15", "--max-time", "10",
			"--data-binary", "@"+upload, secure+"/")
		want(t, r.stdout, `POST 2097152 bytes expect="100-continue"`)
		if !strings.Contains(r.stderr, "< HTTP/1.1 100 Continue") {
			t.Errorf("no 100 Continue:\n%s", r.stderr)
		}
	})
	t.Run("chunked upload", func(t *testing.T) {
		want(t, s.curl(t, "-k", "-H", "Transfer-Encoding: chunked", "-H", "Expect:", "--data-binary", "@"+upload, secure+"/chunked").stdout,
			"coding [chunked], 2097152 bytes")
	})
	t.Run("range", func(t *testing.T) {
		r := s.curl(t, "-k", "--range", "16-31", secure+"/file")
		want(t, r.stdout, "0123456789abcdef")
		if !strings.Contains(r.stderr, "< HTTP/1.1 206 ") || !strings.Contains(r.stderr, "< Content-Range: bytes 16-31/2097152") {
			t.Errorf("no 206:\n%s", r.stderr)
		}
	})
	t.Run("resume", func(t *testing.T) {
		part := filepath.Join(s.dir, "part")
		if err := os.WriteFile(part, file[:1<<20+7], 0o600); err != nil {
			t.Fatal(err)
		}
		s.curl(t, "-k", "--continue-at", "-", "--output", part, secure+"/file")
		got, err := os.ReadFile(part)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, file) {
			t.Errorf("the resumed file has %d bytes that differ from the %d of the original", len(got), len(file))
		}
	})
}
