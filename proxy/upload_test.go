package proxy

import (
	"io"
	"os"
	"sync"
	"time"

	"sluice/message"
)

// upload is a message.RequestBody that the test feeds. It spoils each piece at
// the Next after it, as a wire's buffer would be written over, and it fails
// the test when two goroutines read at once.
type upload struct {
	mu       sync.Mutex
	changed  sync.Cond
	pieces   [][]byte
	end      error // after the pieces; nil: not yet
	stopped  bool
	reading  bool
	last     []byte
	total    int64
	trailers message.Fields
	misuse   string
	silence  time.Duration // of a tunnel: how long a Next waits; 0: for ever
}

func newUpload() *upload {
	u := &upload{}
	u.changed.L = &u.mu
	return u
}

// wholeUpload is a body that is in the buffer already.
func wholeUpload(body string) *upload {
	u := newUpload()
	u.send(body)
	u.close(io.EOF)
	return u
}

// send has p come from the client.
func (u *upload) send(p string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if p != "" {
		u.pieces = append(u.pieces, []byte(p))
	}
	u.changed.Broadcast()
}

// close ends the body: io.EOF cleanly.
func (u *upload) close(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.end = err
	u.changed.Broadcast()
}

// waiting reports that somebody is in Next.
func (u *upload) waiting() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.reading
}

// taken is how many bytes were read.
func (u *upload) taken() int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.total
}

func (u *upload) Ready() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.pieces) > 0 || u.end != nil
}

func (u *upload) Next() ([]byte, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.reading {
		u.misuse = "two goroutines in Next"
	}
	u.reading = true
	defer func() { u.reading = false }()
	for i := range u.last {
		u.last[i] = '#'
	}
	u.last = nil
	var quiet time.Time
	if u.silence > 0 {
		quiet = time.Now().Add(u.silence)
		defer time.AfterFunc(u.silence, u.changed.Broadcast).Stop()
	}
	for {
		switch {
		case u.stopped:
			return nil, message.ErrStopped
		case len(u.pieces) > 0:
			u.last, u.pieces = u.pieces[0], u.pieces[1:]
			u.total += int64(len(u.last))
			return u.last, nil
		case u.end != nil:
			return nil, u.end
		case u.silence > 0 && !time.Now().Before(quiet):
			return nil, os.ErrDeadlineExceeded
		}
		u.changed.Wait()
	}
}

func (u *upload) Trailers() message.Fields { return u.trailers }

func (u *upload) Stop() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.stopped = true
	u.changed.Broadcast()
}

func (u *upload) Resume() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.reading {
		u.misuse = "Resume while a Next is under way"
	}
	u.stopped = false
}
