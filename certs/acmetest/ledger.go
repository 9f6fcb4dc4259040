package acmetest

import (
	"crypto/x509"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/letsencrypt/pebble/v2/acme"
	"github.com/letsencrypt/pebble/v2/core"
)

// Counts are numbers of things since the CA's start.
type Counts struct {
	Requests          int // of any kind, also those that were refused or cut
	Accounts          int // registered
	Orders            int // accepted
	Finalized         int // orders whose finalization was accepted
	Issued            int // certificates
	FailedValidations int // authorizations that have become invalid
}

// ledger is what the CA has done.
type ledger struct {
	mu        sync.Mutex
	requests  []string // paths
	accounts  int
	orders    []*core.Order
	finalized int
	issued    []*core.Order // in order of issue
}

// Counts is how much the CA has done.
func (c *CA) Counts() Counts {
	l := c.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	n := Counts{
		Requests:  len(l.requests),
		Accounts:  l.accounts,
		Orders:    len(l.orders),
		Finalized: l.finalized,
		Issued:    len(l.issued),
	}
	// An authorization that is reused is in several orders.
	failed := map[string]bool{}
	for _, a := range l.authorizationsLocked() {
		a.RLock()
		if a.Status == acme.StatusInvalid {
			failed[a.ID] = true
		}
		a.RUnlock()
	}
	n.FailedValidations = len(failed)
	return n
}

// Requests is how many requests had the substring in their path.
func (c *CA) Requests(path string) (n int) {
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	for _, p := range c.ledger.requests {
		if strings.Contains(p, path) {
			n++
		}
	}
	return n
}

// Orders is how many orders for the name, perhaps among others, were accepted.
func (c *CA) Orders(name string) int {
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	return countFor(name, c.ledger.orders)
}

// Issued is how many certificates for the name, perhaps among others, were
// issued.
func (c *CA) Issued(name string) int {
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	return countFor(name, c.ledger.issued)
}

// Certificates are those issued, the first first, without their chains.
func (c *CA) Certificates() []*x509.Certificate {
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	var certificates []*x509.Certificate
	for _, o := range c.ledger.issued {
		o.RLock()
		certificates = append(certificates, o.CertificateObject.Cert)
		o.RUnlock()
	}
	return certificates
}

func countFor(name string, orders []*core.Order) (n int) {
	for _, o := range orders {
		// Pebble sets identifiers before we know of the order, never afterwards.
		if slices.ContainsFunc(o.Identifiers, func(i acme.Identifier) bool { return i.Value == name }) {
			n++
		}
	}
	return n
}

func (l *ledger) request(r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, r.URL.Path)
}

func (l *ledger) account() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accounts++
}

func (l *ledger) order(o *core.Order) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.orders = append(l.orders, o)
}

func (l *ledger) finalization() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finalized++
}

func (l *ledger) issue(o *core.Order) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.issued = append(l.issued, o)
}

// authorizations are those of all orders.
func (l *ledger) authorizations() []*core.Authorization {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.authorizationsLocked()
}

func (l *ledger) authorizationsLocked() []*core.Authorization {
	var all []*core.Authorization
	for _, o := range l.orders {
		all = append(all, o.AuthorizationObjects...)
	}
	return all
}
