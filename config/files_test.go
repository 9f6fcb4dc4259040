package config

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// writeFiles puts the files that the configurations of the tests name into dir.
func writeFiles(t *testing.T, dir string) {
	t.Helper()
	cert, key := newPair(t)
	_, otherKey := newPair(t)
	for name, data := range map[string][]byte{
		"cert.pem":      cert,
		"key.pem":       key,
		"ca.pem":        cert,
		"other-key.pem": otherKey,
		"not-pem.txt":   []byte("no certificate\n"),
		"degraded.html": []byte("<p>busy</p>\n"),
		"servers.txt":   []byte("10.0.0.2:3000\n"),
		"large.html":    bytes.Repeat([]byte("x"), maxPage+1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// newPair returns a certificate and its private key as PEM.
func newPair(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}
