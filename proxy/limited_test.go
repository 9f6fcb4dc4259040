package proxy

import (
	"strings"
	"testing"
	"time"
)

// "The key shown is the client's address/prefix; for keys of header or cookie a
// hash: a cookie may be a secret."
func TestWhoWasLimited(t *testing.T) {
	client, cookie := []LimitKey{{Kind: LimitByClient}}, []LimitKey{{LimitByCookie, "sid"}}
	for _, tt := range []struct {
		name   string
		keys   []LimitKey
		from   string
		fields []string
		want   string // of a number: "#"
	}{
		{"address", client, "192.0.2.1:1", nil, "192.0.2.1"},
		{"IPv6", client, "[2001:db8:1:2:3:4:5:6]:1", nil, "2001:db8:1:2::/64"},
		{"mapped", client, "[::ffff:192.0.2.9]:1", nil, "192.0.2.9"},
		{"cookie", cookie, "192.0.2.1:1", []string{"Cookie: sid=topsecret"}, "#"},
		{"no cookie", cookie, "192.0.2.1:1", nil, "192.0.2.1"},
		{"header", []LimitKey{{LimitByHeader, "x-api-key"}}, "192.0.2.1:1", []string{"X-Api-Key: topsecret"}, "#"},
		{"client and path", []LimitKey{{Kind: LimitByClient}, {Kind: LimitByPath}}, "192.0.2.1:1", nil, "192.0.2.1"},
		{"host", []LimitKey{{Kind: LimitByHost}}, "192.0.2.1:1", nil, "#"},
	} {
		for _, dry := range []bool{false, true} {
			l := (&Limit{Name: "x", Keys: tt.keys, Rate: rateOf(0, 1), DryRun: dry}).Prepare()
			now := time.Now()
			for range 4 {
				x := begun(&Generation{}, from(tt.from, "/", tt.fields...))
				x.limited(0, l, l.key(x), now)
			}
			top := l.Top(10, now)
			if len(top) != 1 || top[0].Times != 3 || !top[0].Last.Equal(now) {
				t.Errorf("%s: %+v", tt.name, top)
				continue
			}
			got := top[0].Client
			if got != tt.want && !(tt.want == "#" && len(got) == 9 && got[0] == '#') || strings.Contains(got, "secret") {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		}
	}
}

// Refusals stay cheap, also of a flood of strangers.
func TestARefusalAllocatesNothing(t *testing.T) {
	l := (&Limit{Name: "x", Keys: []LimitKey{{Kind: LimitByClient}}, Rate: rateOf(0, 1)}).Prepare()
	x := begun(&Generation{}, from("192.0.2.1:1", "/"))
	now := time.Now()
	key := l.key(x)
	l.Rate.Take(key, now)
	if n := testing.AllocsPerRun(100, func() { x.limited(0, l, key, now) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
