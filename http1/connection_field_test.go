package http1

import "testing"

// "Intermediaries MUST parse a received Connection header field before a
// message is forwarded and, for each connection-option in this field, remove
// any header or trailer field(s) from the message with the same name as the
// connection-option, and then remove the Connection header field itself (or
// replace it with the intermediary's own control options for the forwarded
// message)" (RFC 9110 section 7.6.1).
func TestNominatedFieldsAreRemoved(t *testing.T) {
	var h requestHead
	for _, tt := range []struct{ in, want string }{
		{request("A: 1", "Foo: 2", "B: 3", "Connection: foo"), "|A=1|B=3"},
		{request("Connection: FOO,bar", "foo: 1", "Bar: 2", "Food: 3", "Fo: 4"), "|Food=3|Fo=4"},
		{request("foo: 1", "foo: 2", "Connection: close", "Connection: foo"), ""},
		{request("Connection: absent", "A: b"), "|A=b"},
		{request("Connection:", "A: b"), "|A=b"},
		{request("Connection: ,\t,", "A: b"), "|A=b"},
		// Known to be of one connection, nominated or not.
		{request("Keep-Alive: a", "Proxy-Connection: a", "TE: a", "Trailer: a", "Upgrade: a", "A: b"), "|A=b"},
		{request("Connection: Keep-Alive, Transfer-Encoding", "Transfer-Encoding: chunked", "Keep-Alive: a", "A: b"), "|A=b"},
		{request("Connection: Proxy-Authorization", "Proxy-Authorization: a", "A: b"), "|A=b"},
		{request("Connection: close, X-Forwarded, Conten, Secret", "X-Forwarded: a", "Conten: b", "Secret: c"), ""},
	} {
		if bad := requestFault(t, &h, tt.in); bad != faultNone {
			t.Errorf("%q: refused: %v", tt.in, bad)
			continue
		}
		got := ""
		for _, f := range h.fields {
			got += "|" + string(f.Name) + "=" + string(f.Value)
		}
		if got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}
