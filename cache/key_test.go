package cache

import "testing"

// RFC 9110 section 4.2.3: "Scheme and host are case-insensitive and normally
// provided in lowercase; all other components are compared in a case-sensitive
// manner", and a port that is the scheme's default is the same as none.
func TestKey(t *testing.T) {
	key := func(secure bool, host, target string) string {
		return string(AppendKey(nil, secure, []byte(host), []byte(target)))
	}
	for _, same := range [][2]string{
		{key(true, "Shop.Example.com", "/a?b"), key(true, "shop.example.com", "/a?b")},
		{key(true, "shop.example.com:443", "/"), key(true, "shop.example.com", "/")},
		{key(false, "shop.example.com:80", "/"), key(false, "shop.example.com", "/")},
	} {
		if same[0] != same[1] {
			t.Errorf("%q is not %q", same[0], same[1])
		}
	}
	different := map[string]string{}
	for _, k := range []struct {
		secure       bool
		host, target string
	}{
		{true, "a.example", "/x"}, {false, "a.example", "/x"}, {true, "a.example", "/X"}, {true, "a.example", "/x?"},
		{true, "a.example:8443", "/x"}, {true, "a.example:80", "/x"}, {true, "b.example", "/x"},
		{true, "a.example", "/x?a"}, {true, "a.example", "/x?b"}, {true, "a.exampl", "/e/x"},
	} {
		got := key(k.secure, k.host, k.target)
		what := k.host + k.target
		if was, there := different[got]; there {
			t.Errorf("%s has the key of %s: %q", what, was, got)
		}
		different[got] = what
	}
}
