package policy

import (
	"time"

	"sluice/message"
)

// NotModified reports whether a 304 answers a request for which the stored
// response would be served (RFC 9110 sections 13.1.2, 13.1.3 and 13.2.2, RFC
// 9111 section 4.3.2). It looks at If-None-Match, and at If-Modified-Since
// where there is none. Whoever asks has passed requests with a Precondition on
// (see Asked). It allocates nothing.
func NotModified(r *message.Request, m *Meta, stored message.Fields) bool {
	// "A server MUST ignore all received preconditions if its response to the
	// same request without those conditions [...] would have been a status
	// code other than a 2xx (Successful) or 412".
	if m.Status < 200 || m.Status > 299 || string(r.Method) != "GET" && string(r.Method) != "HEAD" {
		return false
	}
	var v validators
	v.read(stored)
	tag := v.tag()
	lines, listed, any := 0, false, false
	var since single
	for i := range r.Fields {
		switch f := &r.Fields[i]; nameOf(f) {
		case nameIfNoneMatch:
			lines++
			any = any || string(f.Value) == "*"
			listed = listed || tag.listed(f.Value)
		case nameIfModifiedSince:
			since.clash = since.seen // it is no list: two are none
			since.add(f.Value)
		}
	}
	if lines > 0 {
		// "*" is the whole value or nothing.
		return listed || any && lines == 1
	}
	received := time.Unix(0, m.Received).Unix()
	limit, ok := since.date(received)
	return ok && v.changed(received) <= limit
}

// changed returns when a stored response was last modified: by its
// Last-Modified, else its Date, else when it came.
func (v *validators) changed(received int64) int64 {
	if at, ok := v.lastModified.date(received); ok {
		return at
	}
	if at, ok := v.date.date(received); ok {
		return at
	}
	return received
}

// NotModifiedFields appends to dst the stored fields that a 304 has: those
// that it must have, and Last-Modified where there is no ETag (RFC 9110
// section 15.4.5). CDN-Cache-Control is one of them, for the caches that go by
// it. Age is for the caller to add. Values are not copied.
func NotModifiedFields(dst, stored message.Fields) message.Fields {
	var v validators
	v.read(stored)
	for i := range stored {
		switch nameOf(&stored[i]) {
		case nameCacheControl, nameCDNCacheControl, nameContentLocation, nameDate, nameETag, nameExpires, nameVary:
			dst = append(dst, stored[i])
		case nameLastModified:
			if v.tag().opaque == nil {
				dst = append(dst, stored[i])
			}
		}
	}
	return dst
}
