package dnsapi

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// updateFudge is by how many seconds the server's clock may differ from ours
// (RFC 8945 section 10 recommends 300).
const updateFudge = 300

// Why an answer is not believed.
var (
	errUpdateUnsigned = errors.New("the answer is not signed")
	errUpdateOtherKey = errors.New("the answer is signed with another key or algorithm")
)

// updateKey signs updates and verifies their answers (TSIG, RFC 8945).
type updateKey struct {
	name      string // lower case, with trailing dot
	algorithm string // likewise, as the library has it
	secret    string // base64
}

// newUpdateKey asks for the secret and checks all but its being the right one.
func newUpdateKey(o UpdateOptions) (updateKey, *Error) {
	algorithm := dns.CanonicalName(o.Algorithm)
	switch algorithm {
	case ".":
		algorithm = dns.HmacSHA256
	case dns.HmacSHA1, dns.HmacSHA224, dns.HmacSHA256, dns.HmacSHA384, dns.HmacSHA512:
	default:
		return updateKey{}, &Error{
			Cause:  fmt.Errorf("unknown TSIG algorithm %q", o.Algorithm),
			Remedy: "use hmac-sha256, hmac-sha224, hmac-sha384, hmac-sha512 or hmac-sha1, the one the server has for the key",
		}
	}
	if _, ok := dns.IsDomainName(o.KeyName); !ok || o.KeyName == "." {
		return updateKey{}, &Error{
			Cause:  fmt.Errorf("the TSIG key's name %q is no name", o.KeyName),
			Remedy: "give the key's name as it stands in the server's configuration",
		}
	}
	secret, err := o.KeySecret()
	if err != nil {
		return updateKey{}, &Error{Cause: fmt.Errorf("the TSIG key's secret: %w", err)}
	}
	secret = strings.TrimSpace(secret)
	if _, err := base64.StdEncoding.DecodeString(secret); err != nil || secret == "" {
		return updateKey{}, &Error{
			Cause:  errors.New("the TSIG key's secret is not base64"),
			Remedy: "give the secret as it stands in the server's configuration, without quotes",
		}
	}
	return updateKey{dns.CanonicalName(o.KeyName), algorithm, secret}, nil
}

// sign returns the message signed, and its MAC, which the answer's MAC covers.
func (k updateKey) sign(m *dns.Msg, now time.Time) (message []byte, mac string, err error) {
	m.SetTsig(k.name, k.algorithm, updateFudge, now.Unix())
	return dns.TsigGenerate(m, k.secret, "", false)
}

// verify says why packet, which holds answer, is not the key's answer to the
// message of that MAC. It changes packet.
func (k updateKey) verify(packet []byte, answer *dns.Msg, mac string) error {
	t := answer.IsTsig()
	if t == nil {
		return errUpdateUnsigned
	}
	if dns.CanonicalName(t.Hdr.Name) != k.name || dns.CanonicalName(t.Algorithm) != k.algorithm {
		return errUpdateOtherKey
	}
	return dns.TsigVerify(packet, k.secret, mac, false)
}
