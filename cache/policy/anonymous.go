package policy

import (
	"bytes"
	"strings"

	"sluice/grammar"
	"sluice/message"
)

// Anonymous reports whether nothing in a request says who asks, so that what
// answers it may be shown to others: no Authorization, no field whose name
// speaks of credentials (see credential), and no cookies but those ignored. An
// element of ignored is a cookie's name, or the beginning of names followed by
// a star: "_ga*", "sluice_*". It allocates nothing.
//
// A cookie that is malformed counts, whatever its name: an application may
// read another cookie in it.
func Anonymous(f message.Fields, ignored []string) bool {
	for i := range f {
		switch f[i].ID {
		case message.Cookie:
			if !ignorable(f[i].Value, ignored) {
				return false
			}
		case message.ProxyAuthorization:
			return false
		case message.OtherName:
			if credential(f[i].Name) {
				return false
			}
		}
	}
	return true
}

// ignorable reports whether a Cookie line has only cookies that are ignored
// (RFC 6265 section 4.2.1).
func ignorable(line []byte, ignored []string) bool {
	for len(line) > 0 {
		var pair []byte
		pair, line, _ = bytes.Cut(line, []byte(";"))
		if pair = grammar.TrimSpace(pair); len(pair) == 0 {
			continue
		}
		name, value, found := bytes.Cut(pair, []byte("="))
		if !found || !grammar.IsToken(name) || !plain(value) || !among(name, ignored) {
			return false
		}
	}
	return true
}

// plain reports a cookie's value that everybody reads alike: no quotes and no
// spaces, which some take for more than bytes, and no equals sign after a
// comma, where old parsers see the next cookie. (Counters of visits do write
// commas.)
func plain(value []byte) bool {
	comma := false
	for _, c := range value {
		switch {
		case c <= ' ', c >= 0x7f, c == '"', c == '\\', c == '=' && comma:
			return false
		case c == ',':
			comma = true
		}
	}
	return true
}

// among reports whether a name is one of those, which may end in a star.
func among(name []byte, ignored []string) bool {
	for _, s := range ignored {
		prefix, star := strings.CutSuffix(s, "*")
		if star && len(name) >= len(prefix) && string(name[:len(prefix)]) == prefix || string(name) == s {
			return true
		}
	}
	return false
}

// credential reports the name of a field that says who asks: Authorization,
// or one with a word in it that speaks of credentials. Clients without cookies,
// such as mini programs, send X-Token, session-id, X-Access-Token and their
// like, and their responses are as personal as any. Sec-* are the browser's
// own.
func credential(name []byte) bool {
	const browsers = "sec-"
	if len(name) > len(browsers) && message.EqualFold(name[:len(browsers)], browsers) {
		return false
	}
	for start := 0; start < len(name); {
		end := start
		for end < len(name) && name[end] != '-' && name[end] != '_' {
			end++
		}
		if word := name[start:end]; len(word) < len(credentialWords) {
			for _, s := range credentialWords[len(word)] {
				if message.EqualFold(word, s) {
					return true
				}
			}
		}
		start = end + 1
	}
	return false
}

// credentialWords holds the words by length.
var credentialWords = [...][]string{
	3:  {"jwt", "key", "sid", "uid"},
	4:  {"auth", "user"},
	5:  {"token"},
	6:  {"apikey", "openid", "secret", "ticket", "userid"},
	7:  {"session", "unionid"},
	8:  {"password"},
	9:  {"authtoken", "sessionid", "usertoken"},
	10: {"credential"},
	11: {"accesstoken", "credentials"},
	13: {"authorization"},
	14: {"authentication"},
}
