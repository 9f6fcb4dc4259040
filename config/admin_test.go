package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// withAdmin is a configuration with these keys in [server].
func withAdmin(keys string) string { return "[server]\n" + keys + smallest }

// token is one that is long enough.
const token = "0123456789abcdef"

// parseAdmin reads a configuration whose folder has a file with the token.
func parseAdmin(t *testing.T, token, keys string) (*Config, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "admin.token"), []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Parse(filepath.Join(dir, "sluice.toml"), []byte(withAdmin(keys)))
}

// "never on a public address without one".
func TestWhereAdminMayBe(t *testing.T) {
	for _, tt := range []struct {
		keys string
		bad  string // part of the error; empty: it is right
		open bool
	}{
		{`admin = "127.0.0.1:9180"`, "", false},
		{`admin = "[::1]:9180"`, "", false},
		{`admin = "127.8.9.10:9180"`, "", false},
		{`admin = "unix:/run/sluice/admin.sock"`, "", false},
		{`admin = ""`, "", false},
		{`admin = ":9180"`, "can be reached from other machines", false},
		{`admin = "[::]:9180"`, "can be reached from other machines", false},
		{`admin = "10.0.0.2:9180"`, "can be reached from other machines", false},
		{"admin = \"10.0.0.2:9180\"\nadmin_token = \"file:admin.token\"", "", true},
		{"admin = \":9180\"\nadmin_token = \"file:admin.token\"", "", true},
		{"admin = \":443\"\nadmin_token = \"file:admin.token\"", "take the same address", false},
		{"admin = \"10.0.0.2:9180\"\nadmin_token = \"file:nowhere\"", "cannot be read", false},
		{`admin = "unix:` + strings.Repeat("x", 100) + `"`, "at most 100 bytes", false},
		{`admin = "unix:/run/"`, "is not a Unix socket", false},
		{`http = "unix:/run/http.sock"`, "server.http: ", false},
	} {
		c, err := parseAdmin(t, token, tt.keys)
		switch {
		case (err == nil) != (tt.bad == "") || err != nil && !strings.Contains(err.Error(), tt.bad):
			t.Errorf("%s: %v, want %q", tt.keys, err, tt.bad)
		case err == nil && c.Server.Admin.Open() != tt.open:
			t.Errorf("%s: open: %v", tt.keys, !tt.open)
		}
	}
}

// A relative path starts at the folder of the file, as all others do.
func TestTheSocketOfAdmin(t *testing.T) {
	c := parse(t, withAdmin("admin = \"unix:run/admin.sock\"\nadmin_socket_mode = \"660\"\nadmin_socket_group = \"ops\"\n"))
	v := c.Server
	if v.Admin.Path != "run/admin.sock" || v.Admin.String() != "unix:run/admin.sock" || v.AdminSocketMode != 0o660 || v.AdminSocketGroup != "ops" {
		t.Errorf("%+v", v)
	}
	for _, mode := range []string{"", "6", "0o600", "600 ", "0888", "1777", "00600", "-600", "0060", "u=rw"} {
		if _, bad := parseSocketMode(mode); bad == nil {
			t.Errorf("%q is taken", mode)
		}
	}
}

func TestTheTokenOfAdmin(t *testing.T) {
	const key = `admin_token = "file:admin.token"`
	c, err := parseAdmin(t, token, key)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Server.ReadAdminToken(); got != token || err != nil {
		t.Errorf("%q %v", got, err)
	}
	for _, bad := range []string{"", "short", token[1:], token + "\n" + token, token + " x", token + "é", strings.Repeat("x", 1025)} {
		_, err := parseAdmin(t, bad, key)
		if err == nil || !strings.Contains(err.Error(), "server.admin_token: the token has ") {
			t.Errorf("%q: %v", bad, err)
		} else if bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("repeated: %v", err)
		}
	}
}

// "sluice check" may run where the variable is not; one that is there is looked
// at, at each reading.
func TestATokenOfTheEnvironment(t *testing.T) {
	t.Setenv("ADMIN_TOKEN", "")
	c := parse(t, withAdmin(`admin_token = "env:ADMIN_TOKEN"`))
	if _, err := c.Server.ReadAdminToken(); err == nil || !strings.Contains(err.Error(), "ADMIN_TOKEN") {
		t.Errorf("%v", err)
	}
	t.Setenv("ADMIN_TOKEN", "short")
	if _, err := c.Server.ReadAdminToken(); err == nil || !strings.Contains(err.Error(), "at least 16") {
		t.Errorf("%v", err)
	}
	if _, err := Parse("sluice.toml", []byte(withAdmin(`admin_token = "env:ADMIN_TOKEN"`))); err == nil {
		t.Error("a short one is taken")
	}
	t.Setenv("ADMIN_TOKEN", token)
	if got, err := c.Server.ReadAdminToken(); got != token || err != nil {
		t.Errorf("%q %v", got, err)
	}
}

// Where things stand.
func TestLines(t *testing.T) {
	c, err := Parse("sluice.toml", []byte(`
[[site]]
hosts = ["a.example.com"]
tls = "off"
upstream = "app"
[[site.route]]
path = "/api/"

upstream = ["127.0.0.1:8080", "127.0.0.1:8081"]

[[site]]
hosts = ["b.example.com"]
tls = "off"
upstream = "127.0.0.1:8082"

[upstream.app]
servers = ["127.0.0.1:8083"]
`))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := c.SiteLine(0), c.SiteLine(1); a != 2 || b != 11 {
		t.Errorf("Sites at %d and %d", a, b)
	}
	for name, want := range map[string]int{"app": 16, "127.0.0.1:8082": 14, "a.example.com/api/": 9} {
		if got := c.PoolLine(name); got != want {
			t.Errorf("%s at %d, want %d", name, got, want)
		}
	}
}
