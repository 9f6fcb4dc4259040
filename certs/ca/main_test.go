package ca

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"

	"sluice/certs"
	"sluice/certs/acmetest"
	"sluice/certs/dnsapi"
	"sluice/leaktest"
)

// TestMain fails the package when a test leaves a goroutine behind.
func TestMain(m *testing.M) { leaktest.Main(m) }

const shop = "shop.example.com"

// rig is a CA and this machine as the CA sees it.
type rig struct {
	ca        *acmetest.CA
	answers   *Answers
	directory Directory
}

func newRig(t *testing.T, o acmetest.Options) *rig {
	t.Helper()
	r := &rig{ca: acmetest.Start(t, o), answers: NewAnswers()}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(r.ca.RootPEM())
	r.directory = Directory{
		URL: r.ca.Directory(), Email: "ops@example.com", Roots: roots, Agent: "sluice-test",
		Vault: certs.NewVault(t.TempDir()),
	}
	return r
}

// answerHTTP has http-01 answered.
func (r *rig) answerHTTP(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		token, _ := strings.CutPrefix(q.URL.Path, "/.well-known/acme-challenge/")
		body, ok := r.answers.HTTP(token)
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	r.ca.AnswerHTTP(s.Listener.Addr().String())
}

// answerTLS has tls-alpn-01 answered.
func (r *rig) answerTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{NextProtos: []string{acme.ALPNProto}, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if c := r.answers.TLS(hello.ServerName); c != nil {
			return c, nil
		}
		return nil, errors.New("no challenge")
	}}
	s.StartTLS()
	t.Cleanup(s.Close)
	r.ca.AnswerTLS(s.Listener.Addr().String())
}

func (r *rig) ports(http bool) *Ports {
	return NewPorts(NewAccount(r.directory), PortsOptions{Answers: r.answers, HTTP: http})
}

// dns is an Authority that changes the records of the CA's name server.
func (r *rig) dns() *DNS {
	name, secret := r.ca.TSIG()
	return NewDNS(NewAccount(r.directory), DNSOptions{
		Provider: dnsapi.NewUpdate(dnsapi.UpdateOptions{Server: r.ca.DNS(), KeyName: name,
			KeySecret: func() (string, error) { return secret, nil }}),
		Finder: dnsapi.NewFinder(dnsapi.FinderOptions{Resolvers: []string{r.ca.DNS()}, Timeout: 20 * time.Second}),
	})
}

// drawer is an Order's place for what is unfinished.
type drawer struct {
	mu   sync.Mutex
	kept []byte
}

func (d *drawer) order(name string) certs.Order {
	d.mu.Lock()
	defer d.mu.Unlock()
	return certs.Order{Name: name, Unfinished: d.kept, Keep: func(b []byte) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.kept = b
	}}
}

// check reports what is wrong with an obtained certificate.
func (r *rig) check(name string, text []byte) error {
	c, err := tls.X509KeyPair(text, text)
	if err != nil {
		return err
	}
	if c.Leaf.PublicKeyAlgorithm != x509.ECDSA {
		return fmt.Errorf("the key is %v", c.Leaf.PublicKeyAlgorithm)
	}
	between := x509.NewCertPool()
	for _, der := range c.Certificate[1:] {
		i, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		between.AddCert(i)
	}
	host := strings.Replace(name, "*", "any", 1)
	_, err = c.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: r.ca.IssuingRoots(), Intermediates: between})
	return err
}

func mustObtain(t *testing.T, r *rig, a certs.Authority, o certs.Order) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	text, err := a.Obtain(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.check(o.Name, text); err != nil {
		t.Fatal(err)
	}
	return text
}

func mustFail(t *testing.T, a certs.Authority, o certs.Order) *certs.OrderError {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := a.Obtain(ctx, o)
	var e *certs.OrderError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *OrderError", err)
	}
	return e
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
