package server

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"sluice/certs"
	"sluice/certs/certstest"
)

// dialTLS connects without looking at the certificate.
func dialTLS(t testing.TB, s *running, name string) *tls.Conn {
	t.Helper()
	c, err := tlsTo(t, s, &tls.Config{ServerName: name, InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func tlsTo(t testing.TB, s *running, cfg *tls.Config) (*tls.Conn, error) {
	t.Helper()
	d := &net.Dialer{Timeout: patience}
	c, err := tls.DialWithDialer(d, "tcp", s.HTTPS().String(), cfg)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { c.Close() })
	return c, nil
}

// filesSite is a config with two Sites: one with a certificate in files, and
// one that signs its own and is the default.
func filesSite(t testing.TB, ca *certstest.CA, upstream string) (text, cert, key string) {
	cert, key = ca.Issue(t, certstest.Leaf{Names: []string{"shop.example.com"}}).Write(t, t.TempDir())
	return `
[[site]]
hosts = ["shop.example.com"]
tls = { cert = "` + cert + `", key = "` + key + `" }
upstream = "main"
[[site]]
hosts = ["test.example.com", "*.test.example.com"]
tls = "self-signed"
default = true
upstream = "main"
` + pool("main", upstream), cert, key
}

func TestCertificatesOfFilesAndSelfSigned(t *testing.T) {
	ca := certstest.NewCA(t)
	text, _, _ := filesSite(t, ca, app(t, answering(hello)))
	s := serving(t, "", text)
	c, err := tlsTo(t, s, ca.Client("shop.example.com"))
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, get)
	if got, _ := io.ReadAll(c); !strings.HasSuffix(string(got), "hello") {
		t.Errorf("got %q", got)
	}
	for _, tt := range []struct{ sni, cert string }{
		{"shop.example.com", "shop.example.com"},
		{"test.example.com", "test.example.com"},
		{"a.test.example.com", "*.test.example.com"},
		{"unknown.example.com", "test.example.com"}, // the default Site's
		{"", "test.example.com"},
	} {
		leaf := dialTLS(t, s, tt.sni).ConnectionState().PeerCertificates[0]
		if !strings.Contains(strings.Join(leaf.DNSNames, " ")+" ", tt.cert+" ") {
			t.Errorf("%q is shown %q", tt.sni, leaf.DNSNames)
		}
	}
	// Plain requests are redirected to the port that the system has chosen.
	_, port, _ := net.SplitHostPort(s.HTTPS().String())
	if got := ask(t, s.HTTP(), get); !strings.Contains(got, "\r\nLocation: https://shop.example.com:"+port+"/\r\n") {
		t.Errorf("got %q", got)
	}
	s.stop()
	line := s.logged()[0]
	if line["tls"] != "1.3" || line["sni"] != "shop.example.com" || line["alpn"] != nil && line["alpn"] != "" {
		t.Errorf("access log: %v", line)
	}
}

// RFC 6066 section 3: the alert unrecognized_name; without a default Site
// nobody's certificate is shown to those who ask for another.
func TestWithoutADefaultUnknownNamesGetNoCertificate(t *testing.T) {
	s := serving(t, "", `
[[site]]
hosts = ["shop.example.com"]
tls = "self-signed"
upstream = "127.0.0.1:1"
`)
	if _, err := tlsTo(t, s, &tls.Config{ServerName: "other.test", InsecureSkipVerify: true}); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("handshake: %v", err)
	}
	until(t, "the log line", func() bool { return s.diary.has("connection failed") })
}

// A certificate that is replaced on disk is served from the next handshake on,
// and the log tells; one that cannot be used leaves the old one in place.
func TestAReplacedCertificateIsServedAndLogged(t *testing.T) {
	ca := certstest.NewCA(t)
	text, cert, key := filesSite(t, ca, "127.0.0.1:1")
	s := listening(t, "", text)
	source, err := certs.NewFile(certs.FileOptions{Cert: cert, Key: key, Names: []string{"shop.example.com"},
		Interval: 5 * time.Millisecond}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s.inForce.Load().sources[0] = source // as it was, but for the interval
	s.run()
	serial := func() string {
		return dialTLS(t, s, "shop.example.com").ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	first := serial()

	newCert, newKey := ca.Issue(t, certstest.Leaf{Names: []string{"shop.example.com"}}).Write(t, t.TempDir())
	replace(t, newKey, key)
	replace(t, newCert, cert)
	until(t, "the event", func() bool { return s.diary.has("certificate loaded") })
	second := serial()
	if second == first {
		t.Error("the old certificate is served")
	}

	if err := os.WriteFile(cert, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	until(t, "the event", func() bool { return s.diary.has("certificate not replaced, the old one stays") })
	if !s.diary.has("do=") {
		t.Errorf("no remedy: %s", s.diary)
	}
	if serial() != second {
		t.Error("the last good certificate is not served")
	}
}

func replace(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
