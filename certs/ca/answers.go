package ca

import (
	"crypto/tls"
	"fmt"
	"strings"
	"sync"
)

// Answers are what a CA's validations are to be answered with now. The
// Listeners look here; orders put things in and take them out again. Their
// number is bounded by that of the orders under way.
type Answers struct {
	mu   sync.RWMutex
	http map[string]string           // by token
	alpn map[string]*tls.Certificate // by host name
}

// NewAnswers returns Answers that have none.
func NewAnswers() *Answers {
	return &Answers{http: make(map[string]string), alpn: make(map[string]*tls.Certificate)}
}

// HTTP is what a request for /.well-known/acme-challenge/TOKEN is answered with
// (RFC 8555 section 8.3). The host does not matter: tokens are random, and the
// answer is of use to nobody but the CA.
func (a *Answers) HTTP(token string) (body string, ok bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	body, ok = a.http[token]
	return body, ok
}

// TLS is the certificate for a handshake that asks for acme-tls/1 (RFC 8737
// section 3), nil if none is expected for this name.
func (a *Answers) TLS(name string) *tls.Certificate {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.alpn[strings.ToLower(strings.TrimSuffix(name, "."))]
}

// setHTTP sets the answer of a token; nil: none.
func (a *Answers) setHTTP(token string, body []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if body == nil {
		delete(a.http, token)
		return
	}
	a.http[token] = string(body)
}

// setTLS sets the certificate of a name from the text of its key and chain;
// nil: none.
func (a *Answers) setTLS(name string, text []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if text == nil {
		delete(a.alpn, name)
		return nil
	}
	c, err := tls.X509KeyPair(text, text)
	if err != nil {
		return fmt.Errorf("read a challenge's certificate: %w", err)
	}
	a.alpn[name] = &c
	return nil
}
