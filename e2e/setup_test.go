package e2e

import (
	"encoding/pem"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"sluice/certs/certstest"
)

// host is the name of the Site that a setup has unless it says otherwise.
const host = "shop.test"

// manyHandshakes lets as many TLS handshakes be computed at a time as a test
// begins at once. By the default a busy machine makes some of them wait for
// longer than they may, and cuts those off.
const manyHandshakes = "max_handshakes = 500\n"

// setup is what a configuration is written from. Its zero value, with
// upstreams, is one default Site on both ports before a Pool "app".
type setup struct {
	server    string   // more keys of [server]
	access    string   // log.access; "": a file of its own
	log       string   // more keys of [log], and tables below it
	site      string   // more keys of the one Site, and tables below it
	sites     string   // instead of the one Site
	upstreams []string // servers of the Pool "app"
	pool      string   // more keys of it
	more      string   // whatever else
}

// identity is a Site's certificate and who issued it.
type identity struct {
	ca        *certstest.CA
	cert, key string // files
	caFile    string
}

// newIdentity issues a certificate for names into dir.
func newIdentity(t *testing.T, dir string, names ...string) identity {
	t.Helper()
	ca := certstest.NewCA(t)
	id := identity{ca: ca, caFile: filepath.Join(dir, "ca.pem")}
	id.cert, id.key = ca.Issue(t, certstest.Leaf{Names: names}).Write(t, dir)
	certstest.WriteFile(t, id.caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Certificate.Raw}))
	return id
}

// text writes the configuration.
func (c setup) text(dir string, id identity) string {
	var b strings.Builder
	b.WriteString("[server]\nhttp = \"127.0.0.1:0\"\nhttps = \"127.0.0.1:0\"\n")
	if !strings.Contains(c.server, "admin = ") {
		b.WriteString("admin = \"\"\n")
	}
	if !strings.Contains(c.server, "drain_timeout") {
		b.WriteString("drain_timeout = \"3s\"\n")
	}
	access := c.access
	if access == "" {
		access = filepath.Join(dir, accessLog)
	}
	fmt.Fprintf(&b, "%s\n[log]\naccess = %q\n%s\n", c.server, access, c.log)
	if c.sites != "" {
		b.WriteString(c.sites)
	} else {
		fmt.Fprintf(&b, "[[site]]\nhosts = [%q]\ntls = { cert = %q, key = %q }\nupstream = \"app\"\nredirect = false\ndefault = true\n%s\n",
			host, id.cert, id.key, c.site)
	}
	if len(c.upstreams) > 0 {
		fmt.Fprintf(&b, "[upstream.app]\nservers = [\"%s\"]\n", strings.Join(c.upstreams, `", "`))
		if raced() && !strings.Contains(c.pool, "connect_timeout") {
			// A program that is so slow may be kept from looking at a connection
			// for a quarter of a second, which is the default.
			b.WriteString("connect_timeout = \"2s\"\n")
		}
		b.WriteString(c.pool + "\n")
	}
	b.WriteString(c.more)
	return b.String()
}
