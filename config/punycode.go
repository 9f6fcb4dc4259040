package config

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// beyondASCII finds a host name in lower case, or a wildcard, that is written in
// another script, and says what clients ask for in its place (RFC 5891). It is not
// taken for that silently: in the log and in certificates the name stands so, too.
func beyondASCII(name string) *flaw {
	if !otherScript(name) {
		return nil
	}
	rest, wildcard := strings.CutPrefix(name, "*.")
	written, err := idna.Lookup.ToASCII(rest)
	if err != nil {
		return flawed("write it as it is registered, in punycode (xn--...)", "%s is not a host name: IDNA does not allow %s", shorten(name), shorten(refused(rest)))
	}
	if bad := checkName(written); bad != nil {
		return flawed(bad.remedy, "%s is not a host name", shorten(name))
	}
	if wildcard {
		written = "*." + written
	}
	if !strings.Contains(written, "xn--") { // other forms of letters that are in ASCII
		return flawed("write "+strconv.Quote(written), "%s has characters beyond ASCII", shorten(name))
	}
	return flawed("write it in punycode, "+strconv.Quote(written), "%s has characters beyond ASCII", shorten(name))
}

// refused returns the first label of a name that IDNA does not allow, or the name
// if each of them is allowed by itself.
func refused(name string) string {
	for label := range strings.SplitSeq(name, ".") {
		if _, err := idna.Lookup.ToASCII(label); err != nil && otherScript(label) {
			return label
		}
	}
	return name
}

// otherScript reports whether text has characters beyond ASCII.
func otherScript(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}
