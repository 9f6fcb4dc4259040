package config

import (
	"crypto/tls"
	"slices"
	"strings"
)

// TLSMode is where the certificate of a Site comes from.
type TLSMode string

// Where the certificate of a Site comes from.
const (
	TLSAuto       TLSMode = "auto" // ACME; refused by this version
	TLSSelfSigned TLSMode = "self-signed"
	TLSOff        TLSMode = "off" // none: the Site is served in plain
	TLSFiles      TLSMode = "files"
)

// TLS is how a Site is encrypted.
type TLS struct {
	Mode     TLSMode
	CertFile string // of TLSFiles: PEM, the whole chain
	KeyFile  string // of TLSFiles: PEM
}

// maxPEM is the largest certificate or key file; real chains are a tenth of it.
const maxPEM = 256 << 10

const tlsChoices = `write tls = "self-signed", tls = "off" or tls = { cert = "...", key = "..." }`

// tls reads the key tls of a Site. The Mode is empty if that failed.
func (d *decoder) tls(s section) TLS {
	n := s.value("tls")
	var v TLS
	switch n.kind {
	case kindTable:
		v = d.certificate(d.section("site.tls", append(slices.Clone(s.path), "tls"), n))
	case kindText:
		mode, bad := choice(tlsChoices, []TLSMode{TLSAuto, TLSSelfSigned, TLSOff})(n.text)
		if bad != nil {
			s.fail("tls", bad.remedy, "%s", bad.problem)
		}
		v.Mode = mode
	default:
		s.fail("tls", tlsChoices, "must be a string or a table, not %s", n.kind)
	}
	// The one thing to delete once certificates are obtained by ACME.
	if v.Mode == TLSAuto && !s.misspelt("tls") {
		s.fail("tls", tlsChoices, `"auto" (ACME) is not in this version yet`)
	}
	return v
}

// certificate reads { cert, key } and tries whether the two can be used. They
// are loaded again by whoever serves them, for files change.
func (d *decoder) certificate(s section) TLS {
	v := TLS{Mode: TLSFiles}
	readable := true
	pem := func(name string) string {
		return required(s, name, func(text string) (string, *flaw) {
			path := d.resolve(text)
			_, bad := readFile(path, maxPEM)
			readable = readable && bad == nil
			return path, bad
		})
	}
	v.CertFile = pem("cert")
	v.KeyFile = pem("key")
	if v.CertFile == "" || v.KeyFile == "" || !readable {
		return v
	}
	if _, err := tls.LoadX509KeyPair(v.CertFile, v.KeyFile); err != nil {
		s.d.add(s.node.line, keyPath(s.path...), "cert takes the PEM file of the whole chain, key that of its private key",
			"cert %s and key %s cannot be used together: %s", shorten(v.CertFile), shorten(v.KeyFile), strings.TrimPrefix(err.Error(), "tls: "))
	}
	return v
}
