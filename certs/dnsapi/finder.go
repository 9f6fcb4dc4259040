package dnsapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const (
	// finderTimeout is how long a record is awaited when the options do not
	// say. Secondary servers that hear of changes need seconds; those that look
	// for them need the refresh time of the zone, which may be longer.
	finderTimeout = 5 * time.Minute
	// finderQuery is how long one server may take for one question.
	finderQuery = 3 * time.Second
	// finderTries is how often a question is asked: a packet may be lost.
	finderTries = 2
	// finderPause and finderPauseMax are the first and the longest pause
	// between two looks for a record.
	finderPause    = 2 * time.Second
	finderPauseMax = 10 * time.Second
)

// FinderOptions say whom a Finder asks.
type FinderOptions struct {
	// Resolvers are "host:port"; no port: 53. None: those of /etc/resolv.conf,
	// which is read again each time.
	Resolvers []string
	Timeout   time.Duration // of Await; 0: 5 minutes
}

// Finder finds the place of a record, and sees when all the world can see it.
// Its methods may be called from several goroutines.
//
// It asks without EDNS: all that it has to learn fits into 512 bytes, longer
// answers come by TCP, and there are old routers that EDNS is lost on.
type Finder struct {
	options FinderOptions // fixed after NewFinder

	// For tests.
	dial       func(ctx context.Context, network, address string) (net.Conn, error)
	resolvConf string
	query      time.Duration // of one question to one server
	pause      time.Duration // the first
	pauseMax   time.Duration
}

// FinderError is why a record has no place, or is not seen everywhere.
type FinderError struct {
	Name   string // of the record
	Cause  error  // in one line
	Remedy string // what a person can do, as a sentence without a full stop; may be empty
}

// Error says it in one line.
func (e *FinderError) Error() string { return e.Name + ": " + e.Cause.Error() }

// Unwrap gives the cause to errors.Is and errors.As.
func (e *FinderError) Unwrap() error { return e.Cause }

// NewFinder returns a Finder. It asks nothing yet.
func NewFinder(o FinderOptions) *Finder {
	if o.Timeout <= 0 {
		o.Timeout = finderTimeout
	}
	o.Resolvers = slices.Clone(o.Resolvers)
	return &Finder{
		options:    o,
		dial:       new(net.Dialer).DialContext,
		resolvConf: "/etc/resolv.conf",
		query:      finderQuery,
		pause:      finderPause,
		pauseMax:   finderPauseMax,
	}
}

// Place returns the Record, still without its Value, that proves domain to be
// ours: where the CNAME records at _acme-challenge.DOMAIN lead to, and the zone
// that is in. The domain may be a wildcard. An error is a *FinderError.
func (f *Finder) Place(ctx context.Context, domain string) (Record, error) {
	name := "_acme-challenge." + dnsName(strings.TrimPrefix(domain, "*."))
	if !dnsPlain(name) {
		return Record{}, &FinderError{
			Name:   domain,
			Cause:  errors.New("is no domain name"),
			Remedy: "write international names in their ASCII form, xn--…",
		}
	}
	name, err := f.follow(ctx, name)
	if err != nil {
		return Record{}, err
	}
	zone, err := f.apex(ctx, name)
	if err != nil {
		return Record{}, err
	}
	return Record{Zone: zone, Name: name}, nil
}

// ask asks one server one question, by UDP and again by TCP when the answer
// does not fit. Whether the answer is a good one the caller has to see.
func (f *Finder) ask(ctx context.Context, server, name string, qtype uint16, recurse bool) (*dns.Msg, error) {
	m := new(dns.Msg).SetQuestion(dns.Fqdn(name), qtype)
	m.RecursionDesired = recurse
	message, err := m.Pack()
	if err != nil {
		return nil, fmt.Errorf("write the question: %w", err)
	}
	e := dnsExchange{dial: f.dial, timeout: f.query, accept: func(packet []byte) (*dns.Msg, error) {
		return readFinderAnswer(packet, m)
	}}
	answer, err := e.do(ctx, "udp", server, message)
	if err == nil && answer.Truncated {
		answer, err = e.do(ctx, "tcp", server, message)
	}
	return answer, err
}

// readFinderAnswer reads the answer to asked. Servers may leave the question
// out of an error's answer, but of no other: a stranger who guesses the ID has
// to guess the question too.
func readFinderAnswer(packet []byte, asked *dns.Msg) (*dns.Msg, error) {
	answer := new(dns.Msg)
	if err := answer.Unpack(packet); err != nil && !answer.Truncated {
		return nil, fmt.Errorf("the answer cannot be read: %w", err)
	}
	if answer.Id != asked.Id || !answer.Response || answer.Opcode != dns.OpcodeQuery {
		return nil, errors.New("the answer is to something else")
	}
	if len(answer.Question) == 0 && finderFailed(answer) {
		return answer, nil
	}
	if len(answer.Question) != 1 {
		return nil, errors.New("the answer does not say the question")
	}
	was, is := asked.Question[0], answer.Question[0]
	if is.Qtype != was.Qtype || is.Qclass != was.Qclass || dnsName(is.Name) != dnsName(was.Name) {
		return nil, errors.New("the answer is to another question")
	}
	return answer, nil
}

// finderFailed reports whether the server could not or would not answer. That a
// name does not exist is an answer.
func finderFailed(answer *dns.Msg) bool {
	return answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError
}
