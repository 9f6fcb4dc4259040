package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// importRules says which of our packages may import which: those on the left
// may be imported by those on the right. What is not written is forbidden.
// docs/architecture.md says why where it differs from the first design.
const importRules = `
	NONE < config, message, grammar, socket, statedir, logfile, metrics, admin, handover, demo, bench/cachesuite, deploy

	deploy < install
	bench/cachesuite < bench

	statedir < certs, names
	logfile < accesslog, errorlog
	NONE < certs/dnsapi, limiter
	certs, certs/dnsapi < certs/ca

	message, grammar < cache/policy
	NONE < cache/store
	message, cache/policy, cache/store < cache

	socket < listener
	message < degraded
	message, grammar, socket < http1
	message, grammar, socket < http2
	message, socket, http1 < upstream
	message, http1, upstream, limiter, cache, cache/policy, degraded, accesslog < proxy

	config, message, socket, certs, certs/ca, certs/dnsapi, listener, accesslog, errorlog, metrics, admin, handover, names,
	degraded, limiter, cache, statedir, http1, http2, upstream, proxy < server

	config, errorlog, server, demo, handover, install < main
`

// moduleHomes says which of our packages may import which module of others:
// each has exactly one home.
var moduleHomes = map[string]string{
	"github.com/pelletier/go-toml/v2":     "config",         // it has positions
	"github.com/spf13/cobra":              "main",           // commands, flags, completion, man pages
	"go.uber.org/zap":                     "accesslog",      // JSON without allocation
	"github.com/pires/go-proxyproto":      "listener",       // the PROXY header, v1 and v2
	"github.com/coder/websocket":          "demo",           // a WebSocket to try the proxy with
	"github.com/prometheus/client_golang": "metrics",        // the exposition that everybody reads
	"github.com/summerwind/h2spec":        "e2e",            // the conformance test of HTTP/2
	"google.golang.org/grpc":              "e2e",            // what HTTP/2 to upstreams is for
	"golang.org/x/crypto/acme":            "certs/ca",       // autocert: certificates by http-01 and tls-alpn-01
	"github.com/mholt/acmez/v3":           "certs/ca",       // certificates by dns-01, renewal information, profiles
	"github.com/miekg/dns":                "certs/dnsapi",   // zones, dynamic updates with TSIG
	"github.com/letsencrypt/pebble/v2":    "certs/acmetest", // a CA for tests
	"golang.org/x/time/rate":              "limiter",        // token buckets
	"github.com/hashicorp/golang-lru/v2":  "limiter",        // bounded sets of clients
	"golang.org/x/net/http2":              "http2",          // HPACK decoding
	"golang.org/x/net/idna":               "config",         // host names of other scripts
	"golang.org/x/net/dns/dnsmessage":     "names",          // the TTLs that net.Resolver does not tell
	"golang.org/x/sys/unix":               "main",           // how large a terminal's window is
	"golang.org/x/text/width":             "main",           // how many columns a character takes there
	"honnef.co/go/tools/cmd/staticcheck":  "",               // a tool, imported by nobody
}

// packages that only tests or helpers of tests consist of.
var testPackages = []string{"certs/acmetest", "certs/certstest", "e2e", "leaktest"}

func TestPackagesImportOnlyWhatTheRulesAllow(t *testing.T) {
	allowed := parseRules(t, importRules)
	for pkg, imports := range ownImports(t) {
		may, known := allowed[pkg]
		if !known {
			t.Errorf("package %s is not in the rules", pkg)
			continue
		}
		for _, i := range imports {
			if own, ok := strings.CutPrefix(i, "sluice/"); ok && !slices.Contains(may, own) {
				t.Errorf("package %s must not import %s", pkg, own)
			}
		}
	}
}

func TestEachModuleHasOneHome(t *testing.T) {
	for pkg, imports := range ownImports(t) {
		for _, i := range imports {
			if first, _, _ := strings.Cut(i, "/"); !strings.Contains(first, ".") {
				continue // the standard library or ours
			}
			home, known := homeOf(i)
			if !known {
				t.Errorf("package %s imports %s, which has no home in moduleHomes", pkg, i)
			} else if home != pkg {
				t.Errorf("package %s imports %s, whose home is %s", pkg, i, home)
			}
		}
	}
}

func homeOf(imported string) (home string, known bool) {
	for module, home := range moduleHomes {
		if imported == module || strings.HasPrefix(imported, module+"/") {
			return home, true
		}
	}
	return "", false
}

// parseRules returns what each package may import.
func parseRules(t *testing.T, text string) map[string][]string {
	allowed := map[string][]string{}
	text = strings.ReplaceAll(text, ",\n", ",")
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		left, right, ok := strings.Cut(line, "<")
		if !ok {
			t.Fatalf("rule without <: %q", line)
		}
		for _, importer := range names(right) {
			if _, twice := allowed[importer]; twice {
				t.Fatalf("two rules for %s", importer)
			}
			allowed[importer] = names(left)
		}
	}
	return allowed
}

func names(list string) []string {
	var all []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" && name != "NONE" {
			all = append(all, name)
		}
	}
	return all
}

// ownImports returns the imports of each package, tests left out.
func ownImports(t *testing.T) map[string][]string {
	all := map[string][]string{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && file != "." || d.Name() == "testdata") {
			return fs.SkipDir
		}
		pkg := path.Dir(filepath.ToSlash(file))
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || slices.Contains(testPackages, pkg) {
			return nil
		}
		if pkg == "." {
			pkg = "main"
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range parsed.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			all[pkg] = append(all[pkg], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
