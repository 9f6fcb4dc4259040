package config

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

func TestSeedCorpusIsThere(t *testing.T) {
	seeds, err := os.ReadDir("testdata/fuzz/FuzzParse")
	if err != nil || len(seeds) == 0 {
		t.Fatalf("no seeds: %v", err)
	}
}

// FuzzParse holds that any input gives either errors that each say where, or a
// Config that keeps every promise of its types and that go-toml reads, too.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("testdata/sluice.toml", data)
		if err != nil {
			checkErrors(t, err, strings.Count(string(data), "\n")+1)
			return
		}
		var values map[string]any
		if err := toml.Unmarshal(data, &values); err != nil {
			t.Errorf("go-toml refuses it: %v", err)
		}
		checkServer(t, c.Server)
		checkPools(t, c)
		checkSites(t, c)
	})
}

// checkErrors holds that every error is one line that says where.
func checkErrors(t *testing.T, err error, lines int) {
	var all *Errors
	if !errors.As(err, &all) || len(all.List) == 0 {
		t.Fatalf("got %T %v, want *Errors", err, err)
	}
	before := 1
	for _, e := range all.List {
		if e.File != "testdata/sluice.toml" || e.Line < before || e.Line > lines || e.Problem == "" {
			t.Errorf("out of place: %+v", e)
		}
		if strings.ContainsAny(e.Error(), "\r\n") {
			t.Errorf("more than one line: %q", e.Error())
		}
		before = e.Line
	}
}

func checkServer(t *testing.T, s Server) {
	if !s.HTTP.On && !s.HTTPS.On {
		t.Error("no Listener is on")
	}
	if s.HeaderTimeout <= 0 || s.BodyTimeout <= 0 || s.IdleTimeout <= 0 || s.DrainTimeout < 0 {
		t.Errorf("a timeout is not positive: %+v", s)
	}
	if s.MaxHeader < leastHeader || s.MaxFields < leastFields || s.MaxConnections < 0 || s.MaxConnectionsPerAddress < 0 {
		t.Errorf("a limit is too small: %+v", s)
	}
	if s.ProxyProtocol && len(s.TrustedProxies) == 0 {
		t.Error("everybody may send a PROXY header")
	}
	for _, p := range s.TrustedProxies {
		if !p.IsValid() || p != p.Masked() {
			t.Errorf("bad network %v", p)
		}
	}
}

func checkPools(t *testing.T, c *Config) {
	if !slices.IsSortedFunc(c.Pools, func(a, b Pool) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the Pools are not sorted")
	}
	all := 0
	for _, p := range c.Pools {
		all += len(p.Upstreams)
		if p.Name == "" || len(p.Upstreams) == 0 || p.ConnectTimeout <= 0 || p.ResponseTimeout <= 0 ||
			!(p.RetryBudget >= 0 && p.RetryBudget <= 1) || p.Policy == "" || p.Protocol == "" {
			t.Errorf("incomplete Pool: %+v", p)
		}
		seen := map[string]bool{}
		for _, u := range p.Upstreams {
			if u.Host == "" || u.Port == 0 || u.Weight < 1 || u.Weight > maxWeight || seen[u.Address()] {
				t.Errorf("bad Upstream: %+v", u)
			}
			seen[u.Address()] = true
		}
	}
	if all > maxUpstreams {
		t.Errorf("%d Upstreams", all)
	}
}

func checkSites(t *testing.T, c *Config) {
	if len(c.Sites) == 0 {
		t.Error("no Site")
	}
	hosts, defaults := map[string]bool{}, 0
	for _, s := range c.Sites {
		if s.Default {
			defaults++
		}
		if len(s.Hosts) == 0 || s.Degraded.RetryAfter <= 0 || len(s.Degraded.JSON) == 0 {
			t.Errorf("incomplete Site: %+v", s)
		}
		if on := c.Server.HTTPS.On; s.TLS.Mode == TLSAuto || s.TLS.Mode == "" || s.TLS.Mode != TLSOff && !on {
			t.Errorf("a Site with tls %q while https is %v", s.TLS.Mode, on)
		}
		for _, h := range s.Hosts {
			again, bad := parseHost(h)
			if bad != nil || again != h || hosts[h] {
				t.Errorf("bad host %q", h)
			}
			hosts[h] = true
		}
		pools, paths := []string{s.Pool}, map[string]bool{}
		for _, r := range s.Routes {
			if !strings.HasPrefix(r.Path, "/") || paths[r.Path] || r.Degraded.Form == "" || r.Degraded.RetryAfter <= 0 || len(r.Degraded.JSON) == 0 {
				t.Errorf("bad Route: %+v", r)
			}
			pools, paths[r.Path] = append(pools, r.Pool), true
		}
		for _, name := range pools {
			if _, found := c.Pool(name); !found {
				t.Errorf("there is no Pool %q", name)
			}
		}
	}
	if defaults > 1 {
		t.Errorf("%d default Sites", defaults)
	}
}
