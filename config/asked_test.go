package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A file that is wrong says where the running Sluice is asked, as long as that is
// not what is wrong.
func TestLoadAsked(t *testing.T) {
	const server = "[server]\nadmin = \"127.0.0.1:9999\"\nadmin_token = \"env:SLUICE_NO_SUCH_TOKEN\"\n"
	const site = "[[site]]\nhosts = [\"shop.example.com\"]\nupstream = \"127.0.0.1:8080\"\n"
	for _, tt := range []struct {
		name, text string
		wrong      bool
		want       string // the address; empty: it is not known
	}{
		{"right", server + site, false, "127.0.0.1:9999"},
		{"an unknown key", server + site + "upstrem = 3\n", true, "127.0.0.1:9999"},
		{"no Site", server, true, "127.0.0.1:9999"},
		{"another key of server", server + "drain_timeout = 3\n" + site, true, "127.0.0.1:9999"},
		{"no TOML behind", server + site + "[[site]\nhosts = 3\n", true, "127.0.0.1:9999"},
		{"no TOML before", "nonsense\n" + server + site + "x =", true, "127.0.0.1:9999"},
		{"a byte order mark", byteOrderMark + server + site, true, "127.0.0.1:9999"},
		{"no admin", site + "nonsense\n", true, "127.0.0.1:9180"},
		{"the address", "[server]\nadmin = \"9999\"\n" + site, true, ""},
		{"the address is no TOML", "[server]\nadmin = 127.0.0.1:9999\n" + site, true, ""},
		{"the token", "[server]\nadmin_token = \"file:/no/such/file\"\n" + site, true, ""},
	} {
		path := filepath.Join(t.TempDir(), "sluice.toml")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := LoadAsked(path)
		got := ""
		if c != nil {
			got = c.Server.Admin.String()
		}
		if got != tt.want || (err != nil) != tt.wrong {
			t.Errorf("%s: %q %v, want %q", tt.name, got, err, tt.want)
		}
		if c != nil && tt.name != "no admin" && c.Server.AdminToken.Env == "" {
			t.Errorf("%s: no token", tt.name)
		}
	}
	if c, err := LoadAsked("/no/such/file"); c != nil || err == nil {
		t.Errorf("no file: %v %v", c, err)
	}
}

// The group of the admin socket may ask, and need not read the keys of certificates.
func TestAKeyOfAnotherUserIsNoError(t *testing.T) {
	for err, want := range map[error]bool{syscall.EACCES: true, syscall.ENOENT: false} {
		bad := cannotRead("/etc/shop.key", &fs.PathError{Op: "open", Path: "/etc/shop.key", Err: err})
		if got := (Error{Key: "site.tls.key", Problem: bad.problem, Remedy: bad.remedy}).ofThisUser(); got != want {
			t.Errorf("%s: %v, want %v", bad.problem, got, want)
		}
	}
	if os.Geteuid() == 0 {
		t.Skip("root may read all files")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "shop.key"), nil, 0); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "sluice.toml")
	text := "[[site]]\nhosts = [\"shop.example.com\"]\nupstream = \"127.0.0.1:8080\"\ntls = { cert = \"shop.key\", key = \"shop.key\" }\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := LoadAsked(path); c == nil || err != nil {
		t.Errorf("%v %v", c, err)
	}
}
