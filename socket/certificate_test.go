package socket

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"
)

// tlsConfigs returns a server's and a client's that trust each other.
func tlsConfigs(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     []string{"test.example"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Config{
			Certificates:                []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
			DynamicRecordSizingDisabled: true,
		}, &tls.Config{
			RootCAs: roots, ServerName: "test.example",
			DynamicRecordSizingDisabled: true,
		}
}

// tlsPair returns a TLS server over a Conn in record mode, that Conn, and the
// client.
func tlsPair(t testing.TB, version uint16) (server *tls.Conn, below *Conn, client *tls.Conn) {
	t.Helper()
	below, peer := pair(t)
	return tlsOver(t, version, below, peer)
}

func tlsOver(t testing.TB, version uint16, below *Conn, peer net.Conn) (*tls.Conn, *Conn, *tls.Conn) {
	t.Helper()
	sc, cc := tlsConfigs(t)
	sc.MaxVersion = version
	below.RecordMode()
	server, client := tls.Server(below, sc), tls.Client(peer, cc)
	shaken := make(chan error, 1)
	go func() { shaken <- client.Handshake() }()
	if err := server.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	return server, below, client
}
