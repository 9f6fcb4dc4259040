package demo

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// life is one incarnation of an HTTP server: from a bound listener to the end
// of its last connection.
type life struct {
	listener  net.Listener
	server    *http.Server
	end       context.CancelFunc
	accepting sync.WaitGroup // the goroutine that accepts
	running   sync.WaitGroup // connections, and handlers
}

// newLife prepares a server on a listener. The context of its requests ends
// with it.
func newLife(l net.Listener, h http.Handler) *life {
	ctx, end := context.WithCancel(context.Background())
	v := &life{listener: l, end: end}
	v.server = &http.Server{
		Handler:           v.counted(h),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnState:         v.count,
	}
	return v
}

// begin starts to serve.
func (v *life) begin() {
	v.accepting.Go(func() { _ = v.server.Serve(v.listener) })
}

// stop closes the listener and every connection, and returns when all
// goroutines have ended. It waits for the one that accepts before it closes
// the connections: Server.Close on its own misses one that is being accepted.
func (v *life) stop() {
	v.end()
	v.listener.Close()
	v.accepting.Wait()
	v.server.Close()
	v.running.Wait()
}

// count follows connections. StateNew is reported by the goroutine that
// accepts, so none begins while stop waits for the last one.
func (v *life) count(_ net.Conn, s http.ConnState) {
	switch s {
	case http.StateNew:
		v.running.Add(1)
	case http.StateClosed, http.StateHijacked:
		v.running.Done()
	}
}

// counted counts handlers too: one that took its connection over outlives what
// the server knows of it.
func (v *life) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.running.Add(1)
		defer v.running.Done()
		h.ServeHTTP(w, r)
	})
}
