package policy

import (
	"bytes"

	"sluice/grammar"
	"sluice/message"
)

// Invalidates reports whether the final response to a method makes what is
// stored under its target out of date (RFC 9111 section 4.4): the method is
// not known to be safe, and the status is 2xx or 3xx.
func Invalidates(method []byte, status int) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "REPORT", "SEARCH", "QUERY":
		return false // registered as safe
	}
	return 200 <= status && status <= 399
}

// InvalidatedTargets appends to dst the targets, in origin form, that the
// Location and the Content-Location of such a response name, two at most. The
// target of the request itself is not among them.
//
// They are resolved against it, and left out when they are on another
// authority: "a cache MUST NOT trigger an invalidation under these conditions
// if the origin [...] of the URI to be invalidated differs from that of the
// target URI". http and https are not told apart,
// because behind another proxy Sluice can't see which it was.
func InvalidatedTargets(dst [][]byte, r *message.Request, resp message.Fields) [][]byte {
	var location, content single
	for i := range resp {
		switch f := &resp[i]; nameOf(f) {
		case nameLocation:
			location.add(f.Value)
		case nameContentLocation:
			content.add(f.Value)
		}
	}
	for _, s := range [...]single{location, content} {
		if !s.seen || s.clash {
			continue
		}
		target, ok := resolve(r, s.value)
		if ok && !bytes.Equal(target, r.Target) {
			dst = append(dst, target)
		}
	}
	return dst
}

// maxReference bounds the references that are looked at, in bytes.
const maxReference = 8 << 10

// resolve returns the target that a URI reference means (RFC 3986 section
// 5.2), if it is on the authority of the request.
func resolve(r *message.Request, ref []byte) (target []byte, ok bool) {
	if len(ref) > maxReference || len(r.Target) == 0 || r.Target[0] != '/' {
		return nil, false
	}
	ref, _, _ = bytes.Cut(ref, []byte("#"))
	path, ok := onAuthority(ref, r.Authority)
	if !ok {
		return nil, false
	}
	path, query, _ := cutQuery(path)
	base, baseQuery, _ := cutQuery(r.Target)
	switch {
	case len(path) == 0 && len(ref) > 0 && ref[0] != '?': // an authority and nothing after it
		path = []byte("/")
	case len(path) == 0:
		path = base
		if len(query) == 0 {
			query = baseQuery
		}
	case path[0] != '/':
		path = append(bytes.Clone(base[:bytes.LastIndexByte(base, '/')+1]), path...)
	}
	target = append(withoutDots(path), query...)
	return target, grammar.TargetEnd(target, 0) == len(target)
}

// cutQuery splits at the first '?', which stays with the query.
func cutQuery(b []byte) (path, query []byte, found bool) {
	if i := bytes.IndexByte(b, '?'); i >= 0 {
		return b[:i], b[i:], true
	}
	return b, nil, false
}

// onAuthority returns what follows the authority of a reference, if it is that
// of the request or if there is none.
func onAuthority(ref, authority []byte) (rest []byte, ok bool) {
	rest, port := ref, ""
	switch colon := bytes.IndexAny(ref, ":/?"); {
	case colon < 0 || ref[colon] != ':':
	case message.EqualFold(ref[:colon], "http"):
		rest, port = ref[colon+1:], ":80"
	case message.EqualFold(ref[:colon], "https"):
		rest, port = ref[colon+1:], ":443"
	default:
		return nil, false
	}
	after, found := bytes.CutPrefix(rest, []byte("//"))
	if !found {
		return rest, port == "" // "http:path" is for nobody to guess
	}
	end := bytes.IndexAny(after, "/?")
	if end < 0 {
		end = len(after)
	}
	host := after[:end]
	if grammar.CheckAuthority(host) != grammar.HostOK {
		return nil, false
	}
	return after[end:], grammar.EqualNames(withoutPort(host, port), withoutPort(authority, port))
}

// withoutPort cuts a default port off an authority: port if that is known,
// else either of them.
func withoutPort(authority []byte, port string) []byte {
	authority = bytes.TrimSuffix(authority, []byte(":"))
	if port != ":443" {
		authority = bytes.TrimSuffix(authority, []byte(":80"))
	}
	if port != ":80" {
		authority = bytes.TrimSuffix(authority, []byte(":443"))
	}
	return authority
}

// withoutDots returns an absolute path without its "." and ".." segments (RFC
// 3986 section 5.2.4), in memory of its own.
func withoutDots(path []byte) []byte {
	clean := make([]byte, 0, len(path))
	for len(path) > 0 { // path begins with '/'
		end := bytes.IndexByte(path[1:], '/') + 1
		if end == 0 {
			end = len(path)
		}
		segment := path[:end]
		path = path[end:]
		switch string(segment) {
		case "/.", "/..":
			if string(segment) == "/.." {
				clean = clean[:max(bytes.LastIndexByte(clean, '/'), 0)]
			}
			if len(path) == 0 {
				clean = append(clean, '/')
			}
		default:
			clean = append(clean, segment...)
		}
	}
	return clean
}
