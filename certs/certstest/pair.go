package certstest

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
)

// Pair is a leaf with its key.
type Pair struct {
	Leaf    *x509.Certificate
	TLS     *tls.Certificate // the chain and the key, its Leaf parsed
	CertPEM []byte           // the chain: leaf, then intermediates
	LeafPEM []byte           // the leaf alone
	KeyPEM  []byte
}

func newPair(tb testing.TB, leaf *x509.Certificate, key crypto.Signer, chain []byte) *Pair {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	p := &Pair{
		Leaf:    leaf,
		LeafPEM: certificatePEM(leaf.Raw),
		KeyPEM:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}
	p.CertPEM = append(p.LeafPEM, chain...)
	c, err := tls.X509KeyPair(p.CertPEM, p.KeyPEM)
	if err != nil {
		tb.Fatal(err)
	}
	c.Leaf = leaf
	p.TLS = &c
	return p
}

// Write writes the pair to cert.pem and key.pem in dir and returns their paths.
// Each file appears whole, by renaming.
func (p *Pair) Write(tb testing.TB, dir string) (cert, key string) {
	tb.Helper()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	WriteFile(tb, cert, p.CertPEM)
	WriteFile(tb, key, p.KeyPEM)
	return cert, key
}

// WriteFile replaces the file at path by one with the given content, by
// renaming.
func WriteFile(tb testing.TB, path string, content []byte) {
	tb.Helper()
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		tb.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		tb.Fatal(err)
	}
}
