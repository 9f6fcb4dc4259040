package policy

import "sluice/message"

// Poisonable reports whether a request has a field that applications take for
// its target, host, scheme or method, though it is no part of a cache key: a
// stranger could have a response made by it stored for everybody, and is not
// to be served what others get either. It goes by the name alone and allocates
// nothing.
//
// The names are those that public research on cache poisoning has found
// frameworks, gateways and application servers to believe. An underscore
// counts as a dash: CGI and its heirs cannot tell them apart. Of X-Forwarded-*
// all but For, Proto and Port count, which Sluice drops or sets itself.
//
// X-Forwarded-Host and Forwarded count whoever sent them. Whoever asks must
// have dropped, before, those that don't go on to the upstream, and not yet
// have added any.
func Poisonable(f message.Fields) bool {
	for i := range f {
		switch f[i].ID {
		case message.XForwardedHost, message.Forwarded:
			return true
		case message.OtherName:
			if poisons(f[i].Name) {
				return true
			}
		}
	}
	return false
}

// forwardedFamily is where frameworks look for what a proxy has to say.
const forwardedFamily = "x-forwarded-"

// poisons reports a name that message doesn't know and an application may
// believe.
func poisons(name []byte) bool {
	if len(name) > len(forwardedFamily) && dashedEqual(name[:len(forwardedFamily)], forwardedFamily) {
		switch rest := name[len(forwardedFamily):]; len(rest) {
		case len("for"):
			return !message.EqualFold(rest, "for")
		case len("port"):
			return !message.EqualFold(rest, "port")
		case len("proto"):
			return !message.EqualFold(rest, "proto")
		}
		return true
	}
	if len(name) >= len(poisonous) {
		return false
	}
	for _, s := range poisonous[len(name)] {
		if dashedEqual(name, s) {
			return true
		}
	}
	return false
}

// dashedEqual is message.EqualFold, but takes an underscore for a dash.
func dashedEqual(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		switch {
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case c == '_':
			c = '-'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// poisonous holds the names by length: those of PHP frameworks, Rails, IIS and
// Spring first, then those that Next.js uses within itself.
var poisonous = [...][]string{
	6:  {"x-host"},
	8:  {"x-scheme", "base-url"},
	10: {"x-base-url"},
	11: {"request-uri", "x-proxy-url", "x-forwarded"},
	12: {"x-url-scheme"},
	13: {"x-rewrite-url", "x-rewrite-uri", "x-http-method", "x-nextjs-data", "x-invoke-path"},
	14: {"x-original-url", "x-original-uri", "x-override-url", "x-backend-host", "x-matched-path", "x-invoke-query"},
	15: {"front-end-https", "x-original-host", "x-original-path", "x-invoke-status", "x-invoke-output"},
	17: {"x-method-override", "x-original-scheme", "x-original-method"},
	19: {"x-now-route-matches"},
	20: {"x-http-host-override", "x-middleware-rewrite"},
	21: {"x-http-destinationurl", "x-middleware-prefetch", "x-envoy-original-path"},
	22: {"x-http-method-override"},
	23: {"x-middleware-subrequest"},
}
