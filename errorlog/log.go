package errorlog

import (
	"context"
	"io"
	"log/slog"
	"os"
)

// Options are fixed when a Log is made.
type Options struct {
	Path string // of the file; "": stderr
	JSON bool   // one object a line instead of text
	// Causes are the keys of the attributes that tell causes apart. Records
	// that have a message and these in common are alike.
	Causes []string
	Stderr io.Writer // nil: that of the process
	// Journal: stderr is systemd's journal (see ToJournal), so each line there
	// has its priority before it. Lines of the file have none.
	Journal bool
}

// Log is an error log. It is told by its Handler, from any goroutine.
type Log struct {
	options Options
	gate    *gate
	queue   *queue
	format  slog.Handler // into the queue, past the gate
}

// Stats is what has become of the lines so far.
type Stats struct {
	Written  uint64 // to the file, or to stderr in its place
	HeldBack uint64 // by the limits, and summed up
	Dropped  uint64 // because the queue was full, or no write succeeded

	// Failure is why the last write failed, nil when it didn't.
	Failure error
}

// New returns a Log that writes to stderr. Open makes it write to its file.
func New(o Options) *Log {
	if o.Stderr == nil {
		o.Stderr = os.Stderr
	}
	l := &Log{options: o, gate: newGate(o.Causes)}
	l.queue = newQueue(sink{path: o.Path, stderr: o.Stderr, journal: o.Journal, say: l.say})
	l.format = newFormat(l.queue, o.JSON)
	return l
}

// Open opens the file, if there is one, and makes it safe to write to a stderr
// that nobody reads any more. Run closes the file.
func (l *Log) Open() error { return l.queue.open(l.options.Stderr == os.Stderr) }

// Reopen makes Run reopen the file before its next write, which comes at once.
func (l *Log) Reopen() { l.queue.reopens() }

// Close closes the file, when Run is not called.
func (l *Log) Close() { l.queue.close() }

// Handler returns what the Log is told by.
func (l *Log) Handler() slog.Handler { return &handler{log: l, format: l.format} }

// Stats reports the counts and the state of the file.
func (l *Log) Stats() Stats {
	n := l.queue.stats()
	n.HeldBack = l.gate.heldBack()
	return n
}

// tell writes what the gate has to say.
func (l *Log) tell(all []slog.Record) {
	for _, r := range all {
		l.format.Handle(context.Background(), r) // the queue returns no error
	}
}
