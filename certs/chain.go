package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
)

// chainWarnings says what the chain lacks, as far as its names tell without
// asking the network or a trust store. A server has to send each certificate
// followed by the one that certifies it; only the root may be left out (RFC
// 8446 section 4.4.2, RFC 5246 section 7.4.2). Browsers on desktops may fill a
// gap by themselves; phones, mini programs and most libraries do not.
func chainWarnings(c *tls.Certificate) []string {
	certificate := c.Leaf
	for _, der := range c.Certificate[1:] {
		next, err := x509.ParseCertificate(der)
		if err != nil {
			return []string{fmt.Sprintf("the chain after %s cannot be read: %v", quoted(certificate), err)}
		}
		if !bytes.Equal(certificate.RawIssuer, next.RawSubject) {
			return []string{fmt.Sprintf("the chain is broken: %s is followed by %s, not by its issuer %q",
				quoted(certificate), quoted(next), commonName(certificate.Issuer))}
		}
		certificate = next
	}
	selfIssued := bytes.Equal(c.Leaf.RawIssuer, c.Leaf.RawSubject)
	if len(c.Certificate) == 1 && !selfIssued {
		return []string{fmt.Sprintf("the chain is incomplete: the certificate of the issuer %q is missing, "+
			"and clients that do not know it already will refuse the leaf; append it to the file (often called fullchain)",
			commonName(c.Leaf.Issuer))}
	}
	return nil
}

// mayNeedNoChain reports whether a leaf that stands alone may be certified by a
// root, as CAs of one's own do it: it does not say where its issuer's certificate
// can be had, as those of public CAs do.
func mayNeedNoChain(c *tls.Certificate) bool {
	return len(c.Certificate) == 1 && len(c.Leaf.IssuingCertificateURL) == 0
}

func quoted(c *x509.Certificate) string { return fmt.Sprintf("%q", commonName(c.Subject)) }
