package socket

import (
	"bytes"
	"crypto/tls"
	"math/rand/v2"
	"testing"
)

// unsplit puts the payloads of the records in b together, and returns what
// the lengths of them were.
func unsplit(t *testing.T, b []byte) (payload []byte, lengths []int) {
	t.Helper()
	for len(b) > 0 {
		if len(b) < recordHeader {
			t.Fatalf("%d bytes of a header", len(b))
		}
		n := int(b[3])<<8 | int(b[4])
		if b[0] != recordHandshake || len(b) < recordHeader+n {
			t.Fatalf("record of type %d, %d bytes of %d", b[0], len(b)-recordHeader, n)
		}
		payload = append(payload, b[recordHeader:recordHeader+n]...)
		lengths = append(lengths, n)
		b = b[recordHeader+n:]
	}
	return payload, lengths
}

// feed reads stream through a recordCutter: it comes in pieces of in bytes
// and is read with buffers of out bytes.
func feed(t *testing.T, stream []byte, in, out int) []byte {
	t.Helper()
	var got []byte
	var box inbox
	r := recordCutter{on: true}
	p := make([]byte, out)
	for len(stream) > 0 || box.buffered() > 0 {
		if box.buffered() == 0 {
			buf := buffers.Get().(*buffer)
			n := copy(buf[:min(in, bufferSize)], stream)
			stream = stream[n:]
			box.keep(buf, n)
		}
		n := r.read(p, &box)
		if n < 1 {
			t.Fatalf("read %d bytes though there are some", n)
		}
		got = append(got, p[:n]...)
	}
	return got
}

func TestHelloIsSplitIntoSmallRecords(t *testing.T) {
	for _, size := range []int{0, 1, smallRecord, smallRecord + 1, 1700, 2048, 5000, recordMax} {
		payload := make([]byte, size)
		for i := range payload {
			payload[i] = byte(rand.Uint32())
		}
		hello := append([]byte{recordHandshake, 3, 1, byte(size >> 8), byte(size)}, payload...)
		for _, in := range []int{5, 6, 100, bufferSize} {
			for _, out := range []int{1, 4, 5, 100, 512, 4096} {
				got, lengths := unsplit(t, feed(t, hello, in, out))
				if !bytes.Equal(got, payload) {
					t.Fatalf("size %d, pieces of %d and %d: other bytes came out", size, in, out)
				}
				for _, n := range lengths {
					if n > smallRecord {
						t.Fatalf("size %d: a record of %d", size, n)
					}
				}
			}
		}
	}
}

func TestOnlyTheFirstRecordIsSplit(t *testing.T) {
	big := append([]byte{recordHandshake, 3, 1, 4, 0}, make([]byte, 1024)...)
	later := append([]byte{23, 3, 3, 4, 0}, make([]byte, 1024)...)
	got := feed(t, append(bytes.Clone(big), later...), bufferSize, 4096)
	if !bytes.HasSuffix(got, later) {
		t.Error("the second record came out changed")
	}
	if len(got) != len(big)+len(later)+recordHeader {
		t.Errorf("%d bytes came out", len(got))
	}
}

func TestBytesThatAreNoHelloPassUnchanged(t *testing.T) {
	for _, b := range []string{"GET / HTTP/1.1\r\n\r\n", "\x16", "\x16\x03\x01\xff\xff and more", "\x15\x03\x01\x04\x00" + string(make([]byte, 1024))} {
		if got := feed(t, []byte(b), bufferSize, 4096); string(got) != b {
			t.Errorf("%q came out as %q", b, got)
		}
	}
}

// A large hello, as of a client with many protocols to offer.
func TestHandshakeWithALargeHello(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		below, peer := pair(t)
		sc, cc := tlsConfigs(t)
		below.RecordMode()
		sc.MaxVersion = version
		for range 200 {
			cc.NextProtos = append(cc.NextProtos, "a-protocol-of-many-bytes")
		}
		sc.NextProtos = cc.NextProtos[:1]
		server, client := tls.Server(below, sc), tls.Client(peer, cc)
		go client.Write([]byte("hello"))
		p := make([]byte, 10)
		if n, err := server.Read(p); string(p[:n]) != "hello" || err != nil {
			t.Errorf("version %x: %q, %v", version, p[:n], err)
		}
	}
}
