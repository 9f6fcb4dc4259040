package policy

import (
	"strconv"
	"time"

	"sluice/grammar"
)

// Forward is why a request went to the upstream (RFC 9211 section 2.2).
type Forward uint8

// The reasons. FwdMiss is for who can't tell a URI miss from a Vary miss.
const (
	FwdNone     Forward = iota // it didn't: there was a stored response
	FwdBypass                  // the cache was told not to look
	FwdMethod                  // the method's semantics ask for it
	FwdURIMiss                 // nothing is stored under the target
	FwdVaryMiss                // but of no variant that the request selects
	FwdMiss                    // one of both
	FwdRequest                 // there is a fresh one, but the request wanted another
	FwdStale                   // it is stale
	FwdPartial                 // it is not whole
)

var forwardTokens = [...]string{
	FwdNone:     "",
	FwdBypass:   "bypass",
	FwdMethod:   "method",
	FwdURIMiss:  "uri-miss",
	FwdVaryMiss: "vary-miss",
	FwdMiss:     "miss",
	FwdRequest:  "request",
	FwdStale:    "stale",
	FwdPartial:  "partial",
}

// String returns the token, "" for FwdNone.
func (f Forward) String() string {
	if int(f) >= len(forwardTokens) {
		return ""
	}
	return forwardTokens[f]
}

// CacheStatus is one member of a Cache-Status field: how Sluice handled a
// request (RFC 9211). Its zero value says only that there is a cache.
type CacheStatus struct {
	Hit       bool          // a stored response was served without asking; Fwd doesn't count then
	Fwd       Forward       // why the upstream was asked
	FwdStatus int           // what it answered; 0 when nothing, or when it is the response's own
	TTL       time.Duration // Meta.Left, in whole seconds; negative when stale
	HasTTL    bool          // TTL is known
	Stored    bool          // the response was stored
	Collapsed bool          // the request waited for another one's response
	Detail    string        // more, in a word; bytes that no field may have are left out
}

// maxDetail bounds Detail, in bytes.
const maxDetail = 128

// Append appends the member, such as "sluice; hit; ttl=376". Several are
// joined by commas, with that of the cache nearest to the client last.
func (c CacheStatus) Append(dst []byte) []byte {
	dst = append(dst, "sluice"...)
	if c.Hit {
		dst = append(dst, "; hit"...)
	} else if token := c.Fwd.String(); token != "" {
		dst = append(append(dst, "; fwd="...), token...)
		if c.FwdStatus != 0 {
			dst = strconv.AppendInt(append(dst, "; fwd-status="...), int64(c.FwdStatus), 10)
		}
	}
	if c.HasTTL {
		seconds := c.TTL / time.Second
		if c.TTL < 0 && c.TTL%time.Second != 0 {
			seconds-- // stale by half a second is not fresh
		}
		dst = strconv.AppendInt(append(dst, "; ttl="...), int64(seconds), 10)
	}
	if c.Stored && !c.Hit {
		dst = append(dst, "; stored"...)
	}
	if c.Collapsed && !c.Hit {
		dst = append(dst, "; collapsed"...)
	}
	return c.appendDetail(dst)
}

// appendDetail appends the detail as a token where it is one, else as a
// string (RFC 9211 section 2.8).
func (c CacheStatus) appendDetail(dst []byte) []byte {
	detail := c.Detail[:min(len(c.Detail), maxDetail)]
	if detail == "" {
		return dst
	}
	dst = append(dst, "; detail="...)
	if isTokenItem(detail) {
		return append(dst, detail...)
	}
	dst = append(dst, '"')
	for i := range len(detail) {
		switch b := detail[i]; {
		case b == '"' || b == '\\':
			dst = append(dst, '\\', b)
		case 0x20 <= b && b <= 0x7e:
			dst = append(dst, b)
		}
	}
	return append(dst, '"')
}

// isTokenItem reports a token of RFC 8941 section 3.3.4, of the bytes that
// other tokens may have too.
func isTokenItem(s string) bool {
	for i := range len(s) {
		if !grammar.Token.Has(s[i]) {
			return false
		}
	}
	return s != "" && (s[0] == '*' || 'a' <= s[0]|0x20 && s[0]|0x20 <= 'z')
}
