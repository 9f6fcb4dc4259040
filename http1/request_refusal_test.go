package http1

import (
	"strings"
	"testing"
)

func TestRequestHeadRefuses(t *testing.T) {
	var h requestHead
	for _, tt := range []struct {
		in   string
		want fault
	}{
		// "method SP request-target SP HTTP-version" (RFC 9112 section 3).
		{"\r\n\r\n", faultRequestLineEmpty},
		{"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", faultRequestLineEmpty},
		{" GET / HTTP/1.1\r\nHost: h\r\n\r\n", faultMethodByte},
		{"GET\r\nHost: h\r\n\r\n", faultMethodByte},
		{"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", faultMethodByte},
		{"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", faultMethodByte},
		{"G\x80T / HTTP/1.1\r\nHost: h\r\n\r\n", faultMethodByte},
		{strings.Repeat("M", 33) + " / HTTP/1.1\r\nHost: h\r\n\r\n", faultMethodSize},
		{"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetEmpty},
		{"GET /  HTTP/1.1\r\nHost: h\r\n\r\n", faultVersionForm},
		{"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", faultVersionForm},
		{"GET /\tHTTP/1.1\r\nHost: h\r\n\r\n", faultTargetByte},
		{"GET / b HTTP/1.1\r\nHost: h\r\n\r\n", faultVersionForm},
		{"GET /\r\nHost: h\r\n\r\n", faultVersionMissing}, // HTTP/0.9
		{"GET /\r\n\r\n", faultVersionMissing},
		{"GET / \r\n\r\n", faultVersionForm},

		// "HTTP-name = %s"HTTP"" (RFC 9112 section 2.3).
		{"GET / http/1.1\r\nHost: h\r\n\r\n", faultVersionForm},
		{"GET / HTTP/1\r\nHost: h\r\n\r\n", faultVersionForm},
		{"GET / HTTP/1.10\r\nHost: h\r\n\r\n", faultVersionForm},
		{"GET / HTTP/01.1\r\nHost: h\r\n\r\n", faultVersionForm},
		{"GET / HTTP/1,1\r\nHost: h\r\n\r\n", faultVersionForm},
		{"GET / HTTP /1.1\r\nHost: h\r\n\r\n", faultVersionForm},
		{"GET / HTTP/0.9\r\nHost: h\r\n\r\n", faultVersion},
		{"GET / HTTP/2.0\r\nHost: h\r\n\r\n", faultVersion},
		{"PRI * HTTP/2.0\r\n\r\n", faultVersion},
		{"GET / HTTP/3.1\r\nHost: h\r\n\r\n", faultVersion},

		// Request targets (RFC 9112 section 3.2).
		{"GET a HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetForm},
		{"GET ?a HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetForm},
		{"GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetForm},
		{"GET *a HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetForm},
		{"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetForm},
		{"GET http:/h HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetForm},
		{"GET * HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetAsterisk},
		{"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetFragment},
		{"GET /a?b#c HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetFragment},
		{"GET /a\\b HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetByte},
		{"GET /<a> HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetByte},
		{"GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetByte},
		{"GET /?\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetByte},
		{"GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetByte},
		{"GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetByte},
		{"GET /\rX HTTP/1.1\r\nHost: h\r\n\r\n", faultBareCR},
		{"GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", faultHostEmpty},
		{"GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n", faultHostUserinfo},
		{"GET http://g/ HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetHost},
		{"GET http://h:80/ HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetHost},
		{"GET http://h:99999/ HTTP/1.0\r\n\r\n", faultHostPort},

		// CONNECT and TRACE.
		{"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", faultMethodRefused},
		{"CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n", faultMethodRefused},
		{"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", faultMethodRefused},

		// "field-line = field-name ":" OWS field-value OWS" (RFC 9112
		// section 5).
		{request("A b: c"), faultFieldNameSpace},
		{request("A : c"), faultFieldNameSpace},
		{request("A\t: c"), faultFieldNameSpace},
		{request(": c"), faultFieldNameEmpty},
		{request("A"), faultFieldNoColon},
		{request("A/B: c"), faultFieldNameByte},
		{request("\x80: c"), faultFieldNameByte},
		{request("A\x00: c"), faultControl},
		{request("A: b\x00c"), faultControl},
		{request("A: b\x01c"), faultControl},
		{request("A: b\x7fc"), faultControl},
		{request("A: b\x0b"), faultControl},
		{request("A: b\rc"), faultBareCR},
		{request("A: b\r"), faultBareCR},
		{request("A: b\nc: d"), faultBareLF},
		{request("A\r: b"), faultBareCR},
		// "A sender MUST NOT generate a message that includes line folding"
		// (section 5.2); "A recipient that receives whitespace between the
		// start-line and the first header field MUST either reject the
		// message as invalid or consume each whitespace-preceded line"
		// (section 2.2).
		{request("A: b", " c"), faultFold},
		{request("A: b", "\tc: d"), faultFold},
		{request("A: b", " "), faultFold},
		{"GET / HTTP/1.1\r\n Host: h\r\n\r\n", faultFold},

		// Host (section 3.2).
		{"GET / HTTP/1.1\r\n\r\n", faultHostMissing},
		{"GET / HTTP/1.1\r\nHost:\r\n\r\n", faultHostEmpty},
		{"GET / HTTP/1.1\r\nHost: \t\r\n\r\n", faultHostEmpty},
		{request("Host: h"), faultHostTwice},
		{"GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", faultHostTwice},
		{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", faultHostByte},
		{"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", faultHostUserinfo},
		{"GET / HTTP/1.0\r\nHost: a,b\r\n\r\n", faultHostByte},

		// Connection: what must not be nominated (RFC 9110 section 7.6.1).
		{request("Connection: close, Host"), faultConnectionNominates},
		{request("Connection: content-length", "Content-Length: 3"), faultConnectionNominates},
		{request("Connection: Authorization"), faultConnectionNominates},
		{request("Connection: Cookie"), faultConnectionNominates},
		{request("Connection: X-Forwarded-For"), faultConnectionNominates},
		{request("Connection: X-Forwarded-Anything"), faultConnectionNominates},
		{request("Connection: Forwarded"), faultConnectionNominates},
		{request("Connection: X-Real-IP"), faultConnectionNominates},
		{request("Connection: Request-Id"), faultConnectionNominates},
		{request("Connection: Cache-Control"), faultConnectionNominates},
		{request("Connection: Expect"), faultConnectionNominates},
		{request("Connection: a b"), faultConnectionByte},
		{request("Connection: close;a"), faultConnectionByte},
		{request(`Connection: "close"`), faultConnectionByte},
		{request("Connection: \xe2\x84\xaaeep-alive"), faultConnectionByte},
		{request("Connection: a1,a2,a3,a4,a5,a6,a7,a8,a9,a10,a11,a12,a13,a14,a15,a16,a17"), faultNominatedCount},

		{request("Upgrade: a b", "Connection: upgrade"), faultUpgradeForm},
		{request("Upgrade: a/", "Connection: upgrade"), faultUpgradeForm},
		{request("Upgrade: a,,b", "Connection: upgrade"), faultUpgradeForm},
		{request("Upgrade: a", "Upgrade: a", "Connection: upgrade"), faultUpgradeTwice},
		{request("Expect: 200-ok"), faultExpect},
		{request("Expect: 100-continue, 200-ok"), faultExpect},
		{request("Expect: 100-continue=1"), faultExpect},
	} {
		if got := requestFault(t, &h, tt.in); got != tt.want {
			t.Errorf("%q:\n got %v\nwant %v", tt.in, got, tt.want)
		}
	}
}
