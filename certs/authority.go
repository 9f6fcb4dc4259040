package certs

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Authority is an account at one directory of a CA (RFC 8555), with one way to
// prove there that names are ours. Its methods may be called from several
// goroutines.
type Authority interface {
	// Directory is the URL of the directory. It tells Authorities apart.
	Directory() string

	// Obtain orders a certificate and waits for it; it returns the PEM text
	// of the private key followed by the chain, leaf first. When ctx ends it
	// gives up soon, but an order that the CA is issuing just now is still
	// waited for, some seconds: giving that up would cost a certificate. An
	// error is an *OrderError.
	Obtain(ctx context.Context, o Order) ([]byte, error)

	// RenewalInfo asks when leaf, a certificate of this CA, should be renewed
	// (RFC 9773). A CA that does not say gives a RenewalInfo without a window.
	RenewalInfo(ctx context.Context, leaf *x509.Certificate) (RenewalInfo, error)
}

// Order says which certificate is wanted.
type Order struct {
	Name     string            // host name in lower case, or a wildcard of one label
	Replaces *x509.Certificate // the one whose place it takes; nil: none

	// Unfinished is what Keep was last given, by an Obtain that did not come
	// to its end, maybe in another process. Keep stores what is needed to take
	// an order up again; it does not fail. Obtain may ignore both.
	Unfinished []byte
	Keep       func([]byte)
}

// RenewalInfo is a CA's wish when a certificate be renewed.
type RenewalInfo struct {
	Start, End  time.Time     // renew at a random time between; zero: no wish
	Explanation string        // URL of a page that says why; may be empty
	AskAgain    time.Duration // as the CA said; 0: it did not
}

// OrderError is why no certificate was obtained. It holds no secrets.
type OrderError struct {
	Directory string
	Step      string // what was being done: "register the account", "prove control by http-01"
	Type      string // of the CA's problem document, without the urn: "rateLimited"; may be empty
	Status    int    // HTTP status of the CA's answer, 0 without one
	Cause     error  // in words, the CA's own where it has said something
	Remedy    string // what a person can do, as a sentence without a full stop; may be empty

	// RetryAfter is how long the CA wants to be left alone, 0: it did not say.
	RetryAfter time.Duration
	// Invalid is how many validations the CA has counted as failed. It allows
	// only a few an hour.
	Invalid int
}

// Error says it in one line.
func (e *OrderError) Error() string {
	text := shortDirectory(e.Directory) + ": " + e.Step
	if e.Type != "" {
		text += ": " + e.Type
	}
	return fmt.Sprintf("%s: %v", text, e.Cause)
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *OrderError) Unwrap() error { return e.Cause }

// shortDirectory is what a person knows a directory by: its host, and its path
// where that is not the usual one.
func shortDirectory(directory string) string {
	u, err := url.Parse(directory)
	if err != nil || u.Host == "" {
		return directory
	}
	return u.Host + strings.TrimSuffix(u.Path, "/directory")
}
