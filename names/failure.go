package names

import (
	"context"
	"errors"
	"net"
	"os"
	"time"
)

var (
	// ErrNoAnswer: the resolver has not said anything yet.
	ErrNoAnswer = errors.New("no answer from the resolver yet")

	errNotFound = errors.New("not found")
)

// LookupError is why a Name leads nowhere, or why it could not be looked up.
type LookupError struct {
	Query Query
	// Since is when it began; zero if nothing was asked yet.
	Since time.Time
	// Gone: the resolver has said so long that there is nothing that the
	// addresses were given up.
	Gone bool
	// Err is the last failure: a *net.DNSError where the resolver is Go's.
	Err error
}

// Error returns a sentence for logs and for people.
func (e *LookupError) Error() string {
	s := "resolve " + e.Query.String() + ": "
	if e.Gone {
		s += "the name does not exist any more: "
	}
	return s + e.Err.Error()
}

// Unwrap returns the failure underneath.
func (e *LookupError) Unwrap() error { return e.Err }

// IsTimeout reports whether err says that a resolver did not answer in time
// (dns_timeout in RFC 9209 section 2.3.1). Any other error of this package is
// one that it answered with (dns_error).
func IsTimeout(err error) bool {
	var dns *net.DNSError
	return errors.Is(err, ErrNoAnswer) ||
		errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &dns) && dns.IsTimeout
}

// isNotFound reports whether err says that there is no such name, or no record
// of that type under it; net does not tell the two apart.
func isNotFound(err error) bool {
	var dns *net.DNSError
	return errors.Is(err, errNotFound) || errors.As(err, &dns) && dns.IsNotFound
}
