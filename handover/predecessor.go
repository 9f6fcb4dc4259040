package handover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Predecessor is the process that this one is to take over from. It is used by
// one goroutine.
type Predecessor struct {
	post post
}

// takePredecessor returns the Predecessor that a variable speaks of, and its
// sockets; nil: there is none.
func takePredecessor(env map[string]string) (*Predecessor, *Sockets, error) {
	text, there := env[variableSuccessor]
	if !there {
		return nil, nil, nil
	}
	fd, err := strconv.Atoi(text)
	if err != nil || fd < 0 {
		return nil, nil, fmt.Errorf("%s: %q is not a descriptor", variableSuccessor, shorten(text))
	}
	file := os.NewFile(uintptr(fd), "to the predecessor")
	conn, err := net.FileConn(file)
	file.Close()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", variableSuccessor, err)
	}
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		conn.Close()
		return nil, nil, fmt.Errorf("%s: not a Unix socket", variableSuccessor)
	}
	p := &Predecessor{post{unix}}
	sockets, err := p.sockets()
	return p, sockets, err
}

// sockets reads those that the predecessor hands over.
func (p *Predecessor) sockets() (*Sockets, error) {
	p.post.conn.SetReadDeadline(time.Now().Add(notifyPatience))
	l, descriptors, err := p.post.readWithDescriptors()
	s := &Sockets{}
	var failed error
	for i, fd := range descriptors {
		ln, err := listenerOf(fd)
		if err != nil || i >= len(l.Sockets) {
			failed = errors.Join(failed, err)
			continue
		}
		s.there = append(s.there, inherited{name: l.Sockets[i].Key, address: l.Sockets[i].Address, owned: l.Sockets[i].Owned, ln: ln})
	}
	if err != nil {
		failed = errors.Join(failed, fmt.Errorf("what the process before hands over: %w", err))
	}
	return s, failed
}

// Prepared tells that this process could serve, and waits for what the other one
// leaves it, which is when that has stopped accepting. Without it, because the
// other one is gone, there is nothing to wait for: io.EOF.
func (p *Predecessor) Prepared(ctx context.Context, version string) (heritage []byte, err error) {
	if err := p.tell(letter{Prepared: &prepared{Version: version}}); err != nil {
		return nil, err
	}
	l, err := p.wait(ctx)
	if err == nil && !l.Go {
		err = unwanted(l, "to begin")
	}
	return l.Heritage, err
}

// Serving tells that this process serves, and waits until it is the main one.
// The other one may be gone, which makes it that: io.EOF.
func (p *Predecessor) Serving(ctx context.Context) error {
	if err := p.tell(letter{Serving: true}); err != nil {
		return err
	}
	l, err := p.wait(ctx)
	if err == nil && !l.Released {
		err = unwanted(l, "that it is through")
	}
	return err
}

// Ended waits until the other process has finished what it had under way, and ended,
// or until ctx ends. It is the last that is asked of p, also after an error.
func (p *Predecessor) Ended(ctx context.Context) {
	p.post.conn.SetReadDeadline(time.Time{})
	stop := context.AfterFunc(ctx, func() { p.post.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	// What it says still, such as a Released that was not waited for, matters no more.
	io.Copy(io.Discard, p.post.conn)
	p.post.conn.Close()
}

// unwanted is the error of a letter that does not say what we wait for.
func unwanted(l letter, wanted string) error {
	if l.Failed != "" {
		return fmt.Errorf("the process before serves on: %s", l.Failed)
	}
	return fmt.Errorf("the process before says something else than %s", wanted)
}

// Failed tells why this process cannot serve. It is about to end.
func (p *Predecessor) Failed(why error) {
	if p == nil {
		return
	}
	p.tell(letter{Failed: strings.ToValidUTF8(why.Error(), "?")}) // who does not hear it sees us end
	p.post.conn.Close()
}

func (p *Predecessor) tell(l letter) error {
	p.post.conn.SetWriteDeadline(time.Now().Add(notifyPatience))
	return ended(p.post.write(l))
}

func (p *Predecessor) wait(ctx context.Context) (letter, error) {
	p.post.conn.SetReadDeadline(time.Time{})
	stop := context.AfterFunc(ctx, func() { p.post.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	l, err := p.post.read()
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return l, err
}
