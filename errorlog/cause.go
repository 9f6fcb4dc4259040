package errorlog

import (
	"cmp"
	"hash/maphash"
	"log/slog"
	"slices"
	"time"
)

const (
	// maxTelling is how many bytes of a message or value tell causes apart.
	maxTelling = 256
	// maxAttrs is how many attributes do.
	maxAttrs = 8
)

// cause is what records have in common that are alike, and how many there were
// in the window.
type cause struct {
	level   slog.Level
	message string
	attrs   []slog.Attr // those that tell it apart
	burst   int         // lines that it has in a window

	written, held int
}

// newCause returns the cause of r, of which attrs tell it apart.
func newCause(r *slog.Record, attrs []slog.Attr) *cause {
	c := &cause{level: r.Level, message: brief(r.Message), burst: burst}
	for _, a := range attrs {
		c.attrs = append(c.attrs, slog.String(a.Key, telling(a.Value)))
	}
	return c
}

// turn returns c as it was, and makes it one that was noisy in the window
// before.
func (c *cause) turn() cause {
	was := *c
	c.written, c.held, c.burst = 0, 0, 1
	return was
}

// telling appends those attributes of r to attrs that tell causes apart.
func (g *gate) telling(attrs []slog.Attr, r *slog.Record, given []slog.Attr) []slog.Attr {
	add := func(a slog.Attr) bool {
		if slices.Contains(g.keys, a.Key) {
			attrs = append(attrs, a)
		}
		return len(attrs) < maxAttrs
	}
	for _, a := range given {
		if !add(a) {
			return attrs
		}
	}
	r.Attrs(add)
	return attrs
}

// hash returns what records of one cause have in common.
func (g *gate) hash(r *slog.Record, attrs []slog.Attr) uint64 {
	var h maphash.Hash
	h.SetSeed(g.seed)
	h.WriteByte(byte(r.Level))
	h.WriteString(brief(r.Message))
	for _, a := range attrs {
		h.WriteByte(0)
		h.WriteString(a.Key)
		h.WriteByte(0)
		h.WriteString(telling(a.Value))
	}
	return h.Sum64()
}

// telling returns the part of a value that tells causes apart.
func telling(v slog.Value) string { return brief(v.Resolve().String()) }

// brief returns the part of a text that tells causes apart.
func brief(text string) string {
	if len(text) > maxTelling {
		return clip(text, maxTelling)
	}
	return text
}

// summary says what was held back in a window: of the noisiest each by itself,
// of the others together.
func summary(noisy []cause, now time.Time, took time.Duration) (sums []slog.Record) {
	slices.SortFunc(noisy, func(a, b cause) int {
		return cmp.Or(cmp.Compare(b.held, a.held), cmp.Compare(a.message, b.message))
	})
	took = took.Round(time.Second)
	level, rest := slog.LevelInfo, 0
	for i, c := range noisy {
		if i >= maxSums-1 {
			level, rest = max(level, c.level), rest+c.held
			continue
		}
		r := slog.NewRecord(now, c.level, "more like this was held back", 0)
		if c.message != "" {
			r.AddAttrs(slog.String("like", c.message))
		}
		r.AddAttrs(c.attrs...)
		r.AddAttrs(slog.Int("lines", c.held), slog.Duration("within", took))
		sums = append(sums, r)
	}
	if rest > 0 {
		r := slog.NewRecord(now, level, "lines of other causes were held back", 0)
		r.AddAttrs(slog.Int("causes", len(noisy)-len(sums)), slog.Int("lines", rest), slog.Duration("within", took))
		sums = append(sums, r)
	}
	return sums
}
