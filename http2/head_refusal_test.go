package http2

import (
	"strings"
	"testing"

	"sluice/message"
)

// headRefusals is what finishRequest refuses. No frame has END_STREAM here.
var headRefusals = []struct {
	in   []sectionLine
	want headFault
}{
	// "All pseudo-header fields MUST appear in a field block before all
	// regular field lines" (RFC 9113 section 8.3).
	{append(section("a=b"), getSection()...), headFaultPseudoLate},
	{append(getWith(":path", "a=b"), section(":path=/")...), headFaultPseudoLate},
	// "The same pseudo-header field name MUST NOT appear more than once in a
	// field block" (the same section).
	{append(section(":method=GET"), getSection()...), headFaultPseudoTwice},
	{append(section(":path=/b"), getSection()...), headFaultPseudoTwice},
	{append(section(":authority="), getSection()...), headFaultPseudoTwice},
	{append(section(":protocol=websocket"), connectSection()...), headFaultPseudoTwice},
	// "pseudo-header fields defined for responses MUST NOT appear in
	// requests" and "Endpoints MUST treat a request or response that contains
	// undefined or invalid pseudo-header fields as malformed" (the same).
	{append(section(":status=200"), getSection()...), headFaultPseudoUnknown},
	{append(section(":host=h"), getSection()...), headFaultPseudoUnknown},
	{append(section(":="), getSection()...), headFaultPseudoUnknown},
	{append(section(":Method=GET"), getSection()...), headFaultPseudoUnknown},
	{append(section(": method=GET"), getSection()...), headFaultPseudoUnknown},

	// "An HTTP request that omits mandatory pseudo-header fields is malformed"
	// (RFC 9113 section 8.3.1).
	{nil, headFaultMethodMissing},
	{getWith(":method"), headFaultMethodMissing},
	{getWith(":scheme"), headFaultSchemeMissing},
	{getWith(":path"), headFaultPathMissing},
	// "method = token" (RFC 9110 section 9.1).
	{getWith(":method="), headFaultMethodByte},
	{getWith(":method=GET /"), headFaultMethodByte},
	{getWith(":method=G(T"), headFaultMethodByte},
	{getWith(":method=GET\x80"), headFaultMethodByte},
	{getWith(":method=GET\r\nX: y"), headFaultControl},
	{getWith(":method=" + strings.Repeat("M", 33)), headFaultMethodSize},
	// "scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )" (RFC 3986 section
	// 3.1); "":scheme" is not restricted to "http" and "https" schemed URIs"
	// (RFC 9113 section 8.3.1), but they are all we serve.
	{getWith(":scheme="), headFaultSchemeForm},
	{getWith(":scheme=1http"), headFaultSchemeForm},
	{getWith(":scheme=https://evil/?"), headFaultSchemeForm},
	{getWith(":scheme=ht@p"), headFaultSchemeForm},
	{getWith(":scheme=ftp"), headFaultSchemeRefused},
	{getWith(":scheme=wss"), headFaultSchemeRefused},
	{getWith(":scheme=svn+ssh"), headFaultSchemeRefused},
	{getWith(":scheme=http2"), headFaultSchemeRefused},
	// "This pseudo-header field MUST NOT be empty for "http" or "https" URIs;
	// "http" or "https" URIs that do not contain a path component MUST include
	// a value of '/'. The exceptions to this rule are: an OPTIONS request
	// [...] '*'" (RFC 9113 section 8.3.1).
	{getWith(":path="), headFaultPathEmpty},
	{getWith(":path=a"), headFaultPathForm},
	{getWith(":path=?a"), headFaultPathForm},
	{getWith(":path=*a"), headFaultPathForm},
	{getWith(":path=https://h/a"), headFaultPathForm},
	{getWith(":path=*"), headFaultPathAsterisk},
	{section(":method=CONNECT", ":protocol=websocket", ":scheme=https", ":authority=h", ":path=*"), headFaultPathAsterisk},
	{getWith(":path=/a#b"), headFaultPathFragment},
	{getWith(":path=/a?b#c"), headFaultPathFragment},
	{getWith(":path=/a b"), headFaultPathByte},
	{getWith(":path=/a HTTP/1.1"), headFaultPathByte},
	{getWith(":path=/a\\b"), headFaultPathByte},
	{getWith(":path=/<a>"), headFaultPathByte},
	{getWith(":path=/a\tb"), headFaultPathByte},
	{getWith(":path=/\xc3\xa4"), headFaultPathByte},
	{getWith(":path=/?\xc3\xa4"), headFaultPathByte},
	{getWith(":path=/a HTTP/1.1\r\nHost: evil\r\n\r\n"), headFaultControl},
	{getWith(":path=/\x00"), headFaultControl},
	{getWith(":path=/ "), headFaultValueSpace},

	// "A sender MUST NOT generate an "http" URI with an empty host identifier"
	// (RFC 9110 section 4.2.1): a request must have one from somewhere.
	{getWith(":authority"), headFaultAuthorityMissing},
	{getWith(":authority="), headFaultHostEmpty},
	{getWith(":authority=:443"), headFaultHostEmpty},
	{getWith(":authority", "host="), headFaultHostEmpty},
	// "":authority" MUST NOT include the deprecated userinfo subcomponent for
	// "http" or "https" schemed URIs" (RFC 9113 section 8.3.1).
	{getWith(":authority=u@h"), headFaultHostUserinfo},
	{getWith(":authority", "host=u:p@h"), headFaultHostUserinfo},
	{getWith(":authority=a,b"), headFaultHostByte},
	{getWith(":authority=a/b"), headFaultHostByte},
	{getWith(":authority=a b"), headFaultHostByte},
	{getWith(":authority=[::1"), headFaultHostIP},
	{getWith(":authority=" + strings.Repeat("a", 256)), headFaultHostSize},
	{getWith(":authority=h:65536"), headFaultHostPort},
	{getWith(":authority=h\r\nX: y"), headFaultControl},
	// "A server SHOULD treat a request as malformed if it contains a Host
	// header field that identifies an entity that differs from the entity in
	// the ":authority" pseudo-header field" (the same section).
	{getSection("host=g"), headFaultHostDiffers},
	{getSection("host="), headFaultHostDiffers},
	{getSection("host=h:443"), headFaultHostDiffers},
	{getSection("host=h."), headFaultHostDiffers},
	{getWith(":authority=", "host=h"), headFaultHostDiffers},
	// "any request message that contains more than one Host header field
	// line" (RFC 9112 section 3.2) is invalid.
	{getSection("host=h", "host=h"), headFaultHostTwice},
	{getWith(":authority", "host=h", "host=g"), headFaultHostTwice},

	// "A field name MUST NOT contain characters in the ranges 0x00-0x20,
	// 0x41-0x5a, or 0x7f-0xff (all ranges inclusive)" and "With the exception
	// of pseudo-header fields, which have a name that starts with a single
	// colon, field names MUST NOT include a colon" (RFC 9113 section 8.2.1).
	{getSection("=b"), headFaultNameEmpty},
	{getSection("A=b"), headFaultNameUpper},
	{getSection("aBc=d"), headFaultNameUpper},
	{getSection("Content-Length=1"), headFaultNameUpper},
	{getSection("a b=c"), headFaultNameByte},
	{getSection("a =c"), headFaultNameByte},
	{getSection("a:=c"), headFaultNameByte},
	{getSection("a:b=c"), headFaultNameByte},
	{getSection("a/b=c"), headFaultNameByte},
	{getSection("a\r\nb=c"), headFaultNameByte},
	{getSection("a\x00=c"), headFaultNameByte},
	{getSection("a\x7f=c"), headFaultNameByte},
	{getSection("a\xc3\xa4=c"), headFaultNameByte},
	{getSection("transfer-encoding: chunked\r\nx=c"), headFaultNameByte},
	// "A field value MUST NOT contain the zero value (ASCII NUL, 0x00), line
	// feed (ASCII LF, 0x0a), or carriage return (ASCII CR, 0x0d) at any
	// position" (the same). Other controls as in http1.
	{getSection("a=b\x00c"), headFaultControl},
	{getSection("a=b\nc"), headFaultControl},
	{getSection("a=b\rc"), headFaultControl},
	{getSection("a=b\r\nhost: evil"), headFaultControl},
	{getSection("a=b\r\n"), headFaultControl},
	{getSection("a=\x01"), headFaultControl},
	{getSection("a=\x0b"), headFaultControl},
	{getSection("a=b\x7f"), headFaultControl},
	{getSection("cookie=b\r\nc: d"), headFaultControl},
	// "A field value MUST NOT start or end with an ASCII whitespace character
	// (ASCII SP or HTAB, 0x20 or 0x09)" (the same).
	{getSection("a= b"), headFaultValueSpace},
	{getSection("a=b "), headFaultValueSpace},
	{getSection("a=\tb"), headFaultValueSpace},
	{getSection("a=b\t"), headFaultValueSpace},
	{getSection("a= "), headFaultValueSpace},

	// "Any message containing connection-specific header fields MUST be
	// treated as malformed": "the Connection header field and those listed as
	// having connection-specific semantics in Section 7.6.1 of [HTTP] (that is,
	// Proxy-Connection, Keep-Alive, Transfer-Encoding, and Upgrade)" (RFC 9113
	// section 8.2.2).
	{getSection("connection=close"), headFaultConnectionField},
	{getSection("connection="), headFaultConnectionField},
	{getSection("proxy-connection=keep-alive"), headFaultConnectionField},
	{getSection("keep-alive=timeout=5"), headFaultConnectionField},
	{getSection("transfer-encoding=chunked"), headFaultConnectionField},
	{getSection("content-length=6", "transfer-encoding=chunked"), headFaultConnectionField},
	{getSection("upgrade=h2c"), headFaultConnectionField},
	{connectSection("upgrade=websocket"), headFaultConnectionField},
	// "The only exception to this is the TE header field, which MAY be
	// present in an HTTP/2 request; when it is, it MUST NOT contain any value
	// other than "trailers"" (the same).
	{getSection("te="), headFaultTEForm},
	{getSection("te=gzip"), headFaultTEForm},
	{getSection("te=Trailers"), headFaultTEForm},
	{getSection("te=trailers, gzip"), headFaultTEForm},
	{getSection("te=trailers", "te=trailers"), headFaultTETwice},

	// "A request or response is also malformed if the value of a
	// content-length header field does not equal the sum of the DATA frame
	// payload lengths that form the content" (RFC 9113 section 8.1.1). How
	// two of them are refused is http1's corpus of smuggling.
	{getSection("content-length=8", "content-length=7"), headFaultLengthTwice},
	{getSection("content-length=8", "content-length=8"), headFaultLengthTwice},
	{getSection("content-length=8,8"), headFaultLengthForm},
	{getSection("content-length=8, 7"), headFaultLengthForm},
	{getSection("content-length=+8"), headFaultLengthForm},
	{getSection("content-length=-8"), headFaultLengthForm},
	{getSection("content-length=0x8"), headFaultLengthForm},
	{getSection("content-length="), headFaultLengthForm},
	{getSection("content-length=1 2"), headFaultLengthForm},
	{getSection("content-length=1_2"), headFaultLengthForm},
	{getSection("content-length=18446744073709551624"), headFaultLengthForm},
	// "A CONNECT request message does not have content" (RFC 9110 section
	// 9.3.6).
	{connectSection("content-length=1"), headFaultLengthEnd},

	// "The ":scheme" and ":path" pseudo-header fields MUST be omitted. [...] A
	// CONNECT request that does not conform to these restrictions is
	// malformed" (RFC 9113 section 8.5). One that does is not served, like
	// TRACE.
	{getWith(":method=CONNECT"), headFaultConnectForm},
	{section(":method=CONNECT", ":authority=h:443", ":path=/"), headFaultConnectForm},
	{section(":method=CONNECT", ":authority=h:443", ":scheme=https"), headFaultConnectForm},
	{section(":method=CONNECT"), headFaultAuthorityMissing},
	{section(":method=CONNECT", "host=h:443"), headFaultAuthorityMissing},
	{section(":method=CONNECT", ":authority=h:443"), headFaultMethodRefused},
	{section(":method=CONNECT", ":authority=h:443", "te=x"), headFaultTEForm},
	{getWith(":method=TRACE"), headFaultMethodRefused},
	{getWith(":method=TRACE", "connection=x"), headFaultConnectionField},

	// "A new pseudo-header field :protocol MAY be included on request HEADERS
	// indicating the desired protocol to be spoken on the tunnel created by
	// CONNECT" (RFC 8441 section 4).
	{append(section(":protocol=websocket"), getSection()...), headFaultProtocolMethod},
	{append(section(":protocol="), getSection()...), headFaultProtocolMethod},
	{section(":protocol=websocket"), headFaultMethodMissing},
	{section(":method=CONNECT", ":protocol=", ":scheme=https", ":authority=h", ":path=/"), headFaultProtocolEmpty},
	// "On requests that contain the :protocol pseudo-header field, the :scheme
	// and :path pseudo-header fields of the target URI [...] MUST also be
	// included" (the same); ":authority [...] is required on every HTTP/2 transaction"
	// (section 5).
	{section(":method=CONNECT", ":protocol=websocket", ":authority=h", ":path=/"), headFaultSchemeMissing},
	{section(":method=CONNECT", ":protocol=websocket", ":scheme=https", ":authority=h"), headFaultPathMissing},
	{section(":method=CONNECT", ":protocol=websocket", ":scheme=https", ":path=/", "host=h"), headFaultAuthorityMissing},
	{section(":method=CONNECT", ":protocol=connect-udp", ":scheme=https", ":authority=h", ":path=/"), headFaultProtocolRefused},
	{section(":method=CONNECT", ":protocol=h2c", ":scheme=https", ":authority=h", ":path=/"), headFaultProtocolRefused},
	{section(":method=CONNECT", ":protocol=websocket, h2c", ":scheme=https", ":authority=h", ":path=/"), headFaultProtocolRefused},
	{section(":method=CONNECT", ":protocol=connect-udp", ":scheme=https", ":authority=h"), headFaultPathMissing},

	// "A server that receives an Expect field value containing a member other
	// than 100-continue MAY respond with a 417 (Expectation Failed) status
	// code" (RFC 9110 section 10.1.1).
	{getSection("expect=200-ok"), headFaultExpect},
	{getSection("expect=100-continue", "expect=200-ok"), headFaultExpect},
	{getSection("expect=100-continue=1"), headFaultExpect},
}

func TestHeadRefuses(t *testing.T) {
	var h head
	for _, tt := range headRefusals {
		h.addAll(headLimits, tt.in)
		if got := headFaultOf(t, &headFailures, h.finishRequest(false)); got != tt.want {
			t.Errorf("%q:\n got %v\nwant %v", tt.in, got, tt.want)
		}
	}
}

// "Malformed requests or responses that are detected MUST be treated as a
// stream error (Section 5.4.2) of type PROTOCOL_ERROR" (RFC 9113 section
// 8.1.1); "When a request message violates one of these requirements, an
// implementation SHOULD generate a 400 (Bad Request) status code" (section
// 8.2.1). What is well formed and refused is not an error of the stream.
func TestRefusalsAreNotMalformed(t *testing.T) {
	refused := map[headFault]int{
		headFaultSize: 431, headFaultCount: 431, headFaultMethodSize: 400, headFaultMethodRefused: 405,
		headFaultProtocolRefused: 405, headFaultSchemeRefused: 400, headFaultExpect: 417,
	}
	var h head
	for _, tt := range headRefusals {
		h.addAll(headLimits, tt.in)
		f := h.finishRequest(false)
		status, wellFormed := refused[tt.want]
		if !wellFormed {
			status = 400
		}
		if f == nil || f.Status() != status || h.malformed == wellFormed {
			t.Errorf("%q: got %v, malformed %v; want %d, %v", tt.in, f, h.malformed, status, !wellFormed)
		}
	}
}

// A content-length above 0 cannot equal the sum of no DATA frames (RFC 9113
// section 8.1.1).
func TestLengthWithoutContentIsMalformed(t *testing.T) {
	var h head
	h.addAll(headLimits, getSection("content-length=1"))
	if f := h.finishRequest(true); f != headFailures[headFaultLengthEnd] || !h.malformed {
		t.Errorf("got %v, malformed %v", f, h.malformed)
	}
}

// "The HEAD method is identical to GET except that the server MUST NOT send
// content in the response" (RFC 9110 section 9.3.2), be it a refusal. And what
// the client still sends of a request that was refused is not too long.
func TestRefusedSectionsTellTheMethodAndNoLength(t *testing.T) {
	var h head
	for _, in := range [][]sectionLine{
		getWith(":method=HEAD", "A=b"), getWith(":method=HEAD", "a="+strings.Repeat("b", 40000)), getWith(":method=HEAD", "host=g"),
		getWith(":method=HEAD", "expect=x"),
	} {
		h.addAll(headLimits, in)
		if f := h.finishRequest(false); f == nil || string(h.method) != "HEAD" || h.length != -1 {
			t.Errorf("%v, %v: got %q, %d", in[4:], f, h.method, h.length)
		}
	}
}

// SETTINGS_MAX_HEADER_LIST_SIZE counts "the length of the name and value in
// units of octets plus an overhead of 32 octets for each field line" (RFC 9113
// section 6.5.2).
func TestHeadLimits(t *testing.T) {
	all := getSection("a=bc", "def=", "cookie=1", "cookie=2", "cookie=3")
	size := 0
	for _, l := range all {
		size += len(l.name) + len(l.value) + 32
	}
	for _, tt := range []struct {
		limits Limits
		want   headFault
	}{
		{Limits{Head: size, Fields: 3}, headFaultNone}, // the cookie is one
		{Limits{Head: size - 1, Fields: 3}, headFaultSize},
		{Limits{Head: size, Fields: 2}, headFaultCount},
		{Limits{}, headFaultSize},
		{Limits{Head: size}, headFaultCount},
	} {
		var h head
		h.addAll(tt.limits, all)
		if h.size() != size {
			t.Errorf("%+v: size %d, want %d", tt.limits, h.size(), size)
		}
		if got := headFaultOf(t, &headFailures, h.finishRequest(true)); got != tt.want || h.malformed {
			t.Errorf("%+v: got %v, malformed %v; want %v", tt.limits, got, h.malformed, tt.want)
		}
	}
}

// What comes after a limit costs no memory, however much it is.
func TestHeadKeepsNothingBeyondALimit(t *testing.T) {
	var h head
	h.addAll(Limits{Head: 1000, Fields: 100}, getSection())
	long := strings.Repeat("x", 10000)
	if allocs := testing.AllocsPerRun(100, func() { h.add("a", long) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	if len(h.text) > 1000 || len(h.fields) > 0 || h.size() < 100*10000 {
		t.Errorf("kept %d bytes and %d fields of %d", len(h.text), len(h.fields), h.size())
	}
}

func TestEveryHeadFaultIsWorded(t *testing.T) {
	seen := map[string]headFault{}
	for f := headFaultNone + 1; f < headFaults; f++ {
		words := headFaultRows[f].words
		if other, twice := seen[words]; words == "" || twice {
			t.Errorf("fault %d: words %q, also of %d", f, words, other)
		}
		seen[words] = f
		for phase, all := range map[message.Phase]*[headFaults]*message.Failure{
			message.PhaseHead: &headFailures, message.PhaseBody: &trailerFailures,
		} {
			if got := all[f]; got.Party != message.PartyClient || got.Phase != phase || got.Again != message.AgainNever ||
				got.Status() < 400 || got.Status() >= 500 {
				t.Errorf("%v", got)
			}
		}
	}
	if headFailures[headFaultNone] != nil || trailerFailures[headFaultNone] != nil {
		t.Error("no fault has a failure")
	}
	tested := map[headFault]bool{headFaultSize: true, headFaultCount: true, headFaultPseudoTrailer: true}
	for _, tt := range headRefusals {
		tested[tt.want] = true
	}
	for f := headFaultNone + 1; f < headFaults; f++ {
		if !tested[f] {
			t.Errorf("no test refuses by %v", f)
		}
	}
}
