package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// write writes a file into a folder of its own.
func write(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "sluice.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// "Each is one line: file, line, key, what is wrong, and what to do. All are
// reported at once, sorted by line" (docs/configuration.md).
func TestCheckTellsAllErrors(t *testing.T) {
	t.Parallel()
	file := write(t, `[server]
header_timeout = "10 parsec"
trusted_proxies = ["10.0.0.1/8"]

[[site]]
hots = ["shop.example.com"]
upstream = "ap"
tls = "off"

[site.degraded]
redirect = false

[upstream.app]
servers = ["10.0.0.2:3100-3001"]
`)
	for _, args := range [][]string{{"check"}, {"run"}} {
		r := command(t, "", built, append(args, "--config", file)...)
		if r.status != 1 || r.stdout != "" {
			t.Errorf("%s: exit status %d, stdout %q", args[0], r.status, r.stdout)
		}
		rest := r.stderr
		for _, want := range []string{":2: server.header_timeout: ", ":3: server.trusted_proxies: ", `:6: site.hots: unknown key; did you mean "hosts"?`,
			`:7: site.upstream: `, ":11: site.degraded.redirect: ", ":14: upstream.app.servers: "} {
			_, after, found := strings.Cut(rest, file+want)
			if !found {
				t.Errorf("%s: no %q, or not in this order, in\n%s", args[0], want, r.stderr)
				continue
			}
			rest = after
		}
	}
}

func TestCheckOfAGoodFile(t *testing.T) {
	t.Parallel()
	file := write(t, "[[site]]\nhosts = [\"shop.test\"]\ntls = \"self-signed\"\nupstream = \"127.0.0.1:8080\"\n")
	if r := command(t, "", built, "check", "--config", file); r.status != 0 || r.stdout != file+": ok\n" {
		t.Errorf("exit status %d, stdout %q, stderr %q", r.status, r.stdout, r.stderr)
	}
	if r := command(t, "", built, "check", "--config", file+".not"); r.status != 1 || !strings.Contains(r.stderr, file+".not") {
		t.Errorf("a missing file: exit status %d, stderr %q", r.status, r.stderr)
	}
}

// "Users get what and what to do as two lines" (habits, section 4).
func TestRunOnAnOccupiedPort(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	file := write(t, fmt.Sprintf("[server]\nhttp = %q\nhttps = \"127.0.0.1:0\"\nadmin = \"\"\n[[site]]\nhosts = [\"shop.test\"]\ntls = \"self-signed\"\nupstream = \"127.0.0.1:8080\"\n", address))
	r := command(t, "", built, "run", "--config", file)
	_, port, _ := net.SplitHostPort(address)
	for _, want := range []string{"server.http: listen on " + address, "address already in use", "another program has port " + port} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("no %q in %q", want, r.stderr)
		}
	}
	if r.status != 1 {
		t.Errorf("exit status %d, want 1", r.status)
	}
}

// "See it work in a minute: sluice demo" (sluice --help).
func TestDemo(t *testing.T) {
	t.Parallel()
	s := launch(t, t.TempDir(), "demo", "--https", "127.0.0.1:0", "--http", "127.0.0.1:0")
	eventually(t, patience, "the banner", func() bool { return s.stdout.has("https://" + s.https + "/") })
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // as curl -k
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport, Timeout: patience}
	names := map[string]bool{}
	for range 3 {
		a := get(t, c, "https://"+s.https+"/who")
		if a.StatusCode != 200 {
			t.Fatalf("status %d", a.StatusCode)
		}
		names[a.body] = true
	}
	if len(names) != 3 {
		t.Errorf("who answered: %v, want three different ones", names)
	}

	control := regexp.MustCompile(`Control +(http://\S+)/ `).FindStringSubmatch(s.stdout.text())
	if control == nil {
		t.Fatalf("the banner names no control:\n%s", s.stdout.text())
	}
	for _, name := range []string{"one", "two", "three"} {
		resp, err := c.Post(control[1]+"/samples/"+name+"/die", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	page := regexp.MustCompile(`Page +(http://\S+/) `).FindStringSubmatch(s.stdout.text())
	if page == nil {
		t.Fatalf("the banner names no page:\n%s", s.stdout.text())
	}
	if a := get(t, &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}, page[1]); a.StatusCode != 200 || !strings.Contains(a.body, "<title>Sluice</title>") {
		t.Errorf("the page: %d", a.StatusCode)
	}
	eventually(t, patience, "a degraded answer", func() bool { return get(t, c, "https://"+s.https+"/").StatusCode == 503 })
	s.signal(syscall.SIGINT)
	began := time.Now()
	if status := s.wait(stopGrace); status != 0 {
		t.Errorf("exit status %d after SIGINT, want 0", status)
	}
	t.Logf("ended %v after SIGINT", time.Since(began).Round(time.Millisecond))
}
