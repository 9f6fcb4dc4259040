package accesslog

import (
	"time"

	"go.uber.org/zap/zapcore"
)

// maxKeptLine is how large a line's buffer may be to be kept for another line.
const maxKeptLine = 16 << 10

// line is the scratch space of one encoding. Lines are pooled.
type line struct {
	plain   plain
	scratch [64]byte // the client's address

	// For zap, which takes a field by interface.
	entry  Entry
	fields [1]zapcore.Field
}

func newLine() *line {
	l := &line{plain: plain{buf: make([]byte, 0, 1<<10)}}
	l.fields[0] = zapcore.Field{Type: zapcore.InlineMarshalerType, Interface: l}
	return l
}

// encode returns e as one line, which is valid until l is used again.
func (l *line) encode(enc zapcore.Encoder, e *Entry) []byte {
	l.plain.reset()
	e.encode(&l.plain, l.scratch[:])
	if !l.plain.odd {
		l.plain.finish()
		return l.plain.buf
	}
	return l.encodeByZap(enc, e)
}

// encodeByZap is encode for any texts. The copy keeps e off the heap.
func (l *line) encodeByZap(enc zapcore.Encoder, e *Entry) []byte {
	l.entry = *e
	buf, err := enc.EncodeEntry(zapcore.Entry{}, l.fields[:])
	l.entry = Entry{}
	if err != nil {
		panic("internal error: access log: " + err.Error()) // neither zap's encoder nor ours returns any
	}
	l.plain.buf = append(l.plain.buf[:0], buf.Bytes()...)
	buf.Free()
	return l.plain.buf
}

// MarshalLogObject adds the fields of the entry being encoded to zap's line.
func (l *line) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	l.entry.encode(enc, l.scratch[:])
	return nil
}

// newEncoder returns zap's JSON encoder without a message or a level of its
// own: a line has the fields of an Entry, nothing else.
func newEncoder() zapcore.Encoder {
	inLayout := zapcore.TimeEncoderOfLayout("2006-01-02T15:04:05.000Z07:00")
	return zapcore.NewJSONEncoder(zapcore.EncoderConfig{
		EncodeTime: func(t time.Time, enc zapcore.PrimitiveArrayEncoder) { inLayout(t.UTC(), enc) },
		EncodeDuration: func(d time.Duration, enc zapcore.PrimitiveArrayEncoder) {
			enc.AppendFloat64(float64(max(d, 0)/time.Microsecond) / 1e3)
		},
	})
}
