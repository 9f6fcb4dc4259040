// Package dnsapi sets and removes the TXT records that prove to a CA that a
// name is ours (dns-01, RFC 8555 section 8.4): at Tencent Cloud DNSPod, Alibaba
// Cloud DNS and Cloudflare by their documented APIs, at other servers by
// dynamic updates (RFC 2136), and everywhere else by a command of the user's.
//
//	Finder.Place(domain) ──▶ Record ──▶ Provider.Add ──▶ Finder.Await ──▶ the CA looks ──▶ Provider.Remove
//
// The package knows nothing of ACME, starts no goroutine that outlives a call,
// and does not log. Secrets are asked for when they are needed, and appear in
// no error.
package dnsapi

import "context"

// Record is one TXT record. A name may have several at a time, as when a
// wildcard and its parent are ordered together: each is added and removed by
// its own value, and others are left alone.
type Record struct {
	Zone  string // the zone's apex, "example.com": lower case, no trailing dot
	Name  string // the whole name, "_acme-challenge.shop.example.com", in Zone
	Value string // the text, at most 255 bytes
}

// Provider changes the records of the zones of one account. Its methods may be
// called from several goroutines, honour ctx, and have deadlines of their own.
type Provider interface {
	// Add makes the record be there. It is no error when it already is. A
	// failure is an *Error.
	Add(ctx context.Context, r Record) error
	// Remove makes the record, and no other of its name, be gone. It is no
	// error when it already is. A failure is an *Error.
	Remove(ctx context.Context, r Record) error
}

// Secret gives a secret when it is needed, so that a file may be replaced while
// we run. Its error says where it was looked for, never what was found.
type Secret func() (string, error)

// Error is why a record could not be set or removed. It holds no secrets.
type Error struct {
	Provider string // "dnspod", "alidns", "cloudflare", "rfc2136", "exec"
	Action   string // "add" or "remove"
	Record   Record // its Value is not told by Error
	Code     string // the provider's, such as "AuthFailure.SignatureFailure"; may be empty
	Cause    error  // what the provider says, cut to a line
	Remedy   string // what a person can do, as a sentence without a full stop; may be empty
}

// Error says it in one line.
func (e *Error) Error() string {
	text := e.Provider + ": " + e.Action + " TXT " + e.Record.Name
	if e.Code != "" {
		text += ": " + e.Code
	}
	return text + ": " + e.Cause.Error()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }
