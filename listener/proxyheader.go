package listener

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"

	"github.com/pires/go-proxyproto"
)

const (
	proxyV1Max    = 107 // with CRLF, by the protocol's section 2.1
	proxyV2Prefix = 16
	proxyV2Max    = 4096 // behind the prefix: the parser's own bound
)

// Failures of a PROXY header besides the parser's.
var (
	errSilent          = errors.New("closed without a byte")
	errNoProxyHeader   = errors.New("a trusted peer sent no PROXY header")
	errLongProxyHeader = errors.New("PROXY header too long")
)

// announced is what a PROXY header says.
type announced struct {
	remote, local netip.AddrPort // zero: speak of the connection's own ends
}

// readProxyHeader takes exactly a PROXY header from r, not a byte more, and
// parses it. It does not wait for bytes that the header does not have.
func readProxyHeader(r io.Reader) (announced, error) {
	var b [proxyV2Prefix + proxyV2Max]byte
	n, err := takeProxyHeader(r, b[:])
	if err != nil {
		return announced{}, err
	}
	// The parser gets the whole header at once: it takes one that came in
	// pieces for an attack.
	h, err := proxyproto.Read(bufio.NewReaderSize(bytes.NewReader(b[:n]), n))
	if err != nil {
		return announced{}, err
	}
	return announcedBy(h), nil
}

// takeProxyHeader reads a header into b and returns its length.
func takeProxyHeader(r io.Reader, b []byte) (int, error) {
	n, signature := 0, len(proxyproto.SIGV2)
	for n < signature {
		m, err := r.Read(b[n:signature])
		n += m
		head := b[:n]
		switch {
		case n == 0 && err == io.EOF:
			return 0, errSilent
		case len(head) >= len(proxyproto.SIGV1) && bytes.HasPrefix(head, proxyproto.SIGV1):
			return takeProxyV1(r, b, n)
		case !bytes.HasPrefix(proxyproto.SIGV1, head) && !bytes.HasPrefix(proxyproto.SIGV2, head):
			return 0, errNoProxyHeader
		case err != nil:
			return 0, unexpected(err)
		}
	}
	return takeProxyV2(r, b)
}

// takeProxyV1 reads on to the end of a line. The shortest has 15 bytes, so
// the 12 at most that have been read do not reach beyond it, unless they hold
// an end of line already and are no header.
func takeProxyV1(r io.Reader, b []byte, n int) (int, error) {
	if bytes.IndexByte(b[:n], '\n') >= 0 {
		return 0, errNoProxyHeader
	}
	for n < proxyV1Max {
		m, err := r.Read(b[n : n+1])
		n += m
		if m == 1 && b[n-1] == '\n' {
			return n, nil
		}
		if err != nil {
			return 0, unexpected(err)
		}
	}
	return 0, errLongProxyHeader
}

// takeProxyV2 reads on as far as the header's own length says.
func takeProxyV2(r io.Reader, b []byte) (int, error) {
	if _, err := io.ReadFull(r, b[len(proxyproto.SIGV2):proxyV2Prefix]); err != nil {
		return 0, unexpected(err)
	}
	length := int(binary.BigEndian.Uint16(b[proxyV2Prefix-2:]))
	if length > proxyV2Max {
		return 0, errLongProxyHeader
	}
	if _, err := io.ReadFull(r, b[proxyV2Prefix:proxyV2Prefix+length]); err != nil {
		return 0, unexpected(err)
	}
	return proxyV2Prefix + length, nil
}

// unexpected makes an end of stream inside a header an error of its own.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// announcedBy returns whom h speaks of. LOCAL (a health check of the peer's
// own), UNKNOWN and Unix sockets announce nobody.
func announcedBy(h *proxyproto.Header) announced {
	if h.Command.IsLocal() {
		return announced{}
	}
	source, destination, ok := h.IPs()
	if !ok {
		return announced{}
	}
	sourcePort, destinationPort, _ := h.Ports()
	remote, _ := netip.AddrFromSlice(source)
	local, _ := netip.AddrFromSlice(destination)
	return announced{
		remote: netip.AddrPortFrom(remote.Unmap(), uint16(sourcePort)),
		local:  netip.AddrPortFrom(local.Unmap(), uint16(destinationPort)),
	}
}

// awaited reads a connection through its socket's own buffer, so that reading
// a header byte by byte costs one system call; and while it waits, the
// connection is idle.
type awaited struct{ c *Conn }

func (a awaited) Read(p []byte) (int, error) {
	if err := a.c.Await(); err != nil {
		return 0, err
	}
	return a.c.Read(p)
}
