package certs

import (
	"bytes"
	"encoding/pem"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"sluice/certs/certstest"
)

func TestWhatIsWrongWithThePairIsSaid(t *testing.T) {
	ca := certstest.NewCA(t).Intermediate(t, "Test Intermediate")
	pair := ca.Issue(t, certstest.Leaf{Names: []string{"shop.example.com"}})
	other := ca.Issue(t, certstest.Leaf{Names: []string{"other.example.com"}, Key: certstest.RSA})
	block := func(kind string) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("1234")}) }
	issuer := bytes.TrimPrefix(pair.CertPEM, pair.LeafPEM)

	for _, tt := range []struct {
		name      string
		cert, key []byte
		at        string // the file at fault
		cause     string
		remedy    string
	}{
		{"swapped", pair.KeyPEM, pair.CertPEM, "cert.pem", "holds a private key but no certificate", "swapped"},
		{"certificate twice", pair.CertPEM, pair.CertPEM, "key.pem", "holds a certificate but no private key", "swapped"},
		{"DER", []byte{0x30, 0x82}, pair.KeyPEM, "cert.pem", "holds no PEM certificate", "-inform der"},
		{"DER key", pair.CertPEM, []byte{0x30, 0x82}, "key.pem", "holds no PEM private key", "-inform der"},
		{"encrypted key", pair.CertPEM, block("ENCRYPTED PRIVATE KEY"), "key.pem", "encrypted with a passphrase", "openssl pkey"},
		{"unreadable key", pair.CertPEM, block("PRIVATE KEY"), "key.pem", "parse private key", "openssl pkey"},
		{"unreadable certificate", block("CERTIFICATE"), pair.KeyPEM, "cert.pem", "x509", "issued again"},
		{"cut after the leaf", pair.CertPEM[:len(pair.CertPEM)-9], pair.KeyPEM, "cert.pem", "cut off", "whole file"},
		{"other key", pair.CertPEM, other.KeyPEM, "key.pem", "does not belong to the certificate of shop.example.com", "ordered"},
		{"leaf not first", slices.Concat(issuer, pair.LeafPEM), pair.KeyPEM, "cert.pem", "belongs to certificate 2 of the file", "first"},
	} {
		_, err := parse(FileOptions{Cert: "cert.pem", Key: "key.pem"}, tt.cert, tt.key)
		if err == nil {
			t.Errorf("%s: no error", tt.name)
			continue
		}
		if err.Path != tt.at || !strings.Contains(err.Cause.Error(), tt.cause) || !strings.Contains(err.Remedy, tt.remedy) {
			t.Errorf("%s: got %v; %s", tt.name, err, err.Remedy)
		}
	}
}

func TestOneFileMayHoldBoth(t *testing.T) {
	pair := certstest.NewCA(t).Issue(t, certstest.Leaf{Names: []string{"shop.example.com"}})
	for name, both := range map[string][]byte{
		"key last":  slices.Concat(pair.CertPEM, pair.KeyPEM),
		"key first": slices.Concat(pair.KeyPEM, pair.CertPEM),
	} {
		if _, err := parse(FileOptions{Cert: "both.pem", Key: "both.pem"}, both, both); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnreadableFileComesWithARemedy(t *testing.T) {
	for _, tt := range []struct {
		err    error
		want   string
		remedy string
	}{
		{&fs.PathError{Op: "open", Path: "cert.pem", Err: fs.ErrPermission}, "load cert.pem: permission denied", "let the user"},
		{&fs.PathError{Op: "stat", Path: "cert.pem", Err: fs.ErrNotExist}, "load cert.pem: file does not exist", "put the file in place"},
	} {
		e := readError("cert.pem", tt.err)
		if e.Error() != tt.want || !strings.HasPrefix(e.Remedy, tt.remedy) {
			t.Errorf("got %v; %s, want %s; %s", e, e.Remedy, tt.want, tt.remedy)
		}
	}
}

func TestOnlyRegularFilesOfSaneSizeAreRead(t *testing.T) {
	dir := t.TempDir()
	if _, err := readFile(dir); err == nil {
		t.Error("reads a folder")
	}
	certstest.WriteFile(t, dir+"/large", make([]byte, maxFile+1))
	if _, err := readFile(dir + "/large"); err == nil {
		t.Error("reads a file beyond the bound")
	}
}

// FuzzParse checks that whatever parse accepts can be presented, and that what
// it refuses comes with the file at fault and a remedy.
func FuzzParse(f *testing.F) {
	pair := certstest.NewCA(f).Issue(f, certstest.Leaf{Names: []string{"shop.example.com"}})
	f.Add(pair.CertPEM, pair.KeyPEM)
	f.Add(pair.KeyPEM, pair.CertPEM)
	f.Add(pair.CertPEM[:100], pair.KeyPEM[:100])
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), pair.KeyPEM)
	f.Fuzz(func(t *testing.T, cert, key []byte) {
		c, err := parse(FileOptions{Cert: "cert.pem", Key: "key.pem"}, cert, key)
		if err == nil && (c.Leaf == nil || c.PrivateKey == nil) {
			t.Error("accepted without leaf or key")
		}
		if err != nil && (err.Path == "" || err.Remedy == "") {
			t.Errorf("refused without a reason: %+v", err)
		}
	})
}
