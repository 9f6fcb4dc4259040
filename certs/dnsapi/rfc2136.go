package dnsapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/miekg/dns"
)

const (
	// updateTTL is how many seconds caches may keep a record. A record lives
	// for minutes; a long TTL would be in the way of the next order's.
	updateTTL = 60
	// updateTimeout is how long one transport may take. Servers answer after
	// they have written their journal, and those that pass updates on to a
	// primary after its answer.
	updateTimeout = 10 * time.Second
)

// UpdateOptions say where dynamic updates go and what signs them.
type UpdateOptions struct {
	Server    string // "host:port" of the zone's primary server; no port: 53
	KeyName   string // as in the server's configuration, "sluice-key"
	KeySecret Secret // base64, as tsig-keygen and keymgr print it
	Algorithm string // "hmac-sha256" when empty; or -sha224, -sha384, -sha512, -sha1
}

// Update is a Provider that changes records by dynamic updates (RFC 2136),
// which BIND, Knot and PowerDNS among others understand. It signs them with a
// key shared with the server (TSIG, RFC 8945), and believes no success that the
// server has not signed.
//
// It uses TCP, and UDP only where TCP fails: with TCP no packet is lost in
// silence, and nobody on the way can answer for the server without being on it.
// An update may arrive twice that way, which changes nothing.
type Update struct {
	options UpdateOptions // fixed after NewUpdate

	// For tests.
	timeout time.Duration
	now     func() time.Time
}

// NewUpdate returns an Update. What is wrong with the options shows when a
// record is to be changed.
func NewUpdate(o UpdateOptions) *Update {
	return &Update{options: o, timeout: updateTimeout, now: time.Now}
}

// Add inserts the record. Others of its name stay.
func (u *Update) Add(ctx context.Context, r Record) error {
	if err := u.change(ctx, r, (*dns.Msg).Insert); err != nil {
		err.Action = "add"
		return err
	}
	return nil
}

// Remove deletes the record. Others of its name stay.
func (u *Update) Remove(ctx context.Context, r Record) error {
	if err := u.change(ctx, r, (*dns.Msg).Remove); err != nil {
		err.Action = "remove"
		return err
	}
	return nil
}

// change sends one update about r. The Action of its error is the caller's.
func (u *Update) change(ctx context.Context, r Record, put func(*dns.Msg, []dns.RR)) *Error {
	failed := u.send(ctx, r, put)
	if failed != nil {
		failed.Provider, failed.Record = "rfc2136", r
	}
	return failed
}

func (u *Update) send(ctx context.Context, r Record, put func(*dns.Msg, []dns.RR)) *Error {
	key, failed := newUpdateKey(u.options)
	if failed != nil {
		return failed
	}
	update := new(dns.Msg).SetUpdate(dns.Fqdn(r.Zone))
	put(update, []dns.RR{&dns.TXT{
		Hdr: dns.RR_Header{Name: dns.Fqdn(r.Name), Rrtype: dns.TypeTXT, Ttl: updateTTL},
		Txt: []string{dnsText(r.Value)},
	}})
	message, mac, err := key.sign(update, u.now())
	if err != nil {
		return &Error{Cause: fmt.Errorf("write the update: %w", err)}
	}
	answer, err := u.exchange(ctx, message, func(packet []byte) (*dns.Msg, error) {
		return readUpdateAnswer(packet, update.Id, key, mac)
	})
	if err != nil {
		return updateUnanswered(u.options.Server, err)
	}
	return updateRefusal(answer, r.Zone, u.now())
}

// exchange tries TCP and then UDP, unless the server has answered wrongly: it
// would again.
func (u *Update) exchange(ctx context.Context, message []byte, accept func([]byte) (*dns.Msg, error)) (*dns.Msg, error) {
	e := dnsExchange{dial: new(net.Dialer).DialContext, timeout: u.timeout, accept: accept}
	server := dnsAddress(u.options.Server)
	answer, errTCP := e.do(ctx, "tcp", server, message)
	var stray *dnsStray
	if errTCP == nil || ctx.Err() != nil || errors.As(errTCP, &stray) {
		return answer, errTCP
	}
	answer, errUDP := e.do(ctx, "udp", server, message)
	if errUDP == nil || ctx.Err() != nil || errors.As(errUDP, &stray) {
		return answer, errUDP
	}
	return nil, fmt.Errorf("%w; %w", errTCP, errUDP)
}
