package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// goldenSetup is a setup that is the same on every machine.
func goldenSetup() setup {
	return setup{
		Dir:        "/run/bench",
		Cores:      cores{0, 1},
		HTTP:       1001,
		HTTPS:      1002,
		Origins:    []int{2001, 2002, 2003},
		Cert:       "/run/cert.pem",
		Key:        "/run/key.pem",
		Both:       "/run/both.pem",
		Access:     "/run/bench/access.log",
		MaxClients: 6000,

		Descriptors: 16384,
	}
}

// TestConfigsAreAsWritten compares each config with its file in testdata;
// UPDATE_GOLDEN=1 writes the files anew.
func TestConfigsAreAsWritten(t *testing.T) {
	plain := func(*setup) {}
	refuse := func(s *setup) { s.Refuse = true }
	abused := func(s *setup) { s.Abused = true }
	cache := func(s *setup) { s.Cache = true }
	silent := func(s *setup) { s.Access = "" }
	overload := func(name string) func(*setup) {
		return func(s *setup) {
			all := overloaded([]proxy{sluiceProxy("sluice"), nginxProxy("nginx")})
			all[slices.IndexFunc(all, func(e entrant) bool { return e.name == name })].change(s)
		}
	}
	root := func(s *setup) { s.Root, s.Cores = true, cores{2} }
	for _, tt := range []struct {
		file   string
		proxy  proxy
		change func(*setup)
	}{
		{"nginx.conf", nginxProxy("nginx"), plain},
		{"nginx-refuse.conf", nginxProxy("nginx"), refuse},
		{"nginx-abused.conf", nginxProxy("nginx"), abused},
		{"nginx-cache.conf", nginxProxy("nginx"), cache},
		{"nginx-root.conf", nginxProxy("nginx"), root},
		{"haproxy.cfg", haproxyProxy("haproxy"), plain},
		{"haproxy-refuse.cfg", haproxyProxy("haproxy"), refuse},
		{"haproxy-cache.cfg", haproxyProxy("haproxy"), cache},
		{"Caddyfile", caddyProxy("caddy"), plain},
		{"sluice.toml", sluiceProxy("sluice"), plain},
		{"sluice-refuse.toml", sluiceProxy("sluice"), refuse},
		{"sluice-cache.toml", sluiceProxy("sluice"), cache},
		{"sluice-silent.toml", sluiceProxy("sluice"), silent},
		{"sluice-overload.toml", sluiceProxy("sluice"), overload(sluiceName)},
		{"sluice-overload-number.toml", sluiceProxy("sluice"), overload(sluiceNumber)},
		{"sluice-overload-off.toml", sluiceProxy("sluice"), overload(sluiceOff)},
		{"sluice-suite.toml", (&bench{}).cachesToTest()[0].proxy, cache},
		{"nginx-overload.conf", nginxProxy("nginx"), overload("nginx")},
		{"nginx-overload-limits.conf", nginxProxy("nginx"), overload(nginxLimits)},
	} {
		t.Run(tt.file, func(t *testing.T) {
			s := goldenSetup()
			tt.change(&s)
			got, err := tt.proxy.configText(s)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", tt.file)
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("differs from %s:\n%s", path, got)
			}
		})
	}
}

func TestCoreMask(t *testing.T) {
	for core, want := range map[int]string{0: "1", 1: "10", 3: "1000"} {
		if got := coreMask(core); got != want {
			t.Errorf("core %d: got %s, want %s", core, got, want)
		}
	}
}

func TestSmallAnswerHasItsSize(t *testing.T) {
	if got := len(smallJSON()); got != smallSize {
		t.Errorf("got %d bytes, want %d", got, smallSize)
	}
}
