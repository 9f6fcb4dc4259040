package dnsapi

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// dnsText is a TXT record's text as the library writes and reads it: quotes,
// backslashes and what cannot be printed are escaped (RFC 1035 section 5.1).
func dnsText(text string) string {
	var escaped strings.Builder
	for i := range len(text) {
		switch b := text[i]; {
		case b == '"' || b == '\\':
			escaped.WriteByte('\\')
			escaped.WriteByte(b)
		case b < ' ' || b > '~':
			fmt.Fprintf(&escaped, "\\%03d", b)
		default:
			escaped.WriteByte(b)
		}
	}
	return escaped.String()
}

// dnsName is a name of a message as Records have it: in lower case, without the
// trailing dot. The root is "".
func dnsName(fqdn string) string {
	return strings.TrimSuffix(dns.CanonicalName(fqdn), ".")
}

// dnsRcode is a response code in the letters of its RFC.
func dnsRcode(code int) string {
	if text, ok := dns.RcodeToString[code]; ok {
		return text
	}
	return fmt.Sprintf("RCODE %d", code)
}

// dnsPlain reports whether name is made of letters, digits, hyphens and
// underscores only, in labels that do not begin with a hyphen. DNS allows any
// bytes; those we follow end up on command lines and in paths of URLs.
func dnsPlain(name string) bool {
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return true
}
