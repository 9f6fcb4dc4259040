package errorlog

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"
	"unicode/utf8"
)

// maxValue is how long a text in a line may be, in bytes. The stack of a panic
// fits.
const maxValue = 8 << 10

// handler is the slog.Handler of a Log.
type handler struct {
	log    *Log
	format slog.Handler
	attrs  []slog.Attr // given by With, and in no group
	group  bool        // attributes that come now are in a group
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.format.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	passes, sums := h.log.gate.take(time.Now(), &r, h.attrs)
	h.log.tell(sums)
	if !passes {
		return nil
	}
	return h.format.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	next.format = h.format.WithAttrs(attrs)
	if !h.group {
		next.attrs = append(slices.Clone(h.attrs), attrs...)
	}
	return &next
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	next := *h
	next.format = h.format.WithGroup(name)
	next.group = h.group || name != ""
	return &next
}

// newFormat returns what writes each record as one line, whatever bytes its
// texts have, with one Write.
func newFormat(w io.Writer, json bool) slog.Handler {
	o := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		a.Value = short(a.Value)
		return a
	}}
	if json {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

// say returns a line of the Log's own.
func (l *Log) say(level slog.Level, message string, args ...any) []byte {
	var b bytes.Buffer
	slog.New(newFormat(&b, l.options.JSON)).Log(context.Background(), level, message, args...)
	return b.Bytes()
}

// short returns v with at most maxValue bytes of text.
func short(v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		if text := v.String(); len(text) > maxValue {
			return slog.StringValue(clip(text, maxValue))
		}
	case slog.KindAny:
		if v.Any() == nil {
			return v
		}
		if text := v.String(); len(text) > maxValue {
			return slog.StringValue(clip(text, maxValue))
		}
	}
	return v
}

// clip returns at most max bytes of text, which is longer, and says how many it
// had. It cuts no character in two.
func clip(text string, max int) string {
	end := max
	for end > max-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%s... (%d bytes)", text[:end], len(text))
}
