package socket

import (
	"context"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

// Watch notices that peers have gone, for many connections at once, by one
// epoll instance beside the runtime's. A connection costs one system call
// when it is added and none per request.
type Watch struct {
	file *os.File // the epoll descriptor, itself waited for by the runtime
	raw  syscall.RawConn

	closed atomic.Bool

	mu    sync.Mutex
	slots []slot  // guarded by mu
	free  []int32 // guarded by mu: indexes of empty slots
}

// slot is one registration. The generation tells an event for a connection
// that was in the slot before from one for that which is now: descriptors are
// used again, and events may be under way when one is closed.
type slot struct {
	generation int32
	r          *registration
}

// NewWatch makes a Watch. It notices nothing until Run.
func NewWatch() (*Watch, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil { // so that os.NewFile lets the runtime wait for it
		syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	file := os.NewFile(uintptr(fd), "epoll")
	raw, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil, err
	}
	return &Watch{file: file, raw: raw}, nil
}

// Run notices until ctx ends or Close is called, and then returns nil. The
// goroutine is the caller's; only one may be in Run.
func (w *Watch) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { w.file.SetReadDeadline(past) })
	defer stop()
	var events [64]syscall.EpollEvent
	for ctx.Err() == nil {
		n, failed := 0, error(nil)
		err := w.raw.Read(func(fd uintptr) bool {
			n, failed = syscall.EpollWait(int(fd), events[:], 0)
			return n != 0 || failed != nil && failed != syscall.EINTR
		})
		switch {
		case err != nil && w.closed.Load(), isTimeout(err) && ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case failed != nil:
			return os.NewSyscallError("epoll_wait", failed)
		}
		for _, e := range events[:n] {
			if r := w.find(e.Fd, e.Pad); r != nil {
				r.tell()
			}
		}
	}
	return nil
}

// Close ends Run and forgets all connections.
func (w *Watch) Close() error {
	w.closed.Store(true)
	return w.file.Close()
}

// add registers c. Edge-triggered, and only for the peer's going: no event
// for bytes, hence none per request. What has happened already is reported
// too.
func (w *Watch) add(c *Conn, r *registration) error {
	slot, generation := w.enter(r)
	r.slot = slot
	event := syscall.EpollEvent{
		Events: syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR | 1<<31, // 1<<31: EPOLLET, whose constant is negative
		Fd:     slot,
		Pad:    generation,
	}
	var failed error
	err := c.raw.Control(func(fd uintptr) {
		failed = w.control(int(fd), &event)
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		w.remove(slot)
	}
	return err
}

// control adds fd to the epoll instance.
func (w *Watch) control(fd int, event *syscall.EpollEvent) error {
	var failed error
	err := w.raw.Control(func(epfd uintptr) {
		failed = syscall.EpollCtl(int(epfd), syscall.EPOLL_CTL_ADD, fd, event)
	})
	if err != nil {
		return net.ErrClosed
	}
	return os.NewSyscallError("epoll_ctl", failed)
}

// enter gives r a slot and returns it with its generation.
func (w *Watch) enter(r *registration) (index, generation int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.free); n > 0 {
		index, w.free = w.free[n-1], w.free[:n-1]
	} else {
		index = int32(len(w.slots))
		w.slots = append(w.slots, slot{})
	}
	s := &w.slots[index]
	s.generation++
	s.r = r
	return index, s.generation
}

// remove empties a slot.
func (w *Watch) remove(index int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slots[index].r = nil
	w.free = append(w.free, index)
}

// find returns whose event it is; nil if they have ended.
func (w *Watch) find(index, generation int32) *registration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.slots[index]; s.generation == generation {
		return s.r
	}
	return nil
}
