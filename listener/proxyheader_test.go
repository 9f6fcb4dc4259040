package listener

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/pires/go-proxyproto"
)

// v2 builds a version 2 header: command and family bytes, address block.
func v2(command, family byte, block []byte) string {
	b := append([]byte("\r\n\r\n\x00\r\nQUIT\n"), command, family)
	b = binary.BigEndian.AppendUint16(b, uint16(len(block)))
	return string(append(b, block...))
}

var (
	block4    = []byte{198, 51, 100, 7, 192, 0, 2, 9, 0x30, 0x39, 0x01, 0xbb}
	block6    = append(append(netip.MustParseAddr("2001:db8::7").AsSlice(), netip.MustParseAddr("2001:db8::9").AsSlice()...), 0x30, 0x39, 0x01, 0xbb)
	blockUnix = make([]byte, 216)
)

// The expectations are the PROXY protocol's specification's, sections 2.1 and 2.2.
var proxyHeaders = []struct {
	name   string
	header string
	want   string // remote and local; "-": announces nobody
	err    error  // or errAny
}{
	{name: "v1 IPv4", header: "PROXY TCP4 198.51.100.7 192.0.2.9 12345 443\r\n", want: "198.51.100.7:12345 192.0.2.9:443"},
	{name: "v1 IPv6", header: "PROXY TCP6 2001:db8::7 2001:db8::9 12345 443\r\n", want: "[2001:db8::7]:12345 [2001:db8::9]:443"},
	{name: "v1 unknown", header: "PROXY UNKNOWN\r\n", want: "-"},
	{name: "v1 unknown with addresses", header: "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", want: "-"},
	{name: "v1 longest", header: "PROXY UNKNOWN " + strings.Repeat("f", 107-16) + "\r\n", want: "-"},
	{name: "v1 too long", header: "PROXY UNKNOWN " + strings.Repeat("f", 108-16) + "\r\n", err: errLongProxyHeader},
	{name: "v1 without an end", header: "PROXY " + strings.Repeat("x", 200), err: errLongProxyHeader},
	{name: "v1 bare LF", header: "PROXY TCP4 198.51.100.7 192.0.2.9 12345 443\n", err: errAny},
	{name: "v1 two spaces", header: "PROXY  TCP4 198.51.100.7 192.0.2.9 12345 443\r\n", err: errAny},
	{name: "v1 UDP", header: "PROXY UDP4 198.51.100.7 192.0.2.9 12345 443\r\n", err: errAny},
	{name: "v1 wrong family", header: "PROXY TCP4 2001:db8::7 192.0.2.9 12345 443\r\n", err: errAny},
	{name: "v1 port too large", header: "PROXY TCP4 198.51.100.7 192.0.2.9 65536 443\r\n", err: errAny},
	{name: "v1 port missing", header: "PROXY TCP4 198.51.100.7 192.0.2.9 12345\r\n", err: errAny},
	{name: "v1 truncated", header: "PROXY TCP4 198.51", err: io.ErrUnexpectedEOF},
	{name: "v1 ends at once", header: "PROXY\r\n", err: errAny},
	{name: "v2 IPv4", header: v2(0x21, 0x11, block4), want: "198.51.100.7:12345 192.0.2.9:443"},
	{name: "v2 IPv6", header: v2(0x21, 0x21, block6), want: "[2001:db8::7]:12345 [2001:db8::9]:443"},
	{name: "v2 with TLVs", header: v2(0x21, 0x11, append(bytes.Clone(block4), 0x04, 0, 3, 1, 2, 3)), want: "198.51.100.7:12345 192.0.2.9:443"},
	{name: "v2 LOCAL", header: v2(0x20, 0x00, nil), want: "-"},
	{name: "v2 LOCAL with an address", header: v2(0x20, 0x11, block4), want: "-"},
	{name: "v2 Unix", header: v2(0x21, 0x31, blockUnix), want: "-"},
	{name: "v2 unspecified family", header: v2(0x21, 0x00, nil), err: errAny},
	{name: "v2 unknown command", header: v2(0x22, 0x11, block4), err: errAny},
	{name: "v2 version 3", header: v2(0x31, 0x11, block4), err: errAny},
	{name: "v2 block too short", header: v2(0x21, 0x11, block4[:8]), err: errAny},
	{name: "v2 oversized", header: v2(0x21, 0x11, make([]byte, 5000)), err: errLongProxyHeader},
	{name: "v2 truncated", header: v2(0x21, 0x11, block4)[:20], err: io.ErrUnexpectedEOF},
	{name: "v2 truncated signature", header: v2(0x21, 0x11, block4)[:9], err: io.ErrUnexpectedEOF},
	{name: "HTTP", header: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", err: errNoProxyHeader},
	{name: "PRI", header: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", err: errNoProxyHeader},
	{name: "a hello", header: "\x16\x03\x01\x02\x00\x01", err: errNoProxyHeader},
	{name: "nothing", header: "", err: errSilent},
}

var errAny = errors.New("any")

func TestProxyHeaders(t *testing.T) {
	const payload = "GET / HTTP/1.1\r\n"
	for _, tt := range proxyHeaders {
		truncated := tt.err == io.ErrUnexpectedEOF || tt.err == errSilent
		for _, pieces := range []bool{false, true} {
			in := tt.header + payload
			if truncated {
				in = tt.header
			}
			var r io.Reader = strings.NewReader(in)
			if pieces {
				r = iotest.OneByteReader(r)
			}
			got, err := readProxyHeader(r)
			switch {
			case tt.err == errAny:
				if err == nil {
					t.Errorf("%s: accepted", tt.name)
				}
				continue
			case !errors.Is(err, tt.err):
				t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
				continue
			case err != nil:
				continue
			}
			words := "-"
			if got.remote.IsValid() {
				words = fmt.Sprintf("%v %v", got.remote, got.local)
			}
			if words != tt.want {
				t.Errorf("%s: got %s, want %s", tt.name, words, tt.want)
			}
			if rest, _ := io.ReadAll(r); string(rest) != payload {
				t.Errorf("%s: left %q", tt.name, rest)
			}
		}
	}
}

// addresses answers with the connection's addresses and echoes what follows.
func addresses(c *Conn) {
	fmt.Fprintf(c, "%v %v\n", c.Remote, c.Local)
	echoLines(c)
}

func TestProxyHeaderOfATrustedPeer(t *testing.T) {
	cfg := Config{ProxyProtocol: true, Trusted: prefixes("127.0.0.0/8")}
	patient := serve(t, cfg, addresses)
	cfg.HandshakeTimeout = 300 * time.Millisecond
	hasty := serve(t, cfg, addresses) // for those that it is to cut off
	for _, tt := range []struct{ name, send, want, cause string }{
		{"v1", "PROXY TCP4 198.51.100.7 192.0.2.9 12345 443\r\n", "198.51.100.7:12345 192.0.2.9:443", ""},
		{"v2", v2(0x21, 0x21, block6), "[2001:db8::7]:12345 [2001:db8::9]:443", ""},
		{"LOCAL", v2(0x20, 0, nil), "self", ""},
		{"Unix", v2(0x21, 0x31, blockUnix), "self", ""},
		{"missing", "GET / HTTP/1.1\r\n\r\n", "", causeNoHeader},
		{"invalid", "PROXY nonsense\r\n", "", causeBadHeader},
		{"never whole", "PROXY TCP4 198.51", "", causeTimeout},
		{"never at all", "", "", causeTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := patient
			if tt.cause == causeTimeout {
				s = hasty
			}
			nc := s.dial()
			io.WriteString(nc, tt.send)
			if tt.cause != "" {
				s.wantFailure(PhaseAccept, tt.cause)
				wantClosed(t, nc)
				return
			}
			want := tt.want
			if want == "self" {
				want = fmt.Sprintf("%v %v", nc.LocalAddr(), nc.RemoteAddr())
			}
			io.WriteString(nc, "payload\n")
			both := make([]byte, len(want)+1+len("payload\n"))
			if _, err := io.ReadFull(nc, both); err != nil || string(both) != want+"\npayload\n" {
				t.Errorf("got %q, %v; want %q and the payload", both, err, want)
			}
		})
	}
	if got := patient.Stats().ProxyFailures; len(got) != 2 || got[causeNoHeader] != 1 || got[causeBadHeader] != 1 {
		t.Errorf("counted %v", got)
	}
	if got := hasty.Stats().ProxyFailures; len(got) != 1 || got[causeTimeout] != 2 {
		t.Errorf("counted %v", got)
	}
}

func TestProxyHeaderBeforeTLS(t *testing.T) {
	sc, cc := tlsConfigs(t)
	s := serve(t, Config{TLS: sc, ProxyProtocol: true, Trusted: prefixes("127.0.0.0/8")}, addresses)
	nc := s.dial()
	// Header and hello in one segment: not a byte of the hello may be lost.
	client := tlsClientBehind(nc, v2(0x21, 0x11, block4), cc)
	if got := readLine(t, client); got != "198.51.100.7:12345 192.0.2.9:443" {
		t.Errorf("got %q", got)
	}
	wantEcho(t, client, "hello\n")
	client.Close()
}

func TestProxyHeaderOfAnUntrustedPeerIsOnlyBytes(t *testing.T) {
	s := serve(t, Config{ProxyProtocol: true, Trusted: prefixes("10.0.0.0/8")}, addresses)
	nc := s.dial()
	const header = "PROXY TCP4 198.51.100.7 192.0.2.9 12345 443\r\n"
	io.WriteString(nc, header)
	want := fmt.Sprintf("%v %v\n", nc.LocalAddr(), nc.RemoteAddr()) + header
	got := make([]byte, len(want))
	if _, err := io.ReadFull(nc, got); err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

// FuzzProxyHeader: whatever is accepted, the parser reads alike from the same
// bytes; exactly the header is consumed; and it ends.
func FuzzProxyHeader(f *testing.F) {
	for _, tt := range proxyHeaders {
		f.Add([]byte(tt.header+"payload"), uint8(7))
	}
	f.Fuzz(func(t *testing.T, b []byte, piece uint8) {
		in := bytes.NewReader(b)
		got, err := readProxyHeader(&pieces{in, int(piece)%20 + 1})
		if err != nil {
			return
		}
		reference := bufio.NewReaderSize(bytes.NewReader(b), 1<<16)
		h, err := proxyproto.Read(reference)
		if err != nil {
			t.Fatalf("accepted %q, the parser says %v", b, err)
		}
		if want := announcedBy(h); got != want {
			t.Errorf("got %v, the parser %v", got, want)
		}
		if h.Command.IsLocal() && got.remote.IsValid() {
			t.Errorf("a LOCAL connection announces %v", got.remote)
		}
		ours, _ := io.ReadAll(in)
		theirs, _ := io.ReadAll(reference)
		if !bytes.Equal(ours, theirs) {
			t.Errorf("%d bytes left, the parser leaves %d", len(ours), len(theirs))
		}
	})
}

// pieces hands out a few bytes at a time.
type pieces struct {
	r    io.Reader
	size int
}

func (p *pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.size)]) }

func TestFuzzSeedsAreThere(t *testing.T) {
	seeds, err := filepath.Glob("testdata/fuzz/FuzzProxyHeader/*")
	if err != nil || len(seeds) == 0 {
		t.Fatalf("no seeds: %v", err)
	}
	for _, seed := range seeds {
		if info, err := os.Stat(seed); err != nil || info.Size() == 0 {
			t.Errorf("%s is empty: %v", seed, err)
		}
	}
}

// tlsClientBehind returns a client whose first bytes come behind prefix.
func tlsClientBehind(nc net.Conn, prefix string, cfg *tls.Config) *tls.Conn {
	return tls.Client(&prefixed{nc, prefix}, cfg)
}

// prefixed puts its prefix before what is written first.
type prefixed struct {
	net.Conn
	prefix string
}

func (p *prefixed) Write(b []byte) (int, error) {
	if p.prefix == "" {
		return p.Conn.Write(b)
	}
	_, err := p.Conn.Write(append([]byte(p.prefix), b...))
	p.prefix = ""
	return len(b), err
}
