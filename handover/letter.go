package handover

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// letter is what a process and its successor write to each other, on a socket
// that nobody else has. Each says one thing; what it does not know of another
// version's it ignores.
//
//	predecessor                          successor
//	    ── Sockets, with descriptors ──────▶  starts: config, names, certificates
//	    ◀────────────────── Prepared ──────
//	  stops accepting
//	    ── Heritage ───────────────────────▶  accepts, and asks itself for an answer
//	    ◀─────────────────── Serving ──────
//	  says MAINPID to the manager
//	    ── Released ───────────────────────▶  is the main process from now on
//	  lets its connections finish
//	  ends ── the socket's end ──────────▶  may end too, when it is told to
//
// Until Serving, whatever goes wrong leaves the predecessor serving.
type letter struct {
	Sockets  []socketName `json:"sockets,omitempty"`
	Prepared *prepared    `json:"prepared,omitempty"`
	Heritage []byte       `json:"heritage,omitempty"`
	Go       bool         `json:"go,omitempty"` // with Heritage
	Serving  bool         `json:"serving,omitempty"`
	Released bool         `json:"released,omitempty"`
	Failed   string       `json:"failed,omitempty"`
}

// prepared says that a successor could begin.
type prepared struct {
	Version string `json:"version"`
}

// socketName says what a socket that is handed over was bound for.
type socketName struct {
	Key     string `json:"key"`
	Address string `json:"address"`
	Owned   bool   `json:"owned,omitempty"`
}

const (
	// longestLetter bounds what is read. It comes from our own program, but
	// perhaps from another version of it.
	longestLetter = 8 << 20
	letterHeader  = 4 // its length
)

// post is one end of the socket between a process and its successor.
type post struct{ conn *net.UnixConn }

// write sends a letter, with descriptors, which stay the caller's.
func (p post) write(l letter, descriptors ...int) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if len(text) > longestLetter {
		return fmt.Errorf("%d bytes are too many to hand over", len(text))
	}
	all := binary.BigEndian.AppendUint32(make([]byte, 0, letterHeader+len(text)), uint32(len(text)))
	all = append(all, text...)
	if len(descriptors) == 0 {
		_, err = p.conn.Write(all)
		return err
	}
	// Descriptors travel with the first byte that is sent with them.
	n, _, err := p.conn.WriteMsgUnix(all[:letterHeader], syscall.UnixRights(descriptors...), nil)
	if err == nil {
		_, err = p.conn.Write(all[n:])
	}
	return err
}

// read waits for a letter. An end of the other process is io.EOF.
func (p post) read() (letter, error) {
	l, _, err := p.receive(nil)
	return l, err
}

// readWithDescriptors waits for a letter that descriptors may come with. They
// are the caller's, also with an error.
func (p post) readWithDescriptors() (letter, []int, error) {
	return p.receive(make([]byte, syscall.CmsgSpace(4*mostSockets)))
}

func (p post) receive(rights []byte) (l letter, descriptors []int, err error) {
	var header [letterHeader]byte
	n := 0
	if rights != nil {
		var size int
		if n, size, _, _, err = p.conn.ReadMsgUnix(header[:], rights); err != nil {
			return l, nil, ended(err)
		}
		if descriptors, err = parseRights(rights[:size]); err != nil {
			return l, descriptors, err
		}
		if n == 0 {
			return l, descriptors, io.EOF
		}
	}
	if _, err = io.ReadFull(p.conn, header[n:]); err != nil {
		return l, descriptors, ended(err)
	}
	size := binary.BigEndian.Uint32(header[:])
	if size > longestLetter {
		return l, descriptors, fmt.Errorf("a letter of %d bytes", size)
	}
	text, err := io.ReadAll(io.LimitReader(p.conn, int64(size))) // as it comes, not as much as is announced
	if err == nil && len(text) < int(size) {
		err = io.EOF
	}
	if err != nil {
		return l, descriptors, ended(err)
	}
	return l, descriptors, json.Unmarshal(text, &l)
}

// ended turns what a socket says of an end of the other process into io.EOF.
func ended(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return io.EOF
	}
	return err
}

// parseRights returns the descriptors of control messages (cmsg(3)).
func parseRights(rights []byte) (descriptors []int, err error) {
	messages, err := syscall.ParseSocketControlMessage(rights)
	if err != nil {
		return nil, err
	}
	for i := range messages {
		more, err := syscall.ParseUnixRights(&messages[i])
		if err != nil {
			return descriptors, err
		}
		descriptors = append(descriptors, more...)
	}
	for _, fd := range descriptors {
		syscall.CloseOnExec(fd)
	}
	return descriptors, nil
}
