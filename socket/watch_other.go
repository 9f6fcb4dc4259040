//go:build !linux

package socket

import "context"

// Watch never notices anything here: it needs Linux's epoll.
type Watch struct{ closed chan struct{} }

// NewWatch makes a Watch.
func NewWatch() (*Watch, error) { return &Watch{closed: make(chan struct{})}, nil }

// Run waits until ctx ends or Close is called.
func (w *Watch) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-w.closed:
	}
	return nil
}

// Close ends Run. It is called once.
func (w *Watch) Close() error { close(w.closed); return nil }

func (w *Watch) add(*Conn, *registration) error { return nil }

func (w *Watch) remove(int32) {}
