package http2

import (
	"testing"

	"sluice/message"
)

func TestTrailersAreReadOrDropped(t *testing.T) {
	var h head
	for _, tt := range []struct {
		in   []sectionLine
		want string
	}{
		{nil, ""},
		{section("grpc-status=0", "grpc-message=", "a=b", "a=c"), "|grpc-status=0|grpc-message=|a=b|a=c"},
		// "Proxy-Status MAY be sent as an HTTP trailer field" (RFC 9209
		// section 2).
		{section("proxy-status=sluice", "server-timing=a"), "|proxy-status=sluice|server-timing=a"},
		// "Many fields cannot be processed outside the header section because
		// their evaluation is necessary prior to receiving the content, such
		// as those that describe message framing, routing, authentication,
		// request modifiers, response controls, or content format" (RFC 9110
		// section 6.5.1). "in most cases, the trailers are simply discarded".
		{section("content-length=1", "content-length=x", "host=evil", "host=h", "content-type=a", "trailer=b", "te=trailers",
			"authorization=a", "cookie=a", "cookie=b", "if-match=a", "expect=b", "priority=u=0", "range=a", "set-cookie=a",
			"x-forwarded-for=::1", "x-real-ip=::1", "forwarded=for=a", "a=b", "cache-control=a", "content-encoding=gzip"), "|a=b"},
	} {
		h.addAll(headLimits, tt.in)
		if f := h.finishTrailers(); f != nil {
			t.Errorf("%q: refused: %v", tt.in, f)
		} else if got := fieldText(h.fields); got != tt.want || h.malformed {
			t.Errorf("%q: got %q, malformed %v; want %q", tt.in, got, h.malformed, tt.want)
		}
	}
}

func TestTrailersAreRefused(t *testing.T) {
	var h head
	for _, tt := range []struct {
		in   []sectionLine
		want headFault
	}{
		// "Trailers MUST NOT include pseudo-header fields. An endpoint that
		// receives pseudo-header fields in trailers MUST treat the request or
		// response as malformed" (RFC 9113 section 8.1).
		{section(":path=/", "a=b"), headFaultPseudoTrailer},
		{section(":method="), headFaultPseudoTrailer},
		{section("a=b", ":path=/"), headFaultPseudoLate},
		{section(":status=200"), headFaultPseudoUnknown},
		// "A request or response that contains a field that violates any of
		// these conditions MUST be treated as malformed" (section 8.2.1).
		{section("A=b"), headFaultNameUpper},
		{section("=b"), headFaultNameEmpty},
		{section("a b=c"), headFaultNameByte},
		{section("a=b\r\nc: d"), headFaultControl},
		{section("a= b"), headFaultValueSpace},
		{section("host=a\x00"), headFaultControl}, // though it would be dropped
		// "Any message containing connection-specific header fields MUST be
		// treated as malformed" (section 8.2.2).
		{section("connection=close"), headFaultConnectionField},
		{section("keep-alive=a"), headFaultConnectionField},
		{section("proxy-connection=a"), headFaultConnectionField},
		{section("transfer-encoding=chunked"), headFaultConnectionField},
		{section("upgrade=a"), headFaultConnectionField},
		{section("te=gzip"), headFaultTEForm},
		{section("te=trailers", "te=trailers"), headFaultTETwice},
	} {
		h.addAll(headLimits, tt.in)
		if got := headFaultOf(t, &trailerFailures, h.finishTrailers()); got != tt.want || !h.malformed {
			t.Errorf("%q:\n got %v, malformed %v\nwant %v", tt.in, got, h.malformed, tt.want)
		}
	}
}

func TestTrailerLimits(t *testing.T) {
	var h head
	for _, tt := range []struct {
		limits Limits
		want   headFault
	}{
		{Limits{Head: 68, Fields: 2}, headFaultNone},
		{Limits{Head: 67, Fields: 2}, headFaultSize},
		{Limits{Head: 68, Fields: 1}, headFaultCount},
	} {
		h.addAll(tt.limits, section("a=b", "c=d"))
		f := h.finishTrailers()
		if got := headFaultOf(t, &trailerFailures, f); got != tt.want || h.malformed {
			t.Errorf("%+v: got %v, malformed %v; want %v", tt.limits, got, h.malformed, tt.want)
		}
		if f != nil && (f.Status() != 431 || f.Phase != message.PhaseBody) {
			t.Errorf("%+v: got %v", tt.limits, f)
		}
	}
}
