package accesslog

import (
	"bytes"
	"syscall"
	"testing"
)

// disk is a sink that takes what fits: after room bytes it fails, and while
// step is set no write takes more than that.
type disk struct {
	bytes.Buffer
	room     int
	step     int
	reopened int
	noReopen error
	gone     bool
	looks    int // whether it is gone
	closed   bool
}

func (d *disk) Write(p []byte) (int, error) {
	n := min(len(p), d.room)
	if d.step > 0 {
		n = min(n, d.step)
	}
	d.room -= n
	d.Buffer.Write(p[:n])
	if n < len(p) && d.room == 0 {
		return n, syscall.ENOSPC
	}
	return n, nil
}

func (d *disk) Reopen() error {
	if d.noReopen == nil {
		d.reopened++
	}
	return d.noReopen
}

func (d *disk) Gone() bool {
	d.looks++
	return d.gone
}

func (d *disk) Close() error {
	d.closed = true
	return nil
}

func TestAShortWriteIsContinued(t *testing.T) {
	d := &disk{room: 100, step: 3}
	w := writer{sink: d}
	got := w.write([]byte("{one}\n{two}\n"))
	if want := (outcome{written: 2, bytes: 12}); got != want || d.String() != "{one}\n{two}\n" {
		t.Errorf("got %+v %q, want %+v", got, d, want)
	}
}

func TestAWriteThatFailsLosesWholeLinesOnly(t *testing.T) {
	const batch = "{one}\n{two}\n{three}\n"
	for room := range len(batch) + 1 {
		d := &disk{room: room}
		w := writer{sink: d}
		first := w.write([]byte(batch))
		still := w.write([]byte("{four}\n")) // no room yet, unless all fitted
		d.room = 100
		last := w.write([]byte("{five}\n"))
		if last.err != nil || len(w.torn) > 0 {
			t.Fatalf("room %d: %+v, torn %q", room, last, w.torn)
		}
		if (first.err != nil) != (room < len(batch)) || still.err == nil {
			t.Errorf("room %d: errors %v, %v", room, first.err, still.err)
		}
		lines := countLines(d.Bytes())
		written := first.written + still.written + last.written
		dropped := first.dropped + still.dropped + last.dropped
		if written != lines || written+dropped != 5 {
			t.Errorf("room %d: %d written and %d dropped of 5, in the file %d", room, written, dropped, lines)
		}
		for line := range bytes.Lines(d.Bytes()) {
			if line[0] != '{' || !bytes.HasSuffix(line, []byte("}\n")) || bytes.Count(line, []byte("{")) != 1 {
				t.Errorf("room %d: torn line %q", room, line)
			}
		}
		if bytes := first.bytes + still.bytes + last.bytes; bytes != uint64(d.Len()) {
			t.Errorf("room %d: %d bytes counted, %d there", room, bytes, d.Len())
		}
	}
}

func TestATornLineIsFinishedBeforeReopening(t *testing.T) {
	d := &disk{room: 3}
	w := writer{sink: d}
	w.write([]byte("{one}\n"))
	d.room = 100
	if got, want := w.reopen(), (outcome{written: 1, bytes: 3}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if d.String() != "{one}\n" || d.reopened != 1 {
		t.Errorf("reopened %d times after %q", d.reopened, d)
	}
}

func TestATornLineIsDroppedWithTheFileItBeganIn(t *testing.T) {
	d := &disk{room: 3}
	w := writer{sink: d}
	w.write([]byte("{one}\n"))
	if got, want := w.reopen(), (outcome{dropped: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	d.room = 100
	w.write([]byte("{two}\n"))
	if d.String() != "{on{two}\n" { // the fake doesn't change files
		t.Errorf("got %q", d)
	}
}
