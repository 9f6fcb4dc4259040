package grammar

// MayTrail reports whether a field that Sluice does not decide on may come
// after the content. "Many fields cannot be processed outside the header
// section because their evaluation is necessary prior to receiving the
// content, such as those that describe message framing, routing,
// authentication, request modifiers, response controls, or content format"
// (RFC 9110 section 6.5.1). Whoever merges trailers into the header section
// must not find those there.
//
// Which of the fields that Sluice decides on may trail is for the caller to
// say, who has their message.Name.
func MayTrail(name []byte) bool {
	for _, s := range notTrailers {
		if EqualNames(name, s) {
			return false
		}
	}
	for _, s := range notTrailerPrefixes {
		if len(name) >= len(s) && EqualNames(name[:len(s)], s) {
			return false
		}
	}
	return true
}

var notTrailers = [...]string{
	"age", "authorization", "cache-control", "content-encoding", "content-range",
	"expires", "location", "pragma", "range", "set-cookie", "vary", "via", "warning", "www-authenticate",
	"x-client-ip", "x-request-id",
}

var notTrailerPrefixes = [...]string{"if-", "proxy-", "x-forwarded-", "access-control-", "sec-"}
