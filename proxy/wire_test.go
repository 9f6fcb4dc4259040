package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/message"
)

// wire is a message.ResponseWriter that notes what it is told and fails the
// test when its contract is broken.
type wire struct {
	t      testing.TB
	method string
	up     *upload // for BytesIn, may be nil
	stream *upload // what Tunnel returns

	why *message.Failure // what Gone says

	busy atomic.Bool // one goroutine at a time

	mu       sync.Mutex
	informed []int
	status   int
	fields   message.Fields
	length   int64
	upgrade  string
	body     bytes.Buffer
	trailers message.Fields
	started  bool
	finished bool
	aborted  bool
	err      error // every write fails with it
	flushed  int   // bytes of body that were flushed
	wrote    chan struct{}

	watching sync.Mutex // as in http1: Cancel runs under it
	gone     bool
	watcher  message.Canceler
}

func newWire(t testing.TB, method string) *wire {
	return &wire{t: t, method: method, wrote: make(chan struct{}, 1)}
}

// alone marks the wire busy; what it returns ends that.
func (w *wire) alone() func() {
	if !w.busy.CompareAndSwap(false, true) {
		w.t.Error("two goroutines use the ResponseWriter at once")
		return func() {}
	}
	w.mu.Lock()
	return func() {
		w.mu.Unlock()
		w.busy.Store(false)
		select {
		case w.wrote <- struct{}{}:
		default:
		}
	}
}

func (w *wire) Inform(r *message.Response) error {
	defer w.alone()()
	if w.started || r.Status < 100 || r.Status > 199 || r.Status == 101 {
		w.t.Errorf("Inform(%d), started: %v", r.Status, w.started)
	}
	w.informed = append(w.informed, r.Status)
	return w.err
}

func (w *wire) Start(r *message.Response) error {
	defer w.alone()()
	if w.started {
		w.t.Error("Start twice")
	}
	if r.Status != 101 && (r.Status < 200 || r.Status > 999) {
		w.t.Errorf("Start(%d)", r.Status)
	}
	w.started, w.status, w.length, w.upgrade = true, r.Status, r.Length, string(r.Upgrade)
	for _, f := range r.Fields {
		w.fields = append(w.fields, message.Field{Name: slices.Clone(f.Name), Value: slices.Clone(f.Value), ID: f.ID})
		if f.ID != message.NameOf(f.Name) {
			w.t.Errorf("field %q has the ID of %q", f.Name, f.ID)
		}
	}
	return w.err
}

// bodiless reports that the response has no body whatever its length says.
func (w *wire) bodiless() bool {
	return w.method == "HEAD" || w.status == 204 || w.status == 304
}

func (w *wire) Write(p []byte) error {
	defer w.alone()()
	if !w.started || w.finished || w.aborted {
		w.t.Errorf("Write: started %v, finished %v, aborted %v", w.started, w.finished, w.aborted)
	}
	if w.err != nil {
		return w.err
	}
	if w.bodiless() {
		return nil
	}
	w.body.Write(p)
	if w.length >= 0 && w.status != 101 && int64(w.body.Len()) > w.length {
		w.t.Errorf("%d bytes of body, %d declared", w.body.Len(), w.length)
	}
	return nil
}

func (w *wire) Flush() error {
	defer w.alone()()
	w.flushed = w.body.Len()
	return w.err
}

func (w *wire) Finish(trailers message.Fields) error {
	defer w.alone()()
	if !w.started || w.finished || w.aborted {
		w.t.Errorf("Finish: started %v, finished %v, aborted %v", w.started, w.finished, w.aborted)
	}
	if w.err != nil {
		return w.err
	}
	if w.length >= 0 && w.status != 101 && !w.bodiless() && int64(w.body.Len()) != w.length {
		w.t.Errorf("Finish after %d bytes of body, %d declared", w.body.Len(), w.length)
	}
	w.finished, w.trailers = true, slices.Clone(trailers)
	w.flushed = w.body.Len()
	return nil
}

// watched reports that somebody wants to know when the client goes away.
func (w *wire) watched() bool {
	w.watching.Lock()
	defer w.watching.Unlock()
	return w.watcher != nil
}

func (w *wire) Gone() *message.Failure { return w.why }

func (w *wire) Abort(*message.Failure) {
	defer w.alone()()
	w.aborted = true
}

func (w *wire) Tunnel(silence time.Duration) message.RequestBody {
	w.stream.silence = silence
	return w.stream
}

func (w *wire) BytesIn() int64 {
	if w.up == nil {
		return 0
	}
	return w.up.taken()
}

func (w *wire) BytesOut() int64 { return int64(w.body.Len()) }

func (w *wire) Watch(c message.Canceler) {
	w.watching.Lock()
	defer w.watching.Unlock()
	if c != nil && w.watcher != nil {
		w.t.Error("Watch without an end of the one before")
	}
	w.watcher = c
	if w.gone && c != nil {
		c.Cancel()
		w.watcher = nil
	}
}

// hangUp has the client go away.
func (w *wire) hangUp() {
	w.watching.Lock()
	defer w.watching.Unlock()
	w.gone = true
	if w.watcher != nil {
		w.watcher.Cancel()
		w.watcher = nil
	}
}

// breakOff has every write fail from now on.
func (w *wire) breakOff() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody,
		Cause: message.CauseClientGone, Err: errors.New("broken pipe")}
}

// field returns the values of a field of the response, by name.
func (w *wire) field(name string) (values []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.fields {
		if message.EqualFold([]byte(name), string(bytes.ToLower(f.Name))) || bytes.EqualFold(f.Name, []byte(name)) {
			values = append(values, string(f.Value))
		}
	}
	return values
}

// one returns the value of a field that must be there once.
func (w *wire) one(name string) string {
	w.t.Helper()
	values := w.field(name)
	if len(values) != 1 {
		w.t.Errorf("%d fields %s, want one: %q", len(values), name, values)
		return ""
	}
	return values[0]
}

// has reports how much of the body has been flushed.
func (w *wire) has() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flushed
}

// told is the final outcome in words, for comparison.
func (w *wire) told() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.aborted && !w.started:
		return "aborted"
	case w.aborted:
		return fmt.Sprintf("%d aborted", w.status)
	case w.finished:
		return fmt.Sprint(w.status)
	}
	return "nothing"
}
