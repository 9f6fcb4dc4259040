package acmetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
	"github.com/miekg/dns"

	"sluice/leaktest"
)

// TestMain fails the package when a test leaves a goroutine behind.
func TestMain(m *testing.M) { leaktest.Main(m) }

// client is an ACME client that answers challenges. It never tries an order
// again.
type client struct {
	*acme.Client
	ca      *CA
	account acme.Account

	mu      sync.Mutex
	tokens  map[string]string           // http-01: key authorizations by path; guarded by mu, as all below
	pledges map[string]*tls.Certificate // tls-alpn-01: by name
}

// newClient makes a client that has no account, and lets it answer ca.
func newClient(t *testing.T, ca *CA) *client {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca.RootPEM()) {
		t.Fatal("RootPEM is no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	c := &client{
		Client: &acme.Client{
			Directory:    ca.Directory(),
			HTTPClient:   &http.Client{Transport: transport},
			PollInterval: 10 * time.Millisecond,
			PollTimeout:  10 * time.Second,
		},
		ca:      ca,
		tokens:  map[string]string{},
		pledges: map[string]*tls.Certificate{},
	}
	server := httptest.NewServer(http.HandlerFunc(c.serveHTTP))
	t.Cleanup(server.Close)
	ca.AnswerHTTP(server.Listener.Addr().String())

	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		NextProtos:     []string{acmez.ACMETLS1Protocol},
		GetCertificate: c.pledge,
	})
	if err != nil {
		t.Fatal(err)
	}
	ca.AnswerTLS(listener.Addr().String())
	var running sync.WaitGroup
	running.Go(func() { shakeHands(listener) })
	t.Cleanup(func() {
		listener.Close()
		running.Wait()
	})
	return c
}

func (c *client) serveHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.Write([]byte(c.tokens[r.URL.Path]))
}

func (c *client) pledge(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pledges[hello.ServerName], nil
}

// shakeHands shakes hands with all who come, and bids them farewell.
func shakeHands(listener net.Listener) {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		running.Go(func() {
			defer conn.Close()
			conn.(*tls.Conn).Handshake()
		})
	}
}

// register makes an account.
func (c *client) register(t *testing.T) *client {
	t.Helper()
	account, err := c.NewAccount(t.Context(), acme.Account{TermsOfServiceAgreed: true, PrivateKey: newKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	c.account = account
	return c
}

// wish is an order to be made.
type wish struct {
	names     []string
	challenge string // http-01 if empty
	profile   string
	replaces  *x509.Certificate
}

// obtain orders a certificate, and returns the chain.
func (c *client) obtain(ctx context.Context, t *testing.T, w wish) ([]*x509.Certificate, error) {
	t.Helper()
	order, err := c.order(ctx, w)
	if err != nil {
		return nil, err
	}
	for _, url := range order.Authorizations {
		authorization, err := c.GetAuthorization(ctx, c.account, url)
		if err != nil {
			return nil, err
		}
		if err := c.prove(ctx, t, authorization, w.challenge); err != nil {
			return nil, err
		}
	}
	csr, err := acmez.NewCSR(newKey(t), w.names)
	if err != nil {
		t.Fatal(err)
	}
	order, err = c.FinalizeOrder(ctx, c.account, order, csr.Raw)
	if err != nil {
		return nil, err
	}
	chains, err := c.GetCertificateChain(ctx, c.account, order.Certificate)
	if err != nil {
		return nil, err
	}
	return parse(t, chains[0].ChainPEM), nil
}

// mustObtain is obtain where it is to succeed. It returns the leaf.
func (c *client) mustObtain(t *testing.T, w wish) *x509.Certificate {
	t.Helper()
	chain, err := c.obtain(t.Context(), t, w)
	if err != nil {
		t.Fatal(err)
	}
	return chain[0]
}

func (c *client) order(ctx context.Context, w wish) (acme.Order, error) {
	order := acme.Order{Profile: w.profile}
	for _, name := range w.names {
		order.Identifiers = append(order.Identifiers, acme.Identifier{Type: "dns", Value: name})
	}
	if w.replaces != nil {
		id, err := acme.ARIUniqueIdentifier(w.replaces)
		if err != nil {
			return order, err
		}
		order.Replaces = id
	}
	return c.NewOrder(ctx, c.account, order)
}

// prove makes the CA believe that an authorization's name is ours.
func (c *client) prove(ctx context.Context, t *testing.T, a acme.Authorization, kind string) error {
	t.Helper()
	if a.Status == acme.StatusValid {
		return nil
	}
	if kind == "" {
		kind = acme.ChallengeTypeHTTP01
	}
	for _, challenge := range a.Challenges {
		if challenge.Type != kind {
			continue
		}
		defer c.present(t, challenge)()
		if _, err := c.InitiateChallenge(ctx, c.account, challenge); err != nil {
			return err
		}
	}
	_, err := c.PollAuthorization(ctx, c.account, a)
	return err
}

// present answers a challenge until the function it returns is called.
func (c *client) present(t *testing.T, challenge acme.Challenge) (clear func()) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch challenge.Type {
	case acme.ChallengeTypeHTTP01:
		c.tokens[challenge.HTTP01ResourcePath()] = challenge.KeyAuthorization
	case acme.ChallengeTypeTLSALPN01:
		pledge, err := acmez.TLSALPN01ChallengeCert(challenge)
		if err != nil {
			t.Fatal(err)
		}
		c.pledges[challenge.Identifier.Value] = pledge
	case acme.ChallengeTypeDNS01:
		record := &dns.TXT{
			Hdr: dns.RR_Header{Name: dns.Fqdn(challenge.DNS01TXTRecordName()), Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 1},
			Txt: []string{challenge.DNS01KeyAuthorization()},
		}
		update(t, c.ca, func(m *dns.Msg) { m.Insert([]dns.RR{record}) })
		return func() { update(t, c.ca, func(m *dns.Msg) { m.Remove([]dns.RR{record}) }) }
	}
	return func() {}
}

// update sends an update of the zone example.com, which has to succeed.
func update(t *testing.T, ca *CA, change func(*dns.Msg)) {
	t.Helper()
	name, secret := ca.TSIG()
	m := new(dns.Msg).SetUpdate("example.com.")
	change(m)
	m.SetTsig(name, dns.HmacSHA256, 300, time.Now().Unix())
	sender := &dns.Client{Net: "udp", TsigSecret: map[string]string{name: secret}}
	answer, _, err := sender.Exchange(m, ca.DNS())
	if err != nil {
		t.Fatal(err)
	}
	if answer.Rcode != dns.RcodeSuccess || answer.IsTsig() == nil {
		t.Fatalf("update: %v", answer)
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func parse(t *testing.T, chain []byte) (certificates []*x509.Certificate) {
	t.Helper()
	for {
		var block *pem.Block
		if block, chain = pem.Decode(chain); block == nil {
			return certificates
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		certificates = append(certificates, c)
	}
}
