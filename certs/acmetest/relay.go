package acmetest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// relay passes TCP connections on to an address that may change: Pebble must
// know its ports before those that answer there have one.
type relay struct {
	listener net.Listener
	running  sync.WaitGroup // accept, and all that it starts

	mu     sync.Mutex
	target string // where new connections lead to; guarded by mu, as all below
	conns  map[net.Conn]bool
	ended  bool
}

func startRelay(tb testing.TB) *relay {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	r := &relay{listener: listener, conns: map[net.Conn]bool{}}
	r.running.Go(r.accept)
	tb.Cleanup(r.end)
	return r
}

func (r *relay) port() int { return r.listener.Addr().(*net.TCPAddr).Port }

// lead makes new connections lead to an address; none if it is empty.
func (r *relay) lead(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = address
}

// end closes all connections and waits for the relay's goroutines.
func (r *relay) end() {
	r.listener.Close()
	r.mu.Lock()
	r.ended = true
	for c := range r.conns {
		c.Close()
	}
	r.mu.Unlock()
	r.running.Wait()
}

func (r *relay) accept() {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.running.Go(func() { r.pass(conn.(*net.TCPConn)) })
	}
}

// pass passes bytes on in both directions until both have ended.
func (r *relay) pass(near *net.TCPConn) {
	defer near.Close()
	target, ok := r.own(near)
	defer r.disown(near)
	if !ok {
		return
	}
	c, err := net.Dial("tcp", target) // to an empty address as well, is an error
	if err != nil {
		near.SetLinger(0) // reset, as a port that nobody listens at
		return
	}
	far := c.(*net.TCPConn)
	defer far.Close()
	_, ok = r.own(far)
	defer r.disown(far)
	if !ok {
		return
	}
	var there sync.WaitGroup
	there.Go(func() { copyHalf(far, near) })
	copyHalf(near, far)
	there.Wait()
}

// copyHalf copies all of src, then ends that half of dst.
func copyHalf(dst, src *net.TCPConn) {
	io.Copy(dst, src)
	dst.CloseWrite()
}

// own makes end close c, and returns the target. It is false if the relay has
// ended.
func (r *relay) own(c net.Conn) (target string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return "", false
	}
	r.conns[c] = true
	return r.target, true
}

func (r *relay) disown(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}
