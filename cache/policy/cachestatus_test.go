package policy

import (
	"strings"
	"testing"
	"time"
)

// RFC 9211 section 2: Cache-Status is a List whose members are tokens with
// parameters. hit says that the request was not forwarded, so it excludes fwd
// and what belongs to that.
func TestCacheStatus(t *testing.T) {
	for want, c := range map[string]CacheStatus{
		"sluice":                                   {},
		"sluice; hit; ttl=376":                     {Hit: true, HasTTL: true, TTL: 376*time.Second + 999*time.Millisecond},
		"sluice; hit; ttl=-412":                    {Hit: true, HasTTL: true, TTL: -412 * time.Second},
		"sluice; hit; ttl=-1":                      {Hit: true, HasTTL: true, TTL: -time.Millisecond},
		"sluice; hit; ttl=0":                       {Hit: true, HasTTL: true, TTL: time.Millisecond},
		"sluice; hit":                              {Hit: true, Fwd: FwdStale, FwdStatus: 304, Stored: true, Collapsed: true, TTL: 5},
		"sluice; fwd=uri-miss; stored":             {Fwd: FwdURIMiss, Stored: true},
		"sluice; fwd=stale; fwd-status=304; ttl=5": {Fwd: FwdStale, FwdStatus: 304, HasTTL: true, TTL: 5 * time.Second},
		"sluice; fwd=miss; collapsed":              {Fwd: FwdMiss, Collapsed: true},
		"sluice; fwd=bypass; detail=no-store":      {Fwd: FwdBypass, Detail: "no-store"},
		`sluice; fwd=miss; detail="no freshness"`:  {Fwd: FwdMiss, Detail: "no freshness"},
		`sluice; detail="5x"`:                      {Detail: "5x"},
		`sluice; detail="a\"\\b"`:                  {Detail: "a\"\\b\r\n\x00\u00fc"},
		"sluice; fwd=vary-miss":                    {Fwd: FwdVaryMiss},
		"sluice; fwd=request":                      {Fwd: FwdRequest},
		"sluice; fwd=method":                       {Fwd: FwdMethod},
		"sluice; fwd=partial":                      {Fwd: FwdPartial},
		"sluice; stored":                           {Fwd: Forward(99), Stored: true},
	} {
		if got := string(c.Append([]byte("x, "))); got != "x, "+want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	long := CacheStatus{Detail: strings.Repeat("\"", 10*maxDetail)}
	if n := len(long.Append(nil)); n > 3*maxDetail {
		t.Errorf("a detail of %d bytes", n)
	}
}

// What Judge says can be a detail as it is.
func TestWhyIsADetail(t *testing.T) {
	for w := WhyNone + 1; w <= WhyFreshness; w++ {
		got := string(CacheStatus{Detail: w.String()}.Append(nil))
		if !strings.Contains(got, w.String()) {
			t.Errorf("%q of %q", got, w)
		}
	}
}
