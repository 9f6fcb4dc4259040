package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// received is what a server sent to an attacker.
type received struct {
	GoAways int
	GoAway  uint32 // code of the last GOAWAY
	Resets  resets // streams that the server reset
	Heads   int64  // of responses
	Data    int64  // bytes of bodies
}

// add adds what came on the connection after.
func (r *received) add(next received) {
	if next.GoAways > 0 {
		r.GoAway = next.GoAway
	}
	r.GoAways += next.GoAways
	for code, n := range next.Resets {
		r.Resets[code] += n
	}
	r.Heads += next.Heads
	r.Data += next.Data
}

// frameReader reads what a server sends. It keeps counts and nothing else.
type frameReader struct {
	received
	in *bufio.Reader
}

func newFrameReader(conn net.Conn) *frameReader {
	return &frameReader{in: bufio.NewReaderSize(conn, 32<<10)}
}

// awaitSettings reads the frame that a server must begin with.
func (r *frameReader) awaitSettings() error {
	kind, flags, err := r.next()
	if err != nil {
		return fmt.Errorf("read SETTINGS: %w", err)
	}
	if kind != frameSettings || flags&flagAck != 0 {
		return fmt.Errorf("the first frame has type %d and flags %#x, want SETTINGS", kind, flags)
	}
	return nil
}

// run reads until the server says that it will end the connection, or has ended
// it, or until enough responses are complete; 0 is never enough.
func (r *frameReader) run(enough int) {
	complete := 0
	for r.GoAways == 0 {
		kind, flags, err := r.next()
		if err != nil {
			return
		}
		if (kind == frameHeaders || kind == frameData) && flags&flagEndStream != 0 {
			if complete++; complete == enough {
				return
			}
		}
	}
}

// next reads a frame and counts it.
func (r *frameReader) next() (kind, flags byte, err error) {
	var head [frameHeaderSize]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return 0, 0, err
	}
	length := int(head[0])<<16 | int(head[1])<<8 | int(head[2])
	kind, flags = head[3], head[4]
	switch kind {
	case frameHeaders:
		r.Heads++
	case frameData:
		r.Data += int64(length)
	case frameRSTStream, frameGoAway:
		return kind, flags, r.countEnding(kind, length)
	}
	_, err = r.in.Discard(length)
	return kind, flags, err
}

// countEnding reads the payload of RST_STREAM, which is a code, or of GOAWAY,
// where that follows the last stream.
func (r *frameReader) countEnding(kind byte, length int) error {
	code := 0
	if kind == frameGoAway {
		code = 4
	}
	if length < code+4 {
		return fmt.Errorf("a frame of type %d with %d bytes", kind, length)
	}
	payload, err := r.in.Peek(code + 4)
	if err != nil {
		return err
	}
	number := binary.BigEndian.Uint32(payload[code:])
	if kind == frameGoAway {
		r.GoAways, r.GoAway = r.GoAways+1, number
	} else {
		r.Resets[min(number, unknownCode)]++
	}
	_, err = r.in.Discard(length)
	return err
}
