package accesslog

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// full returns an Entry with something in every field.
func full() *Entry {
	e := typical()
	e.Client = netip.MustParseAddr("2001:db8::7")
	e.Connect = 2500 * time.Microsecond
	e.Site = "shop"
	e.Who, e.Phase, e.Cause = "upstream", "wait", "connection_timeout"
	e.Detail = `dial tcp 10.0.0.2:3001: "i/o timeout"`
	e.Degraded, e.Cache = "last_good", "stale"
	e.Attempts = 2
	e.Sample = 100
	return e
}

// decode returns the fields of text, which must be one line with one object
// that has no key twice.
func decode(t testing.TB, text []byte) map[string]any {
	t.Helper()
	if bytes.IndexByte(text, '\n') != len(text)-1 {
		t.Fatalf("not one line: %q", text)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.Token()
	for keys := map[any]bool{}; dec.More(); {
		key, _ := dec.Token()
		if keys[key] {
			t.Fatalf("%v stands twice: %q", key, text)
		}
		keys[key] = true
		dec.Token()
	}
	fields := map[string]any{}
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	return fields
}

// encodeOne returns e as a line.
func encodeOne(e *Entry) []byte {
	return newLine().encode(newEncoder(), e)
}

func TestALineHasEveryFieldOfItsExchange(t *testing.T) {
	got := decode(t, encodeOne(full()))
	want := map[string]any{
		"time": "2025-11-21T00:33:12.123Z", "id": "0f3a9b2c1d4e5f60",
		"client": "2001:db8::7", "host": "shop.example.com", "method": "GET",
		"path": "/api/items?page=3&sort=price", "proto": "HTTP/1.1",
		"status": 200., "bytes_in": 412., "bytes_out": 20612.,
		"total_ms": 1.234, "queue_ms": 0.001, "connect_ms": 2.5,
		"first_byte_ms": 1.1, "upstream_ms": 1.2,
		"site": "shop", "pool": "app", "upstream": "10.0.0.2:3001", "attempts": 2.,
		"fail_who": "upstream", "fail_phase": "wait", "fail_cause": "connection_timeout",
		"fail_detail": `dial tcp 10.0.0.2:3001: "i/o timeout"`,
		"degraded":    "last_good",
		"cache":       "stale",
		"tls":         "1.3", "alpn": "h2", "sni": "shop.example.com",
		"user_agent": string(full().UserAgent),
		"sample":     100.,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestEmptyOptionalFieldsAreLeftOut(t *testing.T) {
	got := decode(t, encodeOne(&Entry{}))
	want := map[string]any{
		"time": "0001-01-01T00:00:00.000Z", "id": "", "client": "", "host": "",
		"method": "", "path": "", "proto": "", "status": 0., "bytes_in": 0.,
		"bytes_out": 0., "total_ms": 0., "queue_ms": 0., "connect_ms": 0.,
		"first_byte_ms": 0., "upstream_ms": 0., "attempts": 0.,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestTimesAreInUTCWithMilliseconds(t *testing.T) {
	east := time.FixedZone("", 8*3600)
	for _, tt := range []struct {
		time time.Time
		want string
	}{
		{time.Date(2025, 1, 2, 3, 4, 5, 999_999_999, time.UTC), "2025-01-02T03:04:05.999Z"},
		{time.Date(2025, 1, 2, 3, 4, 5, 999_999, time.UTC), "2025-01-02T03:04:05.000Z"},
		{time.Date(2025, 1, 1, 3, 4, 5, 45e6, east), "2024-12-31T19:04:05.045Z"},
		{time.Unix(0, 0), "1970-01-01T00:00:00.000Z"},
	} {
		if got := decode(t, encodeOne(&Entry{Time: tt.time}))["time"]; got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.time, got, tt.want)
		}
	}
}

func TestDurationsAreMillisecondsToTheMicrosecond(t *testing.T) {
	for _, tt := range []struct {
		d    time.Duration
		want string
	}{
		{0, "0"}, {999, "0"}, {1000, "0.001"}, {-time.Hour, "0"},
		{10 * time.Microsecond, "0.01"}, {1234567 * time.Nanosecond, "1.234"},
		{1500 * time.Microsecond, "1.5"}, {time.Minute, "60000"},
		{time.Hour + time.Microsecond, "3600000.001"},
	} {
		want := `"total_ms":` + tt.want + `,"queue_ms"`
		if got := string(encodeOne(&Entry{Total: tt.d})); !strings.Contains(got, want) {
			t.Errorf("%v: got %s, want %s", tt.d, got, want)
		}
	}
}

func TestLongTextIsCutAndItsLengthKept(t *testing.T) {
	long := func(n int) []byte { return bytes.Repeat([]byte("x"), n) }
	for _, tt := range []struct {
		key string
		max int
		set func(e *Entry, n int)
	}{
		{"id", maxID, func(e *Entry, n int) { e.RequestID = long(n) }},
		{"host", maxHost, func(e *Entry, n int) { e.Host = long(n) }},
		{"method", maxMethod, func(e *Entry, n int) { e.Method = long(n) }},
		{"path", maxPath, func(e *Entry, n int) { e.Path = long(n) }},
		{"user_agent", maxUserAgent, func(e *Entry, n int) { e.UserAgent = long(n) }},
		{"sni", maxSNI, func(e *Entry, n int) { e.SNI = string(long(n)) }},
		{"fail_detail", maxDetail, func(e *Entry, n int) { e.Detail = string(long(n)) }},
	} {
		for _, n := range []int{tt.max, tt.max + 1, 1 << 20} {
			e := typical()
			tt.set(e, n)
			got := decode(t, encodeOne(e))
			if want := min(n, tt.max); len(got[tt.key].(string)) != want {
				t.Errorf("%s of %d bytes: got %d, want %d", tt.key, n, len(got[tt.key].(string)), want)
			}
			cut, marked := got[tt.key+"_cut"]
			if marked != (n > tt.max) || marked && cut != float64(n) {
				t.Errorf("%s of %d bytes: marked as cut: %v, from %v", tt.key, n, marked, cut)
			}
		}
	}
}

func TestNoCharacterIsCutInTwo(t *testing.T) {
	for shift := range 4 {
		path := "/" + strings.Repeat("x", shift) + strings.Repeat("灯", maxPath)
		got := decode(t, encodeOne(&Entry{Path: []byte(path)}))["path"].(string)
		if !strings.HasPrefix(path, got) || len(got) > maxPath || len(got) < maxPath-2 {
			t.Errorf("shifted by %d: cut to %d bytes, ends in %q", shift, len(got), got[len(got)-4:])
		}
	}
}
