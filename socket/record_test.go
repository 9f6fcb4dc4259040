package socket

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

func TestRecordCutterStopsAtEachRecord(t *testing.T) {
	record := func(n int) []byte {
		return append([]byte{23, 3, 3, byte(n >> 8), byte(n)}, bytes.Repeat([]byte{'x'}, n)...)
	}
	for _, tt := range []struct {
		name  string
		sizes []int
	}{
		{"small", []int{1, 2, 3}},
		{"empty ones", []int{0, 0, 5, 0}},
		{"largest", []int{recordMax, 1, recordMax}},
	} {
		var stream []byte
		ends := map[int]bool{}
		for _, n := range tt.sizes {
			stream = append(stream, record(n)...)
			ends[len(stream)] = true
		}
		for piece := 1; piece < 40; piece++ {
			r := recordCutter{on: true}
			for at := 0; at < len(stream); {
				n := r.admit(stream[at:min(at+piece, len(stream))])
				if n < 1 {
					t.Fatalf("%s: admitted %d", tt.name, n)
				}
				for end := range ends {
					if at < end && end < at+n {
						t.Fatalf("%s: %d..%d reaches over the end of a record at %d", tt.name, at, at+n, end)
					}
				}
				at += n
			}
		}
	}
}

func TestRecordCutterPassesGarbageOn(t *testing.T) {
	r := recordCutter{on: true}
	b := []byte{'G', 'E', 'T', 0xff, 0xff, 'x', 'y'}
	if n := r.admit(b); n != len(b) {
		t.Errorf("admitted %d of %d", n, len(b))
	}
	if n := r.admit(b); n != len(b) {
		t.Errorf("then %d of %d", n, len(b))
	}
}

func FuzzRecordCutter(f *testing.F) {
	f.Add([]byte{22, 3, 1, 0, 2, 1, 2, 23, 3, 3, 0, 0}, uint8(3))
	f.Add([]byte{22, 3, 1, 0xff, 0xff, 1, 2}, uint8(1))
	f.Add(append([]byte{22, 3, 1, 3, 0}, make([]byte, 800)...), uint8(200))
	f.Fuzz(func(t *testing.T, b []byte, piece uint8) {
		got := feed(t, b, int(piece)+recordHeader, int(piece)+recordHeader)
		if len(b) < recordHeader || b[0] != recordHandshake {
			if !bytes.Equal(got, b) {
				t.Error("other bytes came out")
			}
			return
		}
		// All but the headers of the first record comes out as it was.
		first := min(int(b[3])<<8|int(b[4]), len(b)-recordHeader)
		if rest := b[recordHeader+first:]; !bytes.HasSuffix(got, rest) {
			t.Error("what is behind the first record came out changed")
		}
		if len(got) < len(b) {
			t.Errorf("%d bytes came out of %d", len(got), len(b))
		}
	})
}

// Many records come in one segment. After each Read that did not fill its
// buffer nothing is left inside crypto/tls, so Await beneath it tells when
// there is more; it must not wait while there is.
func TestAwaitBeneathTLSNeverHangs(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server, below, client := tlsPair(t, version)
		const records = 500
		go func() {
			for range records {
				client.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
			}
		}()
		p := make([]byte, 4096)
		below.SetReadDeadline(time.Now().Add(10 * time.Second))
		for i := range records {
			if err := below.Await(); err != nil {
				t.Fatalf("record %d: Await: %v", i, err)
			}
			n, err := server.Read(p)
			if n != 18 || err != nil {
				t.Fatalf("record %d: %d, %v", i, n, err)
			}
		}
		if n := below.Buffered(); n != 0 {
			t.Errorf("%d bytes left", n)
		}
	}
}

// gatheringConn holds a client's writes back, to send them as one segment.
type gatheringConn struct {
	net.Conn
	buf *bytes.Buffer // nil: pass on
}

func (g *gatheringConn) Write(p []byte) (int, error) {
	if g.buf == nil {
		return g.Conn.Write(p)
	}
	return g.buf.Write(p)
}

func TestPipelinedRecordsInOneSegment(t *testing.T) {
	below, peer := pair(t)
	gather := &gatheringConn{Conn: peer}
	server, _, client := tlsOver(t, tls.VersionTLS13, below, gather)
	const records = 100
	gather.buf = new(bytes.Buffer)
	for i := range records {
		client.Write(bytes.Repeat([]byte{byte(i)}, 100))
	}
	peer.Write(gather.buf.Bytes())
	below.SetReadDeadline(time.Now().Add(10 * time.Second))
	p := make([]byte, 4096)
	for i := range records {
		if err := below.Await(); err != nil {
			t.Fatalf("record %d: Await: %v", i, err)
		}
		if n, err := server.Read(p); n != 100 || p[0] != byte(i) || err != nil {
			t.Fatalf("record %d: %d bytes of %d, %v", i, n, p[0], err)
		}
	}
}

func TestTLSBothWaysOverRecordMode(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server, below, client := tlsPair(t, version)
		want := make([]byte, 3<<20)
		for i := range want {
			want[i] = byte(i * 7)
		}
		go func() { // the client sends, and reads its own back
			rng := rand.New(rand.NewPCG(seed, 1))
			for rest := want; len(rest) > 0; {
				n := min(len(rest), 1+rng.IntN(1<<rng.IntN(18)))
				client.Write(rest[:n])
				rest = rest[n:]
			}
			client.CloseWrite()
		}()
		echoed := make(chan []byte, 1)
		go func() { b, _ := io.ReadAll(client); echoed <- b }()
		p := make([]byte, 70<<10)
		for {
			n, err := server.Read(p)
			below.Cork()
			server.Write(p[:n])
			if err := below.Uncork(); err != nil {
				t.Fatal(err)
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		server.Close()
		if got := <-echoed; !bytes.Equal(got, want) {
			t.Errorf("%d bytes came back of %d, or others", len(got), len(want))
		}
	}
}

// Time-outs of timers armed too early, and interrupts, leave a tls.Conn whole.
func TestTLSSurvivesInterruptAndTimeout(t *testing.T) {
	server, below, client := tlsPair(t, tls.VersionTLS13)
	p := make([]byte, 100)
	below.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	if _, err := server.Read(p); !isTimeout(err) {
		t.Fatalf("Read: %v", err)
	}
	below.SetReadDeadline(time.Time{})
	time.AfterFunc(5*time.Millisecond, below.Interrupt)
	if _, err := server.Read(p); !errors.Is(err, ErrInterrupted) {
		t.Fatalf("Read: %v", err)
	}
	below.Resume()
	client.Write([]byte("still here"))
	if n, err := server.Read(p); string(p[:n]) != "still here" || err != nil {
		t.Errorf("Read: %q, %v", p[:n], err)
	}
}
