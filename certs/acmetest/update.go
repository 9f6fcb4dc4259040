package acmetest

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// tsigKey is the name of the one key that may sign updates.
const tsigKey = "acmetest."

// TSIG is the key, hmac-sha256, with which the name server lets TXT records be
// changed by dynamic updates (RFC 2136): its name and its secret in base64.
func (c *CA) TSIG() (name, secret string) { return tsigKey, c.names.secret }

func newSecret() string {
	secret := make([]byte, 32)
	rand.Read(secret)
	return base64.StdEncoding.EncodeToString(secret)
}

// acceptMessage lets updates through, which dns.DefaultMsgAcceptFunc does not.
func acceptMessage(h dns.Header) dns.MsgAcceptAction {
	const response, opcode = 1 << 15, 0xF
	if h.Bits&response == 0 && int(h.Bits>>11)&opcode == dns.OpcodeUpdate && h.Qdcount == 1 {
		return dns.MsgAccept
	}
	return dns.DefaultMsgAcceptFunc(h)
}

// update answers a dynamic update. An answer to who knows the key is signed.
func (n *nameServer) update(w dns.ResponseWriter, r *dns.Msg) {
	m := new(dns.Msg)
	t := r.IsTsig()
	switch {
	case t == nil:
		m.SetRcode(r, dns.RcodeRefused)
	case w.TsigStatus() != nil || !strings.EqualFold(t.Algorithm, dns.HmacSHA256):
		m.SetRcode(r, dns.RcodeNotAuth)
	default:
		const fudge = 300 // RFC 8945 section 10 recommends it
		m.SetRcode(r, n.apply(r))
		m.SetTsig(tsigKey, dns.HmacSHA256, fudge, time.Now().Unix())
	}
	w.WriteMsg(m)
}

// apply does all that an update asks for, or nothing. It knows no
// prerequisites (RFC 2136 section 2.4).
func (n *nameServer) apply(r *dns.Msg) (rcode int) {
	zone := dns.CanonicalName(r.Question[0].Name)
	if zone != zoneOf(zone) || r.Question[0].Qtype != dns.TypeSOA {
		return dns.RcodeNotAuth
	}
	if len(r.Answer) > 0 {
		return dns.RcodeNotImplemented
	}
	var changes []func()
	for _, rr := range r.Ns { // where an update has what it asks for
		name, kind := dns.CanonicalName(rr.Header().Name), rr.Header().Rrtype
		if !dns.IsSubDomain(zone, name) {
			return dns.RcodeNotZone
		}
		txt, ok := rr.(*dns.TXT)
		switch class := rr.Header().Class; { // RFC 2136 section 2.5
		case class == dns.ClassINET && ok:
			changes = append(changes, func() { n.addTXT(name, strings.Join(txt.Txt, "")) })
		case class == dns.ClassNONE && ok:
			changes = append(changes, func() { n.removeTXT(name, strings.Join(txt.Txt, "")) })
		case class == dns.ClassANY && (kind == dns.TypeTXT || kind == dns.TypeANY):
			changes = append(changes, func() { n.removeAllTXT(name) })
		default:
			return dns.RcodeRefused
		}
	}
	for _, change := range changes {
		change()
	}
	return dns.RcodeSuccess
}
