package config

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
)

// UpstreamTLS says how the Upstreams of a Pool prove who they are, and we to
// them. Texts are PEM.
type UpstreamTLS struct {
	Name      string // whose certificate it must be; empty: the name or address of the server
	CA        string // who may have issued it; empty: those whom the system trusts
	Cert, Key string // ours; empty: none
	Verify    bool   // false: anybody may answer
}

const mostPEM = 1 << 20

// overTLS reports that a protocol is spoken in TLS.
func (p Protocol) overTLS() bool { return p == ProtocolHTTPS || p == ProtocolH2 }

// upstreamTLS reads [upstream.NAME.tls].
func (s section) upstreamTLS(p Protocol) UpstreamTLS {
	t := s.table("tls")
	v := UpstreamTLS{Verify: t.boolean("verify")}
	if s.written("tls") && !p.overTLS() && p != "" {
		s.fail("tls", `write protocol = "https" or "h2", or delete it`, "has no meaning with protocol %q", p)
		return v
	}
	if t.written("name") {
		v.Name = read(t, "name", parseServerHost)
	}
	v.CA = t.pem("ca")
	v.Cert, v.Key = t.pem("cert"), t.pem("key")
	switch {
	case v.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(v.CA)):
		t.fail("ca", "name a PEM file of certificates", "has no certificate")
	case !v.Verify && v.CA != "":
		t.fail("verify", "delete it", "with verify = false nobody looks at the ca")
	}
	if t.written("cert") != t.written("key") {
		t.fail("cert", "write both cert and key", "a certificate is of no use without its key, nor a key without its certificate")
	}
	if v.Cert != "" && v.Key != "" {
		if _, err := tls.X509KeyPair([]byte(v.Cert), []byte(v.Key)); err != nil {
			t.fail("cert", "name a certificate and its own private key", "cert and key cannot be used together: %s", strings.TrimPrefix(err.Error(), "tls: "))
		}
	}
	return v
}

// pem returns what is in the file of a key; empty if there is none.
func (s section) pem(name string) string {
	if !s.written(name) {
		return ""
	}
	return read(s, name, func(path string) (string, *flaw) {
		data, bad := readFile(s.d.resolve(path), mostPEM)
		return string(data), bad
	})
}
