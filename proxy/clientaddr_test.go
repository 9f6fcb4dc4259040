package proxy

import "testing"

// "the connection's, or, behind a trusted peer, the last address of
// X-Forwarded-For that is not itself trusted. Everything before that one may be
// invented."
func TestClientAddress(t *testing.T) {
	const stranger, proxy = "203.0.113.7:5000", "10.0.0.1:5000"
	for _, tt := range []struct {
		client string
		fields []string
		want   string
	}{
		{stranger, nil, "203.0.113.7"},
		{stranger, []string{"X-Forwarded-For: 1.1.1.1"}, "203.0.113.7"},
		{"[::ffff:203.0.113.7]:1", nil, "203.0.113.7"},
		{proxy, nil, "10.0.0.1"},
		{proxy, []string{"X-Forwarded-For: 198.51.100.1"}, "198.51.100.1"},
		{proxy, []string{"X-Forwarded-For: 1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{proxy, []string{"X-Forwarded-For: 1.1.1.1,198.51.100.1,10.2.2.2,10.3.3.3"}, "198.51.100.1"},
		{proxy, []string{"X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 198.51.100.1, 10.2.2.2"}, "198.51.100.1"},
		{proxy, []string{"X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 10.2.2.2"}, "198.51.100.1"},
		{proxy, []string{"X-Forwarded-For: 10.4.4.4, 10.2.2.2"}, "10.4.4.4"}, // all ours: the farthest
		{proxy, []string{"X-Forwarded-For: 198.51.100.1:4711"}, "198.51.100.1"},
		{proxy, []string{"X-Forwarded-For: 2001:db8::7"}, "2001:db8::7"},
		{proxy, []string{"X-Forwarded-For: [2001:db8::7]"}, "2001:db8::7"},
		{proxy, []string{"X-Forwarded-For: [2001:db8::7]:4711"}, "2001:db8::7"},
		{proxy, []string{"X-Forwarded-For: ::ffff:198.51.100.1"}, "198.51.100.1"},
		{proxy, []string{"X-Forwarded-For: 1.1.1.1, ::ffff:10.2.2.2"}, "1.1.1.1"},
		// What cannot be read ends the chain of trust.
		{proxy, []string{"X-Forwarded-For: 1.1.1.1, unknown"}, "10.0.0.1"},
		{proxy, []string{"X-Forwarded-For: 1.1.1.1, unknown, 10.2.2.2"}, "10.2.2.2"},
		{proxy, []string{"X-Forwarded-For: "}, "10.0.0.1"},
		// RFC 9110 section 5.6.1.2: "A recipient MUST parse and ignore a
		// reasonable number of empty list elements".
		{proxy, []string{"X-Forwarded-For: 198.51.100.1, , 10.2.2.2,"}, "198.51.100.1"},
		{proxy, []string{"X-Forwarded-For: , ,"}, "10.0.0.1"},
	} {
		r := request("GET", "/", tt.fields...)
		r.Client = clientAt(tt.client)
		x := begun(&Generation{Trusted: trustedNet}, r)
		if got := x.clientAddr().String(); got != tt.want {
			t.Errorf("%s with %q is %s, want %s", tt.client, tt.fields, got, tt.want)
		}
	}
}
