package errorlog

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// FuzzLine: whatever bytes a text has, it makes one line, which shows no control
// character that a terminal or a reader of lines minds; and as JSON one object.
func FuzzLine(f *testing.F) {
	for _, seed := range []string{"", "plain", "a\nlevel=ERROR msg=forged", "\r\n\x00\x1b[2J", "\xff\xfe\u2028", `"quoted" \ = `, "\x7f", strings.Repeat("灯", 5000)} {
		f.Add("msg", seed, seed)
		f.Add(seed, "v", seed)
	}
	f.Fuzz(func(t *testing.T, message, value, why string) {
		_, p, errlog := onPaper(Options{Causes: []string{"pool", "why"}})
		errlog.Warn(message, "pool", value, "names", []string{value, why}, "why", errors.New(why))
		text := strings.TrimSuffix(p.text(), "\n")
		if p.lines() != 1 || strings.ContainsFunc(text, breaks) {
			t.Errorf("not a line: %q", p.text())
		}
		_, p, errlog = onPaper(Options{JSON: true})
		errlog.Warn(message, "pool", value, "names", []string{value, why}, "why", errors.New(why))
		var object struct{ Level, Msg, Pool, Why string }
		if err := json.Unmarshal([]byte(p.text()), &object); err != nil || p.lines() != 1 || object.Level != "WARN" {
			t.Errorf("not an object: %v, %q", err, p.text())
		}
		if len(value) <= maxValue && object.Pool != string([]rune(value)) {
			t.Errorf("pool is %q, want %q", object.Pool, value)
		}
	})
}

// breaks reports whether c ends a line or begins what a terminal obeys. (Slog
// leaves DEL as it is, which does neither.)
func breaks(c rune) bool { return c < ' ' || c >= 0x80 && c < 0xa0 || c == '\u2028' || c == '\u2029' }
