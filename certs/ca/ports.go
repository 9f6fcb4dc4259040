package ca

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"sluice/certs"
)

// Ports is a certs.Authority for names whose ports 80 or 443 the CA can reach.
// The challenges that it has to answer meanwhile are in its Answers.
//
// autocert does the talking. Each order has a Manager of its own, which is
// asked once and never again: so its own renewals, which fail in silence, never
// come to happen; a certificate is never lost to a full disk; and no handshake
// of a client reaches it.
type Ports struct {
	*Account
	options PortsOptions
}

// PortsOptions say how a Ports can prove that names are ours.
type PortsOptions struct {
	Answers *Answers // where the Listeners find what to answer
	HTTP    bool     // port 80 is ours too: http-01 is tried when tls-alpn-01 fails
}

// NewPorts returns an Authority; it asks nobody anything yet.
func NewPorts(a *Account, o PortsOptions) *Ports { return &Ports{a, o} }

// Obtain is certs.Authority's. autocert cannot take up an unfinished order: one
// that was broken off by a crash is ordered anew.
func (p *Ports) Obtain(ctx context.Context, o certs.Order) ([]byte, error) {
	t := newTransport(ctx, p.inner)
	defer t.close()
	t.say("register the account")
	client, binding, err := p.client(t)
	if err != nil {
		return nil, &certs.OrderError{Directory: p.directory.URL, Step: "prepare", Cause: err}
	}
	cache := &orderCache{answers: p.options.Answers, key: o.Name}
	manager := &autocert.Manager{
		Prompt:                 autocert.AcceptTOS,
		Cache:                  cache,
		HostPolicy:             autocert.HostWhitelist(o.Name),
		RenewBefore:            30 * 24 * time.Hour, // see orderCache.Get
		Client:                 client,
		Email:                  p.directory.Email,
		ExternalAccountBinding: binding,
	}
	if p.options.HTTP {
		manager.HTTPHandler(nil) // turns http-01 on
	}
	obtained, err := manager.GetCertificate(modernHello(o.Name))
	if err != nil {
		return nil, t.explain(p.directory.URL, err)
	}
	return certificatePEM(obtained)
}

// client is what speaks ACME for one order.
func (p *Ports) client(t *transport) (*acme.Client, *acme.ExternalAccountBinding, error) {
	_, key, err := p.get()
	if err != nil {
		return nil, nil, err
	}
	client := &acme.Client{
		Key:          key,
		HTTPClient:   &http.Client{Transport: t, CheckRedirect: noRedirect},
		DirectoryURL: p.directory.URL,
		UserAgent:    p.directory.Agent,
		RetryBackoff: func(n int, _ *http.Request, response *http.Response) time.Duration {
			return backoff(t, n, response)
		},
	}
	if p.directory.EAB == nil {
		return client, nil, nil
	}
	mac, err := p.directory.EAB.mac()
	if err != nil {
		return nil, nil, err
	}
	return client, &acme.ExternalAccountBinding{KID: p.directory.EAB.KeyID, Key: mac}, nil
}

// mac is the binding's key.
func (e *EAB) mac() ([]byte, error) {
	text, err := e.Key()
	if err != nil {
		return nil, err
	}
	mac, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(text), "="))
	if err != nil || len(mac) == 0 {
		return nil, errors.New("the MAC key of the external account binding is not base64url")
	}
	return mac, nil
}

// backoff is how long to wait before the n-th repetition of a request that the
// CA refused in a way that may pass; 0: it is not repeated. A CA that limits us
// is left alone at once, certs.Managed comes back when it says so.
func backoff(t *transport, n int, response *http.Response) time.Duration {
	switch {
	case t.life.Err() != nil || response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable:
		return 0
	case response.StatusCode >= 500 && n > 2:
		return 0
	case response.StatusCode >= 500:
		return time.Duration(n) * time.Second
	case n > 10:
		return 0
	}
	return 50 * time.Millisecond // a nonce that was stale
}

func noRedirect(*http.Request, []*http.Request) error {
	return errors.New("the CA's directory redirects; write the URL that it leads to")
}

// modernHello is what a client of today says. autocert orders an RSA
// certificate for one that knows no ECDSA, and RSA is not worth its cost.
func modernHello(name string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{
		ServerName:        name,
		CipherSuites:      []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		SignatureSchemes:  []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
		SupportedCurves:   []tls.CurveID{tls.CurveP256},
		SupportedVersions: []uint16{tls.VersionTLS13, tls.VersionTLS12},
	}
}

// certificatePEM is the text of a certificate's key and chain.
func certificatePEM(c *tls.Certificate) ([]byte, error) {
	key, ok := c.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the key is of type %T", c.PrivateKey)
	}
	text, err := keyPEM(key)
	if err != nil {
		return nil, err
	}
	b := bytes.NewBuffer(text)
	for _, der := range c.Certificate {
		if err := pem.Encode(b, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}
