package server

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// An Exchange over HTTP/2 allocates what crypto/tls and HPACK's decoder do for
// it, and nothing of our own:
//
//   - one for each TLS record read, of which there is one on each side;
//   - one for each name and each value that the client sends as a literal
//     (RFC 7541 section 6.2): the decoder makes a string of it. What a browser
//     repeats is in the dynamic table and costs nothing.
func TestAnExchangeOverHTTP2AllocatesLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget at random")
	}
	const tlsRecords = 2
	for _, tt := range []struct {
		name   string
		fields []hpack.HeaderField
		want   float64
	}{
		{"all fields known", nil, tlsRecords},
		{"one name and value as literals", []hpack.HeaderField{{Name: "x-trace", Value: "0123456789abcdef", Sensitive: true}}, tlsRecords + 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := dialServer2(t, fixedUpstream(t))
			for range 200 {
				c.exchange(tt.fields)
			}
			if n := testing.AllocsPerRun(2000, func() { c.exchange(tt.fields) }); n != tt.want {
				t.Errorf("%v allocations per exchange, want %v", n, tt.want)
			}
		})
	}
}

// client2 is an HTTP/2 client that allocates nothing.
type client2 struct {
	t      *testing.T
	conn   net.Conn
	enc    *hpack.Encoder
	block  bytes.Buffer
	frame  []byte
	in     []byte
	stream uint32
}

func dialServer2(t *testing.T, upstream string) *client2 {
	c := &client2{t: t, conn: dialServer(t, upstream, true, "h2"), stream: 1, in: make([]byte, 0, 64<<10)}
	c.enc = hpack.NewEncoder(&c.block)
	if p := c.conn.(*tls.Conn).ConnectionState().NegotiatedProtocol; p != "h2" {
		t.Fatalf("negotiated %q", p)
	}
	var hello bytes.Buffer
	hello.WriteString(http2.ClientPreface)
	f := http2.NewFramer(&hello, nil)
	f.WriteSettings()
	f.WriteWindowUpdate(0, 1<<30)
	if _, err := c.conn.Write(hello.Bytes()); err != nil {
		t.Fatal(err)
	}
	return c
}

// exchange sends a request and reads until its stream has ended.
func (c *client2) exchange(fields []hpack.HeaderField) {
	c.block.Reset()
	for _, f := range browserFields {
		c.enc.WriteField(f)
	}
	for _, f := range fields {
		c.enc.WriteField(f)
	}
	c.frame = append(c.frame[:0], 0, 0, 0, byte(http2.FrameHeaders), byte(http2.FlagHeadersEndStream|http2.FlagHeadersEndHeaders))
	binary.BigEndian.PutUint16(c.frame[1:], uint16(c.block.Len()))
	c.frame = binary.BigEndian.AppendUint32(c.frame, c.stream)
	c.frame = append(c.frame, c.block.Bytes()...)
	if _, err := c.conn.Write(c.frame); err != nil {
		c.t.Fatal(err)
	}
	for !c.ended() {
		n, err := c.conn.Read(c.in[len(c.in):cap(c.in)])
		if err != nil {
			c.t.Fatal(err)
		}
		c.in = c.in[:len(c.in)+n]
	}
	c.stream += 2
}

// ended takes frames off the input and reports that the last one of the stream
// was among them.
func (c *client2) ended() (ended bool) {
	const head = 9
	b := c.in
	for len(b) >= head {
		size := head + int(b[0])<<16 + int(binary.BigEndian.Uint16(b[1:]))
		if len(b) < size {
			break
		}
		kind, flags, stream := http2.FrameType(b[3]), http2.Flags(b[4]), binary.BigEndian.Uint32(b[5:])
		if kind == http2.FrameRSTStream || kind == http2.FrameGoAway {
			c.t.Fatal(io.ErrUnexpectedEOF, kind)
		}
		ended = ended || stream == c.stream && flags&http2.FlagDataEndStream != 0 &&
			(kind == http2.FrameData || kind == http2.FrameHeaders)
		b = b[size:]
	}
	c.in = c.in[:copy(c.in[:cap(c.in)], b)]
	return ended
}

var browserFields = []hpack.HeaderField{
	{Name: ":method", Value: "GET"},
	{Name: ":scheme", Value: "https"},
	{Name: ":authority", Value: "shop.example.com"},
	{Name: ":path", Value: "/cart?item=42"},
	{Name: "user-agent", Value: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"},
	{Name: "accept", Value: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"},
	{Name: "accept-language", Value: "zh-CN,zh;q=0.9,en;q=0.5"},
	{Name: "accept-encoding", Value: "gzip, deflate, br"},
	{Name: "cookie", Value: "session=0123456789abcdef"},
	{Name: "cookie", Value: "theme=dark"},
	{Name: "priority", Value: "u=0, i"},
}
