package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/certs/acmetest"
	"sluice/certs/certstest"
)

// twoKinds is a Sluice whose one Site has a certificate of ECDSA and one of
// RSA, with an intermediate in both chains.
type twoKinds struct {
	*sluice
	ca     *certstest.CA
	caFile string
}

func startTwoKinds(t *testing.T) twoKinds {
	t.Helper()
	dir := t.TempDir()
	root := certstest.NewCA(t)
	k := twoKinds{ca: root, caFile: filepath.Join(dir, "root.pem")}
	certstest.WriteFile(t, k.caFile, certificatePEM(root.Certificate))
	between := root.Intermediate(t, "Test Intermediate")
	var files []string
	for name, key := range map[string]certstest.Key{"ecdsa": certstest.ECDSA, "rsa": certstest.RSA} {
		folder := filepath.Join(dir, name)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		cert, private := between.Issue(t, certstest.Leaf{Names: []string{host}, Key: key}).Write(t, folder)
		files = append(files, fmt.Sprintf("{ cert = %q, key = %q }", cert, private))
	}
	k.sluice = start(t, setup{sites: fmt.Sprintf("[[site]]\nhosts = [%q]\ntls = [%s]\nupstream = %q\n",
		host, strings.Join(files, ", "), serve(t, nil).address)})
	return k
}

// "A WeChat-minded check: TLS 1.2 floor, full chain, […] ECDSA and RSA clients
// both work": each client gets the certificate that it understands, with all
// that it needs to believe it, and the upstream's answer.
func TestTLSClientsOfECDSAAndRSA(t *testing.T) {
	t.Parallel()
	openssl := program(t, "openssl")
	s := startTwoKinds(t)
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"TLS 1.2, ECDSA", []string{"-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"},
			[]string{"New, TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256", "Peer signature type: ECDSA", "Server public key is 256 bit"}},
		{"TLS 1.2, RSA", []string{"-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"},
			[]string{"New, TLSv1.2, Cipher is ECDHE-RSA-AES128-GCM-SHA256", "Peer signature type: RSA", "Server public key is 2048 bit"}},
		{"TLS 1.2, RSA with a larger key", []string{"-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"},
			[]string{"New, TLSv1.2, Cipher is ECDHE-RSA-AES256-GCM-SHA384", "Server public key is 2048 bit"}},
		{"TLS 1.2, both", []string{"-tls1_2"},
			[]string{"New, TLSv1.2, Cipher is ECDHE-ECDSA-", "Server public key is 256 bit"}},
		{"TLS 1.3, ECDSA", []string{"-tls1_3", "-sigalgs", "ecdsa_secp256r1_sha256"},
			[]string{"New, TLSv1.3", "Peer signature type: ECDSA", "Server public key is 256 bit"}},
		{"TLS 1.3, RSA", []string{"-tls1_3", "-sigalgs", "rsa_pss_rsae_sha256"},
			[]string{"New, TLSv1.3", "Peer signature type: RSA-PSS", "Server public key is 2048 bit"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"s_client", "-connect", s.https, "-servername", host, "-CAfile", s.caFile, "-verify_hostname", host,
				"-verify_return_error", "-showcerts", "-ign_eof"}, tt.args...)
			r := command(t, "GET / HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n", openssl, args...)
			for _, part := range append(tt.want, "Verify return code: 0 (ok)", "HTTP/1.1 200 OK", "Test Intermediate") {
				if !strings.Contains(r.stdout, part) {
					t.Errorf("no %q in\n%s%s", part, r.stdout, r.stderr)
				}
			}
			if n := len(certificates(r.stdout)); n != 2 {
				t.Errorf("%d certificates were sent, want the leaf and the intermediate", n)
			}
		})
	}
}

// certificates are those in a text.
func certificates(text string) (found []*x509.Certificate) {
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return found
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			found = append(found, c)
		}
	}
}

// "no TLS 1.0/1.1": it is the server that refuses, by the alert
// protocol_version (RFC 8446 section 4.1.2, RFC 8996). Two clients that would
// speak these versions say so.
func TestTLSClientsOfOldVersions(t *testing.T) {
	t.Parallel()
	s := startTwoKinds(t)
	// OpenSSL refuses these versions itself at its usual security level.
	for _, flag := range []string{"-tls1", "-tls1_1"} {
		t.Run("openssl s_client "+flag, func(t *testing.T) {
			r := command(t, "", program(t, "openssl"), "s_client", "-connect", s.https, "-servername", host, flag, "-cipher", "ALL:@SECLEVEL=0")
			if strings.Contains(r.stderr, "Option unknown") || strings.Contains(r.stderr, "unknown option") || strings.Contains(r.stderr, "no protocols available") {
				t.Skipf("skipped: this OpenSSL does not speak the version: %.200s", r.stderr)
			}
			if r.status == 0 || !strings.Contains(r.stderr, "alert protocol version") || !strings.Contains(r.stderr, "SSL alert number 70") {
				t.Errorf("exit status %d\n%s%s", r.status, r.stdout, r.stderr)
			}
		})
	}
	for name, version := range map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11} {
		t.Run("Go, TLS "+name, func(t *testing.T) {
			c := s.ca.Client(host)
			c.MinVersion, c.MaxVersion = tls.VersionTLS10, version
			conn, err := tls.Dial("tcp", s.https, c)
			if err == nil {
				conn.Close()
			}
			if err == nil || !strings.Contains(err.Error(), "remote error: tls: protocol version not supported") {
				t.Errorf("%v, want the alert protocol_version", err)
			}
		})
	}
	t.Run("Go, TLS 1.2", func(t *testing.T) {
		c := s.ca.Client(host)
		c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS12
		conn, err := tls.Dial("tcp", s.https, c)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if v := conn.ConnectionState().Version; v != tls.VersionTLS12 {
			t.Errorf("version %x", v)
		}
	})
	// What a client of TLS 1.2 must not be given: no forward secrecy, no
	// authenticated encryption.
	for _, cipher := range []string{"AES128-SHA", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256"} {
		t.Run("openssl s_client -cipher "+cipher, func(t *testing.T) {
			r := command(t, "", program(t, "openssl"), "s_client", "-connect", s.https, "-servername", host, "-tls1_2", "-cipher", cipher+":@SECLEVEL=0")
			if strings.Contains(r.stderr, "no cipher match") {
				t.Skipf("skipped: this OpenSSL does not have the cipher")
			}
			if r.status == 0 || !strings.Contains(r.stderr, "alert handshake failure") {
				t.Errorf("exit status %d\n%s%s", r.status, r.stdout, r.stderr)
			}
		})
	}
}

// "full chain": that of a certificate obtained from a CA, by the eyes of a
// client that fetches nothing, with either version.
func TestTLSClientsOfAnObtainedCertificate(t *testing.T) {
	t.Parallel()
	openssl := program(t, "openssl")
	ca := acmetest.Start(t, acmetest.Options{ChainLength: 2})
	o := newOrdering(t, ca)
	s := o.run()
	root := o.rootFile(o.obtained(s, shop))
	for _, flag := range []string{"-tls1_2", "-tls1_3"} {
		r := command(t, "GET / HTTP/1.1\r\nHost: "+shop+"\r\nConnection: close\r\n\r\n", openssl, "s_client", "-connect", s.https,
			"-servername", shop, "-CAfile", root, "-verify_hostname", shop, "-verify_return_error", "-showcerts", "-ign_eof", flag)
		for _, part := range []string{"Verify return code: 0 (ok)", "HTTP/1.1 200 OK"} {
			if !strings.Contains(r.stdout, part) {
				t.Errorf("%s: no %q in\n%s%s", flag, part, r.stdout, r.stderr)
			}
		}
		chain := certificates(r.stdout)
		if len(chain) < 3 {
			t.Fatalf("%s: %d certificates were sent, want the leaf and two intermediates", flag, len(chain))
		}
		// s_client shows the chain, and the leaf once more.
		for i, c := range chain[:2] {
			if err := c.CheckSignatureFrom(chain[i+1]); err != nil {
				t.Errorf("%s: certificate %d is not followed by its issuer: %v", flag, i, err)
			}
		}
	}
	r := command(t, "", openssl, "s_client", "-connect", s.https, "-servername", shop, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
	if r.status == 0 {
		t.Errorf("TLS 1.1: %s", r.stdout)
	}
}
