package policy

import "testing"

// RFC 7239 section 4: 'forwarded-pair = token "=" value', pairs joined by
// semicolons, elements by commas; names of parameters are case-insensitive.
func TestForwardedAgrees(t *testing.T) {
	for value, want := range map[string]bool{
		"":                                true,
		"for=192.0.2.1":                   true,
		"for=192.0.2.1;host=shop.example": true,
		`for=192.0.2.1;Host="SHOP.example";proto=https, for="[::1]"`: true,
		"host=www.example;proto=HTTPS":                               true,
		"host=evil.example":                                          false,
		"HOST = evil.example":                                        false,
		"host=shop.example, host=evil.example":                       false,
		"host=shop.example.evil.example":                             false,
		`for="a;host=evil.example"`:                                  false, // careless readers
		"host=":                                                      false,
		"host":                                                       false,
		"proto=http":                                                 false,
		"by=1;proto":                                                 false,
		"secret=host":                                                true,
	} {
		if got := ForwardedAgrees([]byte(value), true, []byte("shop.example"), []byte("www.example")); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
	if !ForwardedAgrees([]byte("proto=http"), false) || ForwardedAgrees([]byte("host=a"), false, nil) {
		t.Error("without TLS, or without hosts")
	}
	value, host := []byte(`for=192.0.2.1;host="shop.example";proto=https`), []byte("shop.example")
	if n := testing.AllocsPerRun(100, func() { ForwardedAgrees(value, true, host, nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// "two variants are the same if their bytes are": what Sluice sets by the key is
// the same for all that have it.
func TestOurOwnFieldsAreNoVariants(t *testing.T) {
	resp := fields("Vary: X-Forwarded-Proto, x-forwarded-host", "Vary: X-Forwarded-Port")
	if key, ok := AppendVary(nil, get("X-Forwarded-Proto: https"), resp); !ok || len(key) != 0 {
		t.Errorf("%q, %v", key, ok)
	}
}
