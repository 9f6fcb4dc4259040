package handover

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// mostSockets bounds how many are taken. We have a use for three.
const mostSockets = 64

// Sockets are listening sockets that the service manager has bound for us
// (sd_listen_fds(3)). A nil *Sockets has none. It may be used by any goroutine.
type Sockets struct {
	mu    sync.Mutex
	there []inherited // guarded by mu; those that nobody has taken yet
}

// inherited is one socket.
type inherited struct {
	name string // of LISTEN_FDNAMES, or the key of a predecessor's; "": it has none
	// address is what a predecessor has bound it for, in the words of its config.
	address string
	owned   bool         // its file was the predecessor's to remove
	ln      net.Listener // TCP, or of a Unix socket
}

// takeSockets makes Sockets of what LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES
// say. Those that are of no use are closed, and the error says which.
func takeSockets(env map[string]string, first int) (*Sockets, error) {
	text, there := env["LISTEN_FDS"]
	if !there {
		return nil, nil
	}
	// Unlike the watchdog's, this PID must be there.
	if _, named := env["LISTEN_PID"]; !named {
		return nil, nil
	}
	if mine, err := ours(env, "LISTEN_PID"); err != nil || !mine {
		return nil, err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > mostSockets {
		return nil, fmt.Errorf("LISTEN_FDS: %q is not a number of sockets, which is at most %d", shorten(text), mostSockets)
	}
	names := strings.SplitN(env["LISTEN_FDNAMES"], ":", n+1)
	s := &Sockets{}
	var failed error
	for i := range n {
		socket := inherited{}
		if i < len(names) && names[i] != "unknown" {
			socket.name = names[i]
		}
		if socket.ln, err = listenerOf(first + i); err != nil {
			failed = errors.Join(failed, fmt.Errorf("socket %d (%s) of LISTEN_FDS: %w", i+1, shorten(socket.name), err))
			continue
		}
		s.there = append(s.there, socket)
	}
	return s, failed
}

// listenerOf makes a listener of a descriptor, which is closed.
func listenerOf(fd int) (net.Listener, error) {
	listens, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	if err != nil { // not a socket, so perhaps not even one that was passed to us
		return nil, os.NewSyscallError("getsockopt", err)
	}
	file := os.NewFile(uintptr(fd), "inherited socket")
	defer file.Close() // the listener has a copy, which children do not inherit
	if listens == 0 {
		return nil, errors.New("it does not listen (in its socket unit, write ListenStream= and Accept=no)")
	}
	ln, err := net.FileListener(file)
	if err != nil {
		return nil, err
	}
	switch ln.Addr().Network() {
	case "tcp", "unix":
		return ln, nil
	}
	ln.Close()
	return nil, errors.New("it is neither a TCP nor a Unix stream socket")
}

// Take returns the socket of that name, else the one without a name that we
// know which listens at address, else nil. It is the caller's from then on, a
// Unix socket without its file. A zero IP of address stands for every address of
// the machine; a Unix socket is at none, and goes by its name only.
//
// known are all names that have a meaning for the caller: a socket of such a
// name is never taken by its address for something else.
func (s *Sockets) Take(name string, address netip.AddrPort, known ...string) net.Listener {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, socket := range s.there {
		if socket.name == name {
			return s.remove(i)
		}
	}
	for i, socket := range s.there {
		if !slices.Contains(known, socket.name) && listensAt(socket.ln, address) {
			return s.remove(i)
		}
	}
	return nil
}

// remove takes one out. The caller holds mu.
func (s *Sockets) remove(i int) net.Listener {
	ln := s.there[i].ln
	s.there = slices.Delete(s.there, i, i+1)
	return ln
}

// CloseRest closes those that nobody has taken, and returns what they were, for
// the log.
func (s *Sockets) CloseRest() (rest []string) {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, socket := range s.there {
		what := socket.ln.Addr().String()
		if socket.name != "" {
			what = shorten(socket.name) + " " + what
		}
		rest = append(rest, what)
		socket.ln.Close()
	}
	s.there = nil
	return rest
}

// TakeOver returns the socket that a predecessor has bound for this key and these
// words of the config, else one that it has bound for them under another key,
// else nil. It is the caller's from then on; owned says that the file of a Unix
// socket is, too. Of port 0 each key has its own.
func (s *Sockets) TakeOver(key, address string) (ln net.Listener, owned bool) {
	if s == nil {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, socket := range s.there {
		if socket.name == key && socket.address == address {
			return s.remove(i), socket.owned
		}
	}
	for i, socket := range s.there {
		if socket.address == address && !strings.HasSuffix(address, ":0") {
			return s.remove(i), socket.owned
		}
	}
	return nil, false
}

// listensAt reports whether a listener's address is the one that is wanted.
func listensAt(ln net.Listener, want netip.AddrPort) bool {
	tcp, ok := ln.Addr().(*net.TCPAddr)
	if !ok {
		return false
	}
	there := tcp.AddrPort()
	ip := there.Addr().Unmap()
	if there.Port() != want.Port() || want.Port() == 0 {
		return false
	}
	if !want.Addr().IsValid() {
		return ip.IsUnspecified()
	}
	return ip == want.Addr().Unmap()
}
