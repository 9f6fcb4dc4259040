package ca

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"sluice/certs"
	"sluice/certs/dnsapi"
)

// DNS is a certs.Authority for names whose records we can change. An order that
// was broken off is taken up where it stood, also after a crash: neither it nor
// the certificate that the CA may have issued meanwhile is lost.
type DNS struct {
	*Account
	options DNSOptions
}

// DNSOptions say how a DNS proves that names are ours, and what it orders.
type DNSOptions struct {
	Provider dnsapi.Provider
	Finder   *dnsapi.Finder
	Profile  string // of the CA's certificates; empty: the CA's default
}

// NewDNS returns an Authority; it asks nobody anything yet.
func NewDNS(a *Account, o DNSOptions) *DNS { return &DNS{a, o} }

// Obtain is certs.Authority's.
func (d *DNS) Obtain(ctx context.Context, o certs.Order) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, orderTimeout)
	defer cancel()
	t := newTransport(ctx, d.inner)
	defer t.close()
	w := d.orderWith(t, o)
	// Requests end with the transport's life, which is that of ctx and, while
	// the CA is issuing, a little more.
	text, err := w.run(t.life)
	var known *certs.OrderError
	switch {
	case err == nil:
		return text, nil
	case errors.As(err, &known):
		return nil, known
	}
	return nil, t.explain(d.directory.URL, err)
}

func (d *DNS) orderWith(t *transport, o certs.Order) *dnsOrder {
	return &dnsOrder{DNS: d, wanted: o, t: t, client: &acme.Client{
		Directory:    d.directory.URL,
		UserAgent:    d.directory.Agent,
		HTTPClient:   &http.Client{Transport: t, CheckRedirect: noRedirect},
		PollInterval: time.Second,
	}}
}

// dnsOrder is one call of Obtain.
type dnsOrder struct {
	*DNS
	wanted  certs.Order
	t       *transport
	client  *acme.Client
	account acme.Account
	key     *ecdsa.PrivateKey // of the certificate
}

// keptOrder is what an order is taken up again by.
type keptOrder struct {
	Directory string `json:"directory"`
	URL       string `json:"url"`
	Key       []byte `json:"key"` // of the certificate, PEM
}

// run goes from the account to the certificate (RFC 8555 section 7.1).
func (w *dnsOrder) run(ctx context.Context) ([]byte, error) {
	if err := w.register(ctx); err != nil {
		return nil, err
	}
	order, err := w.order(ctx)
	if err != nil {
		return nil, err
	}
	if order.Status == acme.StatusPending {
		if err := w.authorize(ctx, order); err != nil {
			return nil, err
		}
	}
	if order.Status != acme.StatusValid {
		if order, err = w.finalize(ctx, order); err != nil {
			return nil, err
		}
	}
	w.t.say("download the certificate")
	chains, err := w.client.GetCertificateChain(ctx, w.account, order.Certificate)
	if err != nil {
		return nil, err
	}
	if len(chains) == 0 {
		return nil, errors.New("the CA sent no certificate")
	}
	text, err := keyPEM(w.key)
	if err != nil {
		return nil, err
	}
	return append(text, bytes.TrimSpace(chains[0].ChainPEM)...), nil
}

// register sees to it that there is an account.
func (w *dnsOrder) register(ctx context.Context) error {
	known, key, err := w.Account.get()
	if err != nil {
		return w.fail("prepare", err, "")
	}
	w.t.say("register the account")
	w.account = acme.Account{PrivateKey: key, Location: known.URL, Status: acme.StatusValid, TermsOfServiceAgreed: true}
	if known.URL != "" {
		return nil
	}
	if w.directory.Email != "" {
		w.account.Contact = []string{"mailto:" + w.directory.Email}
	}
	if w.directory.EAB != nil {
		mac, err := w.directory.EAB.mac()
		if err != nil {
			return w.fail("prepare", err, "correct acme.eab_key")
		}
		eab := acme.EAB{KeyID: w.directory.EAB.KeyID, MACKey: base64.RawURLEncoding.EncodeToString(mac)}
		if err := w.account.SetExternalAccountBinding(ctx, w.client, eab); err != nil {
			return err
		}
	}
	w.account.Status = ""
	registered, err := w.client.NewAccount(ctx, w.account)
	if err != nil {
		return err
	}
	registered.PrivateKey = key
	w.account = registered
	return w.Account.registered(known, registered.Location)
}

// order takes up the unfinished order, or begins one.
func (w *dnsOrder) order(ctx context.Context) (acme.Order, error) {
	w.t.say("order")
	if order, ok := w.resume(ctx); ok {
		return order, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return acme.Order{}, w.fail("prepare", err, "")
	}
	w.key = key
	order := acme.Order{
		Identifiers: []acme.Identifier{{Type: "dns", Value: w.wanted.Name}},
		Profile:     w.options.Profile,
	}
	if w.wanted.Replaces != nil {
		// Without an authority key identifier there is no name for it.
		order.Replaces, _ = acme.ARIUniqueIdentifier(w.wanted.Replaces)
	}
	made, err := w.begin(ctx, order)
	if err != nil {
		return acme.Order{}, err
	}
	return made, w.keep(made)
}

// begin makes a new order. A CA may not know, or have replaced already, what
// this one is to replace (RFC 9773 section 5): that is no reason not to order.
// And it may have forgotten the account, as test CAs do.
func (w *dnsOrder) begin(ctx context.Context, order acme.Order) (acme.Order, error) {
	made, err := w.client.NewOrder(ctx, w.account, order)
	var p acme.Problem
	if err != nil && errors.As(err, &p) && p.Type == acme.ProblemTypeAccountDoesNotExist {
		known, _, _ := w.Account.get()
		if err := w.Account.registered(known, ""); err != nil {
			return made, err
		}
		if err := w.register(ctx); err != nil {
			return made, err
		}
		w.t.say("order")
		made, err = w.client.NewOrder(ctx, w.account, order)
	}
	if err != nil && order.Replaces != "" && errors.As(err, &p) && p.Status != http.StatusTooManyRequests {
		order.Replaces = ""
		made, err = w.client.NewOrder(ctx, w.account, order)
	}
	return made, err
}

// resume returns the unfinished order, if the CA still has it and it can come
// to something.
func (w *dnsOrder) resume(ctx context.Context) (acme.Order, bool) {
	var kept keptOrder
	if json.Unmarshal(w.wanted.Unfinished, &kept) != nil || kept.Directory != w.directory.URL || kept.URL == "" {
		return acme.Order{}, false
	}
	key, err := parseKey(kept.Key)
	if err != nil {
		return acme.Order{}, false
	}
	if old := w.wanted.Replaces; old != nil && key.PublicKey.Equal(old.PublicKey) {
		return acme.Order{}, false // it was finished, and a crash left it over
	}
	order, err := w.client.GetOrder(ctx, w.account, acme.Order{Location: kept.URL})
	if err != nil || len(order.Identifiers) != 1 || order.Identifiers[0].Value != w.wanted.Name {
		return acme.Order{}, false
	}
	switch order.Status {
	case acme.StatusPending, acme.StatusReady, acme.StatusProcessing, acme.StatusValid:
		w.key = key
		return order, true
	}
	return acme.Order{}, false
}

// keep stores the order before anything is done about it.
func (w *dnsOrder) keep(order acme.Order) error {
	key, err := keyPEM(w.key)
	if err != nil {
		return err
	}
	text, err := json.Marshal(keptOrder{Directory: w.directory.URL, URL: order.Location, Key: key})
	if err != nil {
		return err
	}
	w.wanted.Keep(text)
	return nil
}

// finalize has the CA issue the certificate, unless it is at it already, and
// waits for that.
func (w *dnsOrder) finalize(ctx context.Context, order acme.Order) (acme.Order, error) {
	w.t.say("issue the certificate")
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{w.wanted.Name}}, w.key)
	if err != nil {
		return order, w.fail("prepare", err, "")
	}
	order, err = w.client.FinalizeOrder(ctx, w.account, order, csr)
	if err == nil && order.Certificate == "" {
		err = fmt.Errorf("the CA's order is %q and has no certificate", oneLine(order.Status))
	}
	return order, err
}

// fail is an OrderError for what is not the CA's doing.
func (w *dnsOrder) fail(step string, err error, remedy string) error {
	return &certs.OrderError{Directory: w.directory.URL, Step: step, Cause: err, Remedy: remedy}
}
