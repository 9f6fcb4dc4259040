package server

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/config"
)

// ownLog returns a Server with an error log of its own, and the log's path.
func ownLog(t *testing.T, access string) (*running, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "error.log")
	cfg, err := config.Parse("test.toml", []byte(`[server]
http = "127.0.0.1:0"
https = ""
admin = "127.0.0.1:0"
[log]
access = "`+access+`"
error = "`+file+`"
`+plainSite(app(t, answering(hello)))))
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t}
	if r.Server, err = New(cfg, nil); err != nil {
		t.Fatal(err)
	}
	return r, file
}

// An error log of the Server's own: it is there after Listen, tells of all up to
// the end, and is counted.
func TestTheErrorLogIsTheServers(t *testing.T) {
	r, file := ownLog(t, "off")
	r.ctx, r.cancel = context.WithCancel(context.Background())
	if err := r.Listen(r.ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	r.run()
	ask(t, r.HTTP(), get)
	shows(t, r, `sluice_error_log_lines_total{outcome="written"} 1`, `sluice_error_log_lines_total{outcome="held_back"} 0`,
		`sluice_error_log_lines_total{outcome="dropped"} 0`, `sluice_error_log_failing 0`)
	for range 30 {
		r.panicked("again", []byte("goroutine 1\n\tmain.go:7"))
	}
	r.panicked("another", nil)
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]int{
		"msg=serving":                1,
		"internal error":             12, // ten and the count, and another
		`stack="goroutine 1\n\tmain`: 10,
		"panic=another":              1,
		`like="internal error, one connection was cut; please report this" panic=again lines=20`: 1,
	} {
		if n := strings.Count(string(text), what); n != want {
			t.Errorf("%q stands there %d times, want %d:\n%s", what, n, want, text)
		}
	}
}

// A Listen that fails leaves no log open.
func TestAListenThatFailsClosesTheErrorLog(t *testing.T) {
	r, file := ownLog(t, t.TempDir()+"/")
	err := r.Listen(t.Context())
	if err == nil || !strings.HasPrefix(err.Error(), "log.access: ") {
		t.Fatalf("%v", err)
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("skipped: this system has no /proc")
	}
	for _, f := range files {
		if to, _ := os.Readlink("/proc/self/fd/" + f.Name()); to == file {
			t.Error("the error log is open")
		}
	}
}
