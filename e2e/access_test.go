package e2e

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// access is a program whose admin server is at a Unix socket and wants a token.
type access struct {
	*sluice
	socket, token string // paths
}

func guarded(t *testing.T) *access {
	t.Helper()
	dir, err := os.MkdirTemp("", "sluice") // a short path: that of a socket is bounded
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	a := &access{socket: filepath.Join(dir, "admin.sock"), token: filepath.Join(dir, "token")}
	a.writes("0123456789abcdef")
	a.sluice = start(t, setup{
		server:    "admin = \"unix:" + a.socket + "\"\nadmin_token = \"file:" + a.token + "\"\nstate_dir = \"\"\n",
		upstreams: []string{serve(t, func(http.ResponseWriter, *http.Request) {}).address},
	})
	return a
}

// writes changes the token in the file.
func (a *access) writes(token string) error {
	return os.WriteFile(a.token, []byte(token+"\n"), 0o600)
}

// types runs a command of the program by a configuration in which each old text
// is the new one after it.
func (a *access) types(replace []string, words ...string) result {
	a.t.Helper()
	text, err := os.ReadFile(filepath.Join(a.dir, "sluice.toml"))
	if err != nil {
		a.t.Fatal(err)
	}
	file := filepath.Join(a.dir, "other.toml")
	if err := os.WriteFile(file, []byte(strings.NewReplacer(replace...).Replace(string(text))), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return command(a.t, "", built, append(words, "--config", file)...)
}

// "askadmin.go (all commands): understands Unix sockets and the token".
func TestCommandsAskByASocketWithAToken(t *testing.T) {
	t.Parallel()
	a := guarded(t)
	for _, tt := range []struct {
		words []string
		said  string
	}{
		{[]string{"certs"}, host},
		{[]string{"maintenance"}, "no site is under maintenance"},
		{[]string{"maintenance", "on", host}, "until it is turned off"},
		{[]string{"maintenance", "off", host}, "open"},
		{[]string{"reload"}, "nothing has changed"},
		{[]string{"reload", "--admin", "unix:" + a.socket}, "nothing has changed"},
	} {
		if r := a.types(nil, tt.words...); r.status != 0 || !strings.Contains(r.stdout, tt.said) || strings.Contains(r.stderr, "disk") {
			t.Errorf("%v: %+v", tt.words, r)
		}
	}
	noToken := []string{"admin_token", "#"}
	if r := a.types(noToken, "reload"); r.status != 1 || !strings.Contains(r.stderr, "wants a token") {
		t.Errorf("without a token: %+v", r)
	}
	if err := a.writes("another-0123456789abcdef"); err != nil {
		t.Fatal(err)
	}
	if r := a.types(nil, "reload"); r.status != 1 || !strings.Contains(r.stderr, "runs with another token") {
		t.Errorf("with a token that is not in force: %+v", r)
	}
	if r := a.types([]string{a.token, a.token + ".nowhere"}, "reload"); r.status != 1 || !strings.Contains(r.stderr, "server.admin_token") {
		t.Errorf("with a token that cannot be read: %+v", r)
	}
	if a.stderr.has("0123456789abcdef") {
		t.Error("the log tells the token")
	}
}

// The socket of a killed program does not keep the next one from starting, and
// one that ends in order leaves none.
func TestTheSocketOfAKilledProgram(t *testing.T) {
	t.Parallel()
	a := guarded(t)
	again := func() *sluice { return launch(t, a.dir, "run", "--config", filepath.Join(a.dir, "sluice.toml")) }
	a.kill()
	if _, err := os.Lstat(a.socket); err != nil {
		t.Fatalf("a killed program has removed its socket: %v", err)
	}
	second := again()
	if r := a.types(nil, "reload"); r.status != 0 {
		t.Errorf("%+v", r)
	}
	third := command(t, "", built, "run", "--config", filepath.Join(a.dir, "sluice.toml"))
	if third.status != 1 || !strings.Contains(third.stderr, "another program listens there") {
		t.Errorf("a second one: %+v", third)
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", a.socket)
	}}, Timeout: patience}
	if answer, err := c.Get("http://sluice/healthz"); err != nil || answer.StatusCode != 200 {
		t.Errorf("the second one has lost its socket: %v", err)
	} else {
		answer.Body.Close()
	}
	second.stop()
	if _, err := os.Lstat(a.socket); err == nil {
		t.Error("a socket is left over")
	}
}

// "an admin address that is neither loopback nor Unix socket without a token is
// refused by sluice check"; with one it is warned of.
func TestCheckOfAnOpenAdminAddress(t *testing.T) {
	t.Parallel()
	a := guarded(t)
	open := []string{"unix:" + a.socket, "192.0.2.1:9180"}
	if r := a.types(open, "check"); r.status != 0 || !strings.Contains(r.stderr, "other machines reach the admin server") {
		t.Errorf("with a token: %+v", r)
	}
	if r := a.types(append(open, "admin_token", "#"), "check"); r.status != 1 || !strings.Contains(r.stderr, "server.admin: 192.0.2.1:9180 can be reached from other machines") {
		t.Errorf("without: %+v", r)
	}
}
