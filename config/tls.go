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
	TLSAuto       TLSMode = "auto" // ACME, as Config.ACME says
	TLSSelfSigned TLSMode = "self-signed"
	TLSOff        TLSMode = "off" // none: the Site is served in plain
	TLSFiles      TLSMode = "files"
)

// TLS is how a Site is encrypted.
type TLS struct {
	Mode  TLSMode
	Files []CertFiles // of TLSFiles: at least one
}

// CertFiles are the two files of a certificate.
type CertFiles struct {
	Cert string // path; PEM, the whole chain
	Key  string // path; PEM
}

// maxPEM is the largest certificate or key file; real chains are a tenth of it.
const maxPEM = 256 << 10

const (
	tlsChoices = `write tls = "auto", "self-signed" or "off", or tls = { cert = "...", key = "..." }`

	// mostPairs is how many certificates a Site can have: one for each kind
	// of key, and some to spare.
	mostPairs = 8
)

// tls reads the key tls of a Site. The Mode is empty if that failed.
func (d *decoder) tls(s section) TLS {
	n := s.value("tls")
	var v TLS
	switch n.kind {
	case kindTable:
		v = TLS{Mode: TLSFiles, Files: []CertFiles{d.certificate(s, n)}}
	case kindList:
		v.Mode = TLSFiles
		if len(n.items) == 0 || len(n.items) > mostPairs {
			s.fail("tls", tlsChoices, "must have 1 to %d certificates", mostPairs)
		}
		for _, item := range n.items {
			if item.kind != kindTable {
				s.d.add(item.line, s.key("tls"), `write tls = [{ cert = "...", key = "..." }, ...]`, "must be a list of tables, not of %s", item.kind)
				continue
			}
			v.Files = append(v.Files, d.certificate(s, item))
		}
	case kindText:
		mode, bad := choice(tlsChoices, []TLSMode{TLSAuto, TLSSelfSigned, TLSOff})(n.text)
		if bad != nil {
			s.fail("tls", bad.remedy, "%s", bad.problem)
		}
		v.Mode = mode
	default:
		s.fail("tls", tlsChoices, "must be a string or a table, not %s", n.kind)
	}
	return v
}

// certificate reads { cert, key } and tries whether the two can be used. They
// are loaded again by whoever serves them, for files change.
func (d *decoder) certificate(site section, n *node) CertFiles {
	s := d.section("site.tls", append(slices.Clone(site.path), "tls"), n)
	var v CertFiles
	readable := true
	pem := func(name string) string {
		return required(s, name, func(text string) (string, *flaw) {
			path := d.resolve(text)
			_, bad := readFile(path, maxPEM)
			readable = readable && bad == nil
			return path, bad
		})
	}
	v.Cert = pem("cert")
	v.Key = pem("key")
	if v.Cert == "" || v.Key == "" || !readable {
		return v
	}
	if _, err := tls.LoadX509KeyPair(v.Cert, v.Key); err != nil {
		s.d.add(s.node.line, keyPath(s.path...), "cert takes the PEM file of the whole chain, key that of its private key",
			"cert %s and key %s cannot be used together: %s", shorten(v.Cert), shorten(v.Key), strings.TrimPrefix(err.Error(), "tls: "))
	}
	return v
}
