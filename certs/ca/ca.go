// Package ca obtains certificates from CAs that speak ACME (RFC 8555). It
// knows two ways:
//
//	Ports   by golang.org/x/crypto/acme/autocert: the CA connects to our ports
//	        80 and 443 (http-01, and tls-alpn-01 of RFC 8737)
//	DNS     by github.com/mholt/acmez: a record in the DNS proves that the name
//	        is ours (dns-01). Works for wildcards and behind closed ports
//
// Both are a certs.Authority: they know how to obtain one certificate, and
// certs.Managed decides when. What the CA answers passes through a transport
// of our own, which remembers its problem documents: what a person reads in
// the log is what the CA has said, not that something did not work.
package ca

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"sluice/certs"
)

// Directory says where a CA is and who we are to it.
type Directory struct {
	URL   string
	Email string         // for the CA to write to; may be empty
	Roots *x509.CertPool // for the CA's own HTTPS server; nil: the system's
	EAB   *EAB           // binds the account to one that the CA knows; nil: none
	Agent string         // our name and version, for the CA's logs
	Vault *certs.Vault   // keeps the account
}

// EAB is an external account binding (RFC 8555 section 7.3.4).
type EAB struct {
	KeyID string
	// Key gives the MAC key as the CA hands it out, in base64url.
	Key func() (string, error)
}

const (
	// requestTimeout is for one request to a CA and its answer.
	requestTimeout = 30 * time.Second

	// orderTimeout is for an order from beginning to end. A CA validates
	// within seconds, or in minutes when it is busy.
	orderTimeout = 10 * time.Minute

	// commitGrace is how long a CA that is validating or issuing is waited for
	// when we are to end.
	commitGrace = 10 * time.Second
)

// account is what is kept of an account.
type account struct {
	Directory string `json:"directory"`
	Key       []byte `json:"key"`           // PEM
	URL       string `json:"url,omitempty"` // empty: not registered yet
}

// Account is ours at a directory. Its key is made once, however many ask at a
// time, and kept in the Vault. All Authorities at a directory share one Account.
type Account struct {
	directory Directory       // fixed
	inner     *http.Transport // fixed; carries all requests to the CA
	mu        sync.Mutex      // held while the key is made or stored
}

// NewAccount returns the account at a directory; it asks nobody anything yet.
func NewAccount(d Directory) *Account {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = tlsConfig(d.Roots)
	t.ResponseHeaderTimeout = requestTimeout
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 4, 4
	t.IdleConnTimeout = 10 * time.Second
	t.MaxResponseHeaderBytes = 64 << 10
	return &Account{directory: d, inner: t}
}

// Directory is the URL of the CA's directory.
func (a *Account) Directory() string { return a.directory.URL }

// RenewalInfo is certs.Authority's, whichever way the certificate was obtained.
func (a *Account) RenewalInfo(ctx context.Context, leaf *x509.Certificate) (certs.RenewalInfo, error) {
	return renewalInfo(ctx, a.directory, a.inner, leaf)
}

// get returns what is kept, with a new key if there is nothing.
func (a *Account) get() (account, *ecdsa.PrivateKey, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	text, err := a.directory.Vault.Get(certs.AccountKey(a.directory.URL))
	if err == nil {
		return parseAccount(text)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return account{}, nil, fmt.Errorf("read the account's key: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return account{}, nil, err
	}
	block, err := keyPEM(key)
	if err != nil {
		return account{}, nil, err
	}
	made := account{Directory: a.directory.URL, Key: block}
	return made, key, a.put(made)
}

// registered notes the URL of the account.
func (a *Account) registered(known account, url string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	known.URL = url
	return a.put(known)
}

// put needs mu.
func (a *Account) put(known account) error {
	text, err := json.Marshal(known)
	if err != nil {
		return err
	}
	a.directory.Vault.Put(certs.AccountKey(a.directory.URL), text)
	return nil
}

func parseAccount(text []byte) (account, *ecdsa.PrivateKey, error) {
	var known account
	if err := json.Unmarshal(text, &known); err != nil {
		return account{}, nil, errors.New("the stored account is damaged; move its file away to get a new one")
	}
	key, err := parseKey(known.Key)
	return known, key, err
}

// keyPEM is the text of a private key.
func keyPEM(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func parseKey(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("a stored key is damaged")
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("a stored key is damaged")
	}
	return key, nil
}
