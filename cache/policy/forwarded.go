package policy

import (
	"bytes"

	"sluice/grammar"
)

// ForwardedAgrees reports whether a Forwarded field (RFC 7239) says nothing of
// host and scheme but what is known: one of hosts, and https if secure, else
// http. A peer that is trusted but doesn't know the field passes on what
// strangers have sent. It errs on the side of no, and allocates nothing.
func ForwardedAgrees(value []byte, secure bool, hosts ...[]byte) bool {
	scheme := "http"
	if secure {
		scheme = "https"
	}
	for len(value) > 0 {
		// Elements and pairs alike, and quotes don't count: whoever reads this
		// field carelessly must find nothing else in it either.
		end := bytes.IndexAny(value, ",;")
		pair := value
		if end < 0 {
			value = nil
		} else {
			pair, value = value[:end], value[end+1:]
		}
		name, is, _ := bytes.Cut(pair, []byte("="))
		is = bytes.Trim(grammar.TrimSpace(is), `"`)
		switch name = grammar.TrimSpace(name); {
		case grammar.EqualNames(name, "host") && !anyOf(is, hosts),
			grammar.EqualNames(name, "proto") && !grammar.EqualNames(is, scheme):
			return false
		}
	}
	return true
}

// anyOf reports whether a host is one of hosts.
func anyOf(host []byte, hosts [][]byte) bool {
	for _, h := range hosts {
		if len(h) > 0 && grammar.EqualNames(host, h) {
			return true
		}
	}
	return false
}
