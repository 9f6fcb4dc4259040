package cachesuite

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// madeUp opens the suite in testdata, which has the layout of the release
// 0.4.5, and skips the test where nothing can run it.
func madeUp(t *testing.T) *Suite {
	t.Helper()
	s, err := Open("testdata/suite")
	if errors.Is(err, ErrNoNode) {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSuiteIsRunAndJudged(t *testing.T) {
	s := madeUp(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := s.Catalogue(ctx)
	if err != nil {
		t.Fatal(err)
	}
	o, err := s.StartOrigin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Stop()
	base := fmt.Sprintf("http://127.0.0.1:%d", o.Port)
	found, err := s.Run(ctx, base)
	if err != nil {
		t.Fatal(err)
	}
	want := Count{Required: Score{1, 1}, Optimal: Score{1, 1}, Yes: 1}
	if got := c.Count(c.Judge(found)); got != want || s.Version != "1.2.3" {
		t.Errorf("version %s: got %+v, want %+v", s.Version, got, want)
	}
	if dump, err := s.Dump(ctx, base, "other-ask"); err != nil || dump != "dump of other-ask\n" {
		t.Errorf("dump: %q, %v", dump, err)
	}
	if !strings.Contains(o.Output(), "asked for /fresh-age\n") {
		t.Errorf("the origin's output lacks its requests:\n%s", o.Output())
	}
	o.Stop()
	o.Stop() // which may be called again
	if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", o.Port)); err == nil {
		conn.Close()
		t.Error("the origin listens after Stop")
	}
	if _, err := os.Stat(o.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its folder is left: %v", err)
	}
}

// The origin must be nobody else's: it serves the files of its folder.
func TestOriginListensOnTheLoopbackAddressOnly(t *testing.T) {
	o, err := madeUp(t).StartOrigin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer o.Stop()
	if !strings.Contains(o.Output(), fmt.Sprintf("Listening on http://127.0.0.1:%d/\n", o.Port)) {
		t.Errorf("port %d, output %q", o.Port, o.Output())
	}
}

// Whoever started an origin may be killed: then nobody stops it.
func TestOriginEndsWithItsStandardInput(t *testing.T) {
	o, err := madeUp(t).StartOrigin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer o.Stop()
	o.stdin.Close()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-o.done:
	case <-timer.C:
		t.Error("it has not ended")
	}
}

func TestOriginThatDoesNotStartSaysWhy(t *testing.T) {
	s := madeUp(t)
	s.server = "results/index.mjs" // which ends at once
	o, err := s.StartOrigin(t.Context())
	if err == nil {
		o.Stop()
		t.Fatal("want an error")
	}
	if !strings.Contains(err.Error(), "it has ended") {
		t.Errorf("got %v", err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	s := madeUp(t)
	// A server that never answers.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := s.Run(ctx, "http://"+l.Addr().String())
		ended <- err
	}()
	conn, err := l.Accept() // the client is running
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cancel()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	case <-timer.C:
		t.Error("it has not ended")
	}
}

func TestRunWithoutAProxySaysSo(t *testing.T) {
	s := madeUp(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	if found, err := s.Run(t.Context(), "http://"+address); err == nil || !strings.Contains(err.Error(), "ECONNREFUSED") {
		t.Errorf("got %v, %v", found, err)
	}
}

func TestRecordsAreReadFromTheirFolderOnly(t *testing.T) {
	s := madeUp(t)
	c, err := s.Catalogue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.Published(c.Records[0])
	want := Count{Required: Score{1, 1}, Optimal: Score{0, 1}, Yes: 1}
	if got := c.Count(c.Judge(found)); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if found, err := s.Published(c.Records[1]); err == nil {
		t.Errorf("%s: got %v, want an error", c.Records[1].File, found)
	}
}

// What the suite's programs get must not lead them through a proxy of ours.
func TestSuiteHasAnEnvironmentOfItsOwn(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	list := suiteEnvironment(map[string]string{"id": ""})
	text := strings.Join(list, "\n") + "\n"
	if strings.Contains(text, "PROXY") || !strings.Contains(text, "npm_config_id=\n") || !strings.Contains(text, "npm_package_config_id=\n") {
		t.Errorf("got %q", list)
	}
}

func TestOpenKnowsBothLayouts(t *testing.T) {
	madeUp(t)
	for _, tt := range []struct {
		files  []string
		client string // empty: an error
	}{
		{[]string{"cli.mjs", "server/server.mjs"}, "cli.mjs"},
		{[]string{"test-engine/cli.mjs", "test-engine/server/server.mjs"}, "test-engine/cli.mjs"},
		{[]string{"node_modules/http-cache-tests/cli.mjs", "node_modules/http-cache-tests/server/server.mjs"}, "cli.mjs"},
		{[]string{"cli.mjs", "test-engine/server/server.mjs"}, ""},
		{nil, ""},
	} {
		dir := t.TempDir()
		for _, name := range tt.files {
			root := dir
			if rest, found := strings.CutPrefix(name, "node_modules/http-cache-tests/"); found {
				root, name = filepath.Join(dir, "node_modules/http-cache-tests"), rest
			}
			write(t, filepath.Join(root, name), "")
			write(t, filepath.Join(root, "package.json"), `{"version":"9"}`)
		}
		s, err := Open(dir)
		if (err == nil) != (tt.client != "") {
			t.Errorf("%v: error %v", tt.files, err)
		}
		if err == nil && (s.client != tt.client || s.Version != "9") {
			t.Errorf("%v: got %s of version %s, want %s", tt.files, s.client, s.Version, tt.client)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWithoutNode(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Open("testdata/suite"); !errors.Is(err, ErrNoNode) {
		t.Errorf("Open: got %v, want %v", err, ErrNoNode)
	}
	if _, err := Fetch(t.Context(), t.TempDir()); !errors.Is(err, ErrNoNode) {
		t.Errorf("Fetch: got %v, want %v", err, ErrNoNode)
	}
}
