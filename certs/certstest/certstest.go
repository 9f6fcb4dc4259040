// Package certstest makes throw-away certificates for tests: a CA, leaves in any
// state of health, their files, and a client that trusts them.
//
//	ca := certstest.NewCA(t)
//	pair := ca.Issue(t, certstest.Leaf{Names: []string{"shop.example.com"}})
//	cert, key := pair.Write(t, t.TempDir())
//	client := tls.Client(conn, ca.Client("shop.example.com"))
package certstest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"slices"
	"testing"
	"time"
)

// Key is a type of key.
type Key int

const (
	ECDSA Key = iota // P-256
	RSA              // 2048 bits
)

// CA issues leaves and further CAs. It may be used from several goroutines.
type CA struct {
	Certificate *x509.Certificate
	key         crypto.Signer
	chain       []byte // PEM a leaf has to be sent with: all but the root
	root        *x509.Certificate
}

// NewCA makes a root valid for ten years around now.
func NewCA(tb testing.TB) *CA {
	tb.Helper()
	key := generate(tb, ECDSA)
	template := caTemplate("Test Root")
	c := sign(tb, template, template, key.Public(), key)
	return &CA{Certificate: c, key: key, root: c}
}

// Intermediate makes a CA of the given common name, certified by c. What it
// issues carries its certificate in the chain.
func (c *CA) Intermediate(tb testing.TB, name string) *CA {
	tb.Helper()
	key := generate(tb, ECDSA)
	cert := sign(tb, caTemplate(name), c.Certificate, key.Public(), c.key)
	return &CA{
		Certificate: cert,
		key:         key,
		chain:       append(certificatePEM(cert.Raw), c.chain...),
		root:        c.root,
	}
}

// Client is a TLS client's configuration that trusts only c's root and asks for
// serverName. An empty name is not sent, and then nothing is verified.
func (c *CA) Client(serverName string) *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(c.root)
	return &tls.Config{ServerName: serverName, RootCAs: roots, InsecureSkipVerify: serverName == ""}
}

// Leaf says what certificate to issue.
type Leaf struct {
	Names     []string // host names, wildcards and addresses
	Key       Key
	NotBefore time.Time // zero: an hour ago
	NotAfter  time.Time // zero: 90 days after NotBefore
}

// Issue makes a leaf.
func (c *CA) Issue(tb testing.TB, l Leaf) *Pair {
	tb.Helper()
	if l.NotBefore.IsZero() {
		l.NotBefore = time.Now().Add(-time.Hour)
	}
	if l.NotAfter.IsZero() {
		l.NotAfter = l.NotBefore.Add(90 * 24 * time.Hour)
	}
	template := &x509.Certificate{
		NotBefore:             l.NotBefore,
		NotAfter:              l.NotAfter,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, name := range l.Names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	key := generate(tb, l.Key)
	leaf := sign(tb, template, c.Certificate, key.Public(), c.key)
	return newPair(tb, leaf, key, c.chain)
}

func caTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().AddDate(-5, 0, 0),
		NotAfter:              time.Now().AddDate(5, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
}

func generate(tb testing.TB, k Key) crypto.Signer {
	tb.Helper()
	if k == RSA {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			tb.Fatal(err)
		}
		return key
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func sign(tb testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func certificatePEM(der []byte) []byte {
	return slices.Clip(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
