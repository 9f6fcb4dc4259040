package names

import (
	"context"
	"net"
	"sync"
	"time"
)

// maxMessage is the longest DNS message over TCP (RFC 1035 section 4.2.2).
const maxMessage = 1<<16 - 1

// witness makes the connections of one question and notes what passes by.
type witness struct {
	// Fixed.
	server string
	try    time.Duration

	conns sync.WaitGroup // those that are open; none is added once aborted

	mu      sync.Mutex
	aborted bool            // guarded by mu
	taps    []*tap          // guarded by mu; all that were opened
	sent    int             // guarded by mu; messages
	ttl     time.Duration   // guarded by mu; of the last answer
	open    map[string]bool // guarded by mu; names asked for without an answer, well or ill, that says something
}

// dial is for net.Resolver.Dial.
func (w *witness) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if w.server != "" {
		address = w.server
	}
	dialer := net.Dialer{Timeout: w.try}
	c, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	t := &tap{Conn: c, witness: w, last: time.Now().Add(w.try)}
	if !w.adopt(t) {
		c.Close()
		return nil, context.Canceled
	}
	if _, ok := c.(net.PacketConn); ok {
		return datagram{t}, nil // net tells UDP from TCP by this interface
	}
	t.stream = true
	return t, nil
}

func (w *witness) adopt(t *tap) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.aborted {
		return false
	}
	w.conns.Add(1)
	w.taps = append(w.taps, t)
	t.Conn.SetDeadline(t.last)
	return true
}

// abort has all that waits for a server fail, now and later. net waits for its
// own deadline otherwise, whatever becomes of the context.
func (w *witness) abort() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.aborted = true
	for _, t := range w.taps {
		t.Conn.SetDeadline(time.Unix(1, 0))
	}
}

// end aborts, and waits until net has closed every connection: it may be at
// work behind a lookup whose context has ended.
func (w *witness) end() {
	w.abort()
	w.conns.Wait()
}

// report puts what was noted into a.
func (w *witness) report(a *Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a.TTL, a.Queries, a.Detour = w.ttl, w.sent, len(w.open) > 0
}

// question notes a message on its way to a server.
func (w *witness) question(query []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent++
	if name := questionName(query); name != "" {
		w.open[name] = true
	}
}

// answer notes a message from a server.
func (w *witness) answer(query, response []byte) {
	s, ok := inspect(query, response)
	if !ok || !s.final {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, s.name)
	if s.timed {
		w.ttl = time.Duration(s.ttl) * time.Second
	}
}

// tap is one connection to a name server. net uses it from one goroutine.
type tap struct {
	net.Conn
	witness *witness  // fixed
	last    time.Time // fixed: no deadline is later
	stream  bool      // fixed: messages have a length before them
	query   []byte    // the last one written
	read    []byte    // of a stream, so far
	closed  sync.Once
}

// Write notes the query. net writes one in a piece.
func (t *tap) Write(b []byte) (int, error) {
	t.query = b
	if t.stream && len(b) > 2 {
		t.query = b[2:]
	}
	t.query = append([]byte(nil), t.query...)
	t.witness.question(t.query)
	return t.Conn.Write(b)
}

// Read notes what comes: datagrams whole, a stream when its first message is.
func (t *tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	if n <= 0 {
		return n, err
	}
	if !t.stream {
		t.witness.answer(t.query, b[:n])
		return n, err
	}
	if len(t.read) <= maxMessage+2 {
		t.read = append(t.read, b[:n]...)
		if message := firstMessage(t.read); message != nil {
			t.witness.answer(t.query, message)
			t.read = t.read[:0]
		}
	}
	return n, err
}

// firstMessage returns the first message of a stream, or nil while it is not
// whole: "the message is prefixed with a two byte length field" (RFC 1035
// section 4.2.2).
func firstMessage(stream []byte) []byte {
	if len(stream) < 2 {
		return nil
	}
	end := 2 + (int(stream[0])<<8 | int(stream[1]))
	if len(stream) < end {
		return nil
	}
	return stream[2:end]
}

// SetDeadline sets one no later than the try ends.
func (t *tap) SetDeadline(at time.Time) error {
	t.witness.mu.Lock()
	defer t.witness.mu.Unlock()
	if t.witness.aborted {
		at = time.Unix(1, 0)
	} else if at.IsZero() || at.After(t.last) {
		at = t.last
	}
	return t.Conn.SetDeadline(at)
}

// Close closes the connection.
func (t *tap) Close() error {
	t.closed.Do(t.witness.conns.Done)
	return t.Conn.Close()
}

// datagram is a tap that net takes for UDP.
type datagram struct{ *tap }

// ReadFrom and WriteTo are what makes it one; net calls neither.
func (d datagram) ReadFrom(b []byte) (int, net.Addr, error) {
	return d.Conn.(net.PacketConn).ReadFrom(b)
}

// WriteTo: see ReadFrom.
func (d datagram) WriteTo(b []byte, to net.Addr) (int, error) {
	return d.Conn.(net.PacketConn).WriteTo(b, to)
}
