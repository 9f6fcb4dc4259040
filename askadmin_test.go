package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"sluice/admin"
	"sluice/config"
)

const secretToken = "0123456789abcdef"

// asking is a configuration whose admin server is at an address; wants a token
// if token is set.
func asking(t *testing.T, address config.Address, token string) *config.Config {
	c := &config.Config{Server: config.Server{Admin: address}}
	if token != "" {
		t.Setenv("ADMIN_TOKEN", token)
		c.Server.AdminToken = config.Secret{Env: "ADMIN_TOKEN"}
	}
	return c
}

// answers is what stands for the admin server, and returns where it is. At
// "unix" it is a Unix socket.
func answers(t *testing.T, network string, h http.HandlerFunc) config.Address {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	a := config.Address{On: true}
	if network == "unix" {
		s.Listener.Close()
		a.Path = filepath.Join(t.TempDir(), "admin.sock")
		var err error
		if s.Listener, err = net.Listen("unix", a.Path); err != nil {
			t.Fatal(err)
		}
	} else {
		at := netip.MustParseAddrPort(s.Listener.Addr().String())
		a.IP, a.Port = at.Addr(), at.Port()
	}
	s.Start()
	t.Cleanup(s.Close)
	return a
}

// "understands Unix sockets and the token".
func TestAskAdmin(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		for _, token := range []string{"", secretToken} {
			at := answers(t, network, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/reload" || r.Header.Get("Sluice-Action") == "" || r.Header.Get("Authorization") != strings.TrimSuffix("Bearer "+token, "Bearer ") {
					t.Errorf("%s %q", r.URL.Path, r.Header)
				}
				w.Write([]byte("done"))
			})
			body, status, err := askAdmin(context.Background(), asking(t, at, token), "POST", "/reload", nil)
			if err != nil || status != 200 || string(body) != "done" {
				t.Errorf("%s: %q %d %v", network, body, status, err)
			}
		}
	}
}

// A server.admin of all addresses is asked at a loopback one: it answers to no
// other name that means all of them.
func TestAskAdminOfAllAddresses(t *testing.T) {
	for _, ip := range []string{"", "0.0.0.0", "::"} {
		server := admin.New(admin.Options{Ready: func() bool { return true }})
		ln, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
		if err != nil {
			t.Logf("not tried: %v", err) // a machine without IPv6
			continue
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- server.Run(ctx, ln) }()
		at := config.Address{On: true, Port: uint16(ln.Addr().(*net.TCPAddr).Port)}
		if ip != "" {
			at.IP = netip.MustParseAddr(ip)
		}
		if body, status, err := askAdmin(ctx, asking(t, at, ""), "GET", "/healthz", nil); err != nil || status != 200 {
			t.Errorf("%s: %d %q, %v", at, status, body, err)
		}
		cancel()
		<-ended
	}
}

func TestAskAdminInVain(t *testing.T) {
	nowhere := config.Address{On: true, Path: filepath.Join(t.TempDir(), "nowhere")}
	status := func(code int) config.Address {
		return answers(t, "tcp", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/certs" {
				t.Error("somebody else was asked, with the token:", r.URL.Path)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(code)
		})
	}
	for _, tt := range []struct {
		name  string
		at    config.Address
		token string
		want  string // part of the error; empty: there is none
	}{
		{"off", config.Address{}, "", `server.admin is ""`},
		{"nobody there", nowhere, "", "sluice does not answer at unix:"},
		{"its socket was removed", nowhere, "", "SIGHUP makes it anew"},
		{"a token is wanted", status(401), "", "this configuration has none"},
		{"another token is wanted", status(401), secretToken, "another token than that of env:ADMIN_TOKEN"},
		{"a token that cannot be", nowhere, "short", "without its token: server.admin_token: the token has 5 characters"},
		{"too many tries", status(429), secretToken, "try again"},
		{"a redirect", status(307), secretToken, ""},
		{"no end", answers(t, "tcp", func(w http.ResponseWriter, _ *http.Request) {
			for chunk := make([]byte, 1<<20); ; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}), "", "it answers without end"},
	} {
		_, _, err := askAdmin(context.Background(), asking(t, tt.at, tt.token), "GET", "/certs", nil)
		switch {
		case (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want):
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		case err != nil && strings.Contains(err.Error(), secretToken):
			t.Errorf("%s: the token is told: %v", tt.name, err)
		}
	}
}
