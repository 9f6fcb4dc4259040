package accesslog

import (
	"bytes"
	"net/netip"
	"os"
	"testing"
	"time"
)

// bothWays returns e encoded by plain, nil if it can't, and by zap.
func bothWays(e *Entry) (byPlain, byZap []byte) {
	l, enc := newLine(), newEncoder()
	byPlain = l.encode(enc, e)
	if l.plain.odd {
		byPlain = nil
	}
	return byPlain, newLine().encodeByZap(enc, e)
}

func TestPlainAgreesWithZap(t *testing.T) {
	cut := typical()
	cut.Path = bytes.Repeat([]byte("/"), maxPath+1)
	for _, e := range []*Entry{{}, typical(), cut} {
		byPlain, byZap := bothWays(e)
		if !bytes.Equal(byPlain, byZap) {
			t.Errorf("plain %s\nzap   %s", byPlain, byZap)
		}
	}
}

func TestPlainLeavesToZapWhatNeedsEscaping(t *testing.T) {
	for c := range 256 {
		odd := c < 0x20 || c >= 0x80 || c == '"' || c == '\\'
		for n := 1; n <= 17; n++ {
			for at := range n {
				text := bytes.Repeat([]byte{'a'}, n)
				text[at] = byte(c)
				if needsNoEscape(text) == odd || needsNoEscape(string(text)) == odd {
					t.Fatalf("%q: needs escaping: %v", text, !odd)
				}
			}
		}
	}
}

// decoded is what a reader gets of text that was cut at max: each byte that is
// no UTF-8 has become U+FFFD.
func decoded(text []byte, max int) string {
	if len(text) > max {
		text = clip(text, max)
	}
	return string([]rune(string(text)))
}

// FuzzLine: whatever bytes a client sends, the line is one line, valid JSON, and
// decodes to what was sent, cut and with invalid UTF-8 replaced; and plain, if
// it takes the line at all, writes what zap would.
func FuzzLine(f *testing.F) {
	f.Add([]byte("a1"), []byte("shop.example.com"), []byte("GET"), []byte("/"), []byte("curl/8"), "shop.example.com", "", int64(200), int64(1234567))
	f.Fuzz(func(t *testing.T, id, host, method, path, agent []byte, sni, detail string, n, d int64) {
		e := &Entry{
			Time:   time.Unix(n%1e9, d%1e9),
			Client: netip.AddrFrom4([4]byte{byte(n), byte(d)}), RequestID: id,
			Host: host, Method: method, Path: path, UserAgent: agent, SNI: sni, Detail: detail,
			Status: int(n), BytesIn: n, BytesOut: d, Total: time.Duration(d % 1e18),
		}
		byPlain, byZap := bothWays(e)
		if byPlain != nil && !bytes.Equal(byPlain, byZap) {
			t.Fatalf("plain %s\nzap   %s", byPlain, byZap)
		}
		got := decode(t, encodeOne(e))
		for _, tt := range []struct {
			key  string
			text []byte
			max  int
		}{
			{"id", id, maxID}, {"host", host, maxHost}, {"method", method, maxMethod},
			{"path", path, maxPath}, {"user_agent", agent, maxUserAgent},
			{"sni", []byte(sni), maxSNI}, {"fail_detail", []byte(detail), maxDetail},
		} {
			want := decoded(tt.text, tt.max)
			if text, _ := got[tt.key].(string); text != want {
				t.Errorf("%s: got %q, want %q", tt.key, text, want)
			}
			if _, marked := got[tt.key+"_cut"]; marked != (len(tt.text) > tt.max) {
				t.Errorf("%s of %d bytes: marked as cut: %v", tt.key, len(tt.text), marked)
			}
		}
	})
}

func TestFuzzSeedsAreThere(t *testing.T) {
	seeds, err := os.ReadDir("testdata/fuzz/FuzzLine")
	if err != nil || len(seeds) < 6 {
		t.Fatalf("%d seeds, %v", len(seeds), err)
	}
	for _, seed := range seeds {
		if info, err := seed.Info(); err != nil || info.Size() < 20 {
			t.Errorf("%s is empty", seed.Name())
		}
	}
}
