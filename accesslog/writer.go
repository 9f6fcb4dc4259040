package accesslog

import (
	"bytes"
	"io"
)

// writer brings batches of whole lines to the sink. Run owns it.
type writer struct {
	sink Sink
	// torn is the rest of a line that an error cut in two. It is written
	// before anything else, so that each line in the sink is one object again.
	torn []byte
}

// outcome is what became of a batch, and of the torn line before it. A torn
// line counts as neither written nor dropped until its rest is one of both.
type outcome struct {
	written uint64 // lines
	dropped uint64 // lines
	bytes   uint64 // of the written ones and of the torn one
	err     error
}

// write writes batch. After an error the lines not begun are dropped.
func (w *writer) write(batch []byte) (o outcome) {
	if len(w.torn) > 0 {
		n, err := writeAll(w.sink, w.torn)
		o.bytes += uint64(n)
		w.torn = w.torn[n:]
		if err != nil {
			o.dropped, o.err = countLines(batch), err
			return o
		}
		o.written++
	}
	n, err := writeAll(w.sink, batch)
	o.bytes += uint64(n)
	o.written += countLines(batch[:n])
	if err != nil {
		o.dropped, o.err = countLines(w.keepTorn(batch, n)), err
	}
	return o
}

// keepTorn keeps the rest of the line that ends not at batch[:n] but after it,
// and returns the lines behind that one.
func (w *writer) keepTorn(batch []byte, n int) []byte {
	rest := batch[n:]
	if n == 0 || batch[n-1] == '\n' {
		return rest
	}
	end := bytes.IndexByte(rest, '\n') + 1
	w.torn = append(w.torn[:0], rest[:end]...)
	return rest[end:]
}

// reopen reopens the sink. A torn line is finished where it began, or dropped.
func (w *writer) reopen() (o outcome) {
	if len(w.torn) > 0 {
		o = w.write(nil)
	}
	if o.err = w.sink.Reopen(); o.err == nil && len(w.torn) > 0 {
		w.torn = w.torn[:0]
		o.dropped++
	}
	return o
}

// writeAll writes all of p, however many writes it takes, unless one fails.
func writeAll(w io.Writer, p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n, err := w.Write(p[done:])
		done += n
		if err != nil {
			return done, err
		}
		if n == 0 {
			return done, io.ErrShortWrite
		}
	}
	return done, nil
}

func countLines(p []byte) uint64 {
	return uint64(bytes.Count(p, []byte{'\n'}))
}
