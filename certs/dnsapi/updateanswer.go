package dnsapi

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/miekg/dns"
)

// readUpdateAnswer reads the answer to the update of that id and MAC. Only a
// success has to be signed: servers cannot sign for a key they do not know, and
// who forges a refusal wins no more than who drops our packets.
func readUpdateAnswer(packet []byte, id uint16, key updateKey, mac string) (*dns.Msg, error) {
	answer := new(dns.Msg)
	if err := answer.Unpack(packet); err != nil {
		return nil, fmt.Errorf("the answer cannot be read: %w", err)
	}
	if answer.Id != id || !answer.Response {
		return nil, errors.New("the answer is to something else")
	}
	if answer.Rcode == dns.RcodeSuccess {
		if err := key.verify(packet, answer, mac); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// updateUnanswered is the error of an update that got no answer to be believed.
func updateUnanswered(server string, err error) *Error {
	e := &Error{Cause: fmt.Errorf("server %s: %w", server, err)}
	switch {
	case errors.Is(err, context.Canceled): // nothing is wrong
	case errors.Is(err, dns.ErrTime):
		e.Cause = fmt.Errorf("server %s: the answer was signed at another time than now", server)
		e.Remedy = "set the clocks of both machines"
	case errors.Is(err, dns.ErrSig):
		e.Cause = fmt.Errorf("server %s: the answer's signature is wrong", server)
		e.Remedy = "check that the server is the right one and has the same secret for the key"
	case errors.Is(err, errUpdateUnsigned), errors.Is(err, errUpdateOtherKey):
		e.Remedy = "check that the server is the right one, and that it knows the key by this algorithm"
	default:
		e.Remedy = "check that the server runs there, and that a firewall lets TCP or UDP to it pass"
	}
	return e
}

// updateRefusal is the error that answer is, or nil when it is a success. TSIG
// has codes of its own, which say more than the NOTAUTH they come with.
func updateRefusal(answer *dns.Msg, zone string, now time.Time) *Error {
	code := answer.Rcode
	if t := answer.IsTsig(); t != nil && t.Error != 0 && code == dns.RcodeNotAuth {
		if t.Error == dns.RcodeBadTime {
			return &Error{Code: "BADTIME", Cause: updateBadTime(t, now), Remedy: "set the clocks of both machines"}
		}
		code = int(t.Error)
	}
	if code == dns.RcodeSuccess {
		return nil
	}
	cause, remedy := updateWords(code, zone)
	return &Error{Code: dnsRcode(code), Cause: errors.New(cause), Remedy: remedy}
}

// updateWords is what the response code of an update means, and what to do.
func updateWords(code int, zone string) (cause, remedy string) {
	switch code {
	case dns.RcodeNotAuth:
		return "the server is not the primary of zone " + zone + ", or does not accept the key for it",
			"give the zone's primary server, and check that the key's name, algorithm and secret are the server's"
	case dns.RcodeRefused:
		return "the server's policy does not let this key change zone " + zone,
			"allow the key to update TXT records there: update-policy or allow-update in BIND, an acl in Knot, TSIG-ALLOW-DNSUPDATE in PowerDNS"
	case dns.RcodeBadSig:
		return "the server takes the signature for wrong", "check that the key's secret and algorithm are the server's"
	case dns.RcodeBadKey:
		return "the server does not know the key, or not by this algorithm",
			"check that the key's name and algorithm are the server's"
	case dns.RcodeBadTrunc:
		return "the server wants longer signatures", "choose the algorithm the server has for the key"
	case dns.RcodeNotZone:
		return "the name is not in zone " + zone, "check which zones the server has"
	case dns.RcodeNotImplemented:
		return "the server does not do dynamic updates", "turn them on there, or give the zone's primary server"
	case dns.RcodeServerFailure:
		return "the server could not do the update", "see the server's log: often it may not write its zone file or journal"
	case dns.RcodeFormatError:
		return "the server could not read the update", "see the server's log"
	}
	return "the server refused the update", "see the server's log"
}

// updateBadTime says how far the clocks are apart, for a server tells its own (RFC
// 8945 section 5.2.3).
func updateBadTime(t *dns.TSIG, now time.Time) error {
	seconds, err := strconv.ParseUint(t.OtherData, 16, 48)
	if err != nil {
		return errors.New("the server's clock and ours differ too much")
	}
	there := time.Unix(int64(seconds), 0)
	if there.After(now) {
		return fmt.Errorf("the server's clock is %v ahead of ours", there.Sub(now).Round(time.Second))
	}
	return fmt.Errorf("the server's clock is %v behind ours", now.Sub(there).Round(time.Second))
}
