package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startNginx runs nginx as a file server and returns its address.
func startNginx(t *testing.T, root string) string {
	t.Helper()
	path := program(t, "nginx")
	address := reserve(t)
	dir := t.TempDir()
	user := ""
	if os.Getuid() == 0 {
		user = "user root;"
	}
	config := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr; %[2]s
events { worker_connections 64; }
http {
  access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f;
  uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  types { text/plain txt; }
  gzip on; gzip_proxied any; gzip_min_length 1; gzip_types text/plain;
  server { listen %[3]s; root %[4]s; add_header X-Requests $connection_requests; }
}
`, dir, user, address, root)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-p", dir, "-e", "stderr", "-c", file)
	stderr := new(output)
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(patience, func() { cmd.Process.Kill() })
		defer kill.Stop()
		cmd.Wait()
		if t.Failed() {
			t.Logf("nginx: %s", stderr.text())
		}
	})
	eventually(t, patience, "nginx listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return address
}

func TestNginxBehind(t *testing.T) {
	t.Parallel()
	program(t, "nginx")
	root := t.TempDir()
	content := bytes.Repeat([]byte("sluice before nginx\n"), 20<<10)
	if err := os.WriteFile(filepath.Join(root, "a.txt"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	s := start(t, setup{upstreams: []string{startNginx(t, root)}})
	c := s.client()

	t.Run("static file", func(t *testing.T) {
		a := get(t, c, secure+"/a.txt")
		if a.StatusCode != 200 || a.body != string(content) || a.ContentLength != int64(len(content)) {
			t.Errorf("%d, %d of %d bytes, Content-Length %d", a.StatusCode, len(a.body), len(content), a.ContentLength)
		}
		again := get(t, c, secure+"/a.txt", "If-None-Match: "+a.Header.Get("Etag"))
		if again.StatusCode != 304 || again.body != "" {
			t.Errorf("conditional request: %d", again.StatusCode)
		}
	})
	t.Run("gzip, chunked", func(t *testing.T) {
		a := get(t, c, secure+"/a.txt", "Accept-Encoding: gzip")
		if a.Header.Get("Content-Encoding") != "gzip" || len(a.TransferEncoding) != 1 || a.TransferEncoding[0] != "chunked" {
			t.Fatalf("Content-Encoding %q, transfer coding %q", a.Header.Get("Content-Encoding"), a.TransferEncoding)
		}
		z, err := gzip.NewReader(strings.NewReader(a.body))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d of %d bytes, error %v", len(got), len(content), err)
		}
	})
	t.Run("keep-alive", func(t *testing.T) {
		last := 0
		for range 5 {
			n, err := strconv.Atoi(get(t, c, secure+"/a.txt").Header.Get("X-Requests"))
			if err != nil || n <= last {
				t.Fatalf("requests on nginx's connection: %d after %d, error %v", n, last, err)
			}
			last = n
		}
	})
	t.Run("missing file", func(t *testing.T) {
		if a := get(t, c, secure+"/b.txt"); a.StatusCode != 404 || a.Header.Get("Proxy-Status") != "" {
			t.Errorf("%d, Proxy-Status %q", a.StatusCode, a.Header.Get("Proxy-Status"))
		}
	})
}
