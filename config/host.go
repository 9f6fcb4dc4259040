package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// parseHost reads a host name that a Site answers: an exact name, a wildcard
// of one label such as "*.example.com", or an IP without brackets. It returns
// it as requests are matched against it: in lower case, an IP in its shortest
// form.
func parseHost(text string) (string, *flaw) {
	if ip, err := netip.ParseAddr(text); err == nil {
		if ip.Zone() != "" {
			return "", flawed("write the IP without its zone", "%s is not a host name", shorten(text))
		}
		return ip.Unmap().String(), nil
	}
	if bad := notOnlyHost(text); bad != nil {
		return "", bad
	}
	name := strings.ToLower(text)
	if name == "*" {
		return "", flawed("write default = true on the Site that answers all other hosts", `"*" is not a host name`)
	}
	rest := strings.TrimPrefix(name, "*.")
	if strings.Contains(rest, "*") {
		return "", flawed(`write the wildcard as the whole first label, such as "*.example.com"`, "%s is not a host name", shorten(text))
	}
	if bad := beyondASCII(name); bad != nil { // with its wildcard
		return "", bad
	}
	if bad := checkName(rest); bad != nil {
		return "", bad
	}
	return name, nil
}

// notOnlyHost finds what people paste together with a host name.
func notOnlyHost(text string) *flaw {
	if scheme, rest, found := strings.Cut(text, "://"); found && scheme != "" {
		host, _, _ := strings.Cut(rest, "/")
		host, _, _ = strings.Cut(host, ":")
		return flawed("write only the host"+suchAs(host), "%s has a scheme", shorten(text))
	}
	if host, _, found := strings.Cut(text, "/"); found {
		return flawed("write only the host"+suchAs(host)+", and the path in a [[site.route]]", "%s has a path", shorten(text))
	}
	if host, found := strings.CutPrefix(text, "["); found {
		host, _, _ = strings.Cut(host, "]")
		return flawed("write the IP without brackets and port"+suchAs(host), "%s is not a host name", shorten(text))
	}
	if host, _, found := strings.Cut(text, ":"); found {
		return flawed("write only the host"+suchAs(host)+"; ports belong in server.http and server.https", "%s has a port", shorten(text))
	}
	return nil
}

// suchAs returns host as an example to write, unless that is wrong itself.
func suchAs(host string) string {
	if _, err := netip.ParseAddr(host); err != nil && checkName(strings.ToLower(host)) != nil {
		return ""
	}
	return fmt.Sprintf(", %q", host)
}

// checkName returns what is wrong with an exact name in lower case. Underscores
// are let through, for private names have them.
func checkName(name string) *flaw {
	const remedy = `write a name such as "shop.example.com"`
	if bad := beyondASCII(name); bad != nil {
		return bad
	}
	if strings.HasSuffix(name, ".") {
		return flawed("write it without the dot at the end", "%s is not a host name", shorten(name))
	}
	if len(name) > 253 {
		return flawed("write at most 253 characters", "%s is too long", shorten(name))
	}
	last := ""
	for last = range strings.SplitSeq(name, ".") {
		if !isLabel(last) {
			return flawed(remedy, "%s is not a host name", shorten(name))
		}
	}
	// RFC 1123, 2.1: what ends in a number is an IP address, and this is none.
	if strings.Trim(last, "0123456789") == "" {
		return flawed("write four numbers of 0 to 255, or a name", "%s is not an IP address", shorten(name))
	}
	return nil
}

// isLabel reports whether s can stand between the dots of a host name.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}
