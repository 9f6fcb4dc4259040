package accesslog

import (
	"net/netip"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// typical returns an Entry as a browser's request makes it.
func typical() *Entry {
	return &Entry{
		Time:      time.Date(2025, 11, 21, 0, 33, 12, 123e6, time.UTC),
		RequestID: []byte("0f3a9b2c1d4e5f60"),
		Client:    netip.MustParseAddr("203.0.113.77"),
		Host:      []byte("shop.example.com"),
		Method:    []byte("GET"),
		Path:      []byte("/api/items?page=3&sort=price"),
		Proto:     "HTTP/1.1",
		UserAgent: []byte("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"),
		Status:    200, BytesIn: 412, BytesOut: 20612,
		Total: 1234567, Queue: 1000, FirstByte: 1100123, Upstream: 1200456,
		Pool: "app", UpstreamAddr: "10.0.0.2:3001", Attempts: 1,
		TLSVersion: "1.3", ALPN: "h2", SNI: "shop.example.com",
	}
}

func BenchmarkPlain(b *testing.B) {
	l, e, enc := newLine(), typical(), newEncoder()
	b.ReportAllocs()
	for b.Loop() {
		l.encode(enc, e)
	}
	b.SetBytes(int64(len(l.plain.buf)))
}

func BenchmarkZap(b *testing.B) {
	l, e, enc := newLine(), typical(), newEncoder()
	b.ReportAllocs()
	for b.Loop() {
		l.encodeByZap(enc, e)
	}
}

// discard is a sink that takes everything at once.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Reopen() error               { return nil }
func (discard) Gone() bool                  { return false }
func (discard) Close() error                { return nil }

// BenchmarkLog is all that an Exchange pays: encoding, the copy into the buffer
// and waking Run. Lines dropped because Run didn't get a core are reported.
func BenchmarkLog(b *testing.B) {
	log := running(b, discard{})
	e := typical()
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		log.Log(e)
		wait(n)
	}
	reportDropped(b, log)
}

func BenchmarkLogParallel(b *testing.B) {
	log := running(b, discard{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		e := typical()
		for n := 0; pb.Next(); n++ {
			log.Log(e)
			wait(n)
		}
	})
	reportDropped(b, log)
}

// BenchmarkLogOdd logs what plain leaves to zap.
func BenchmarkLogOdd(b *testing.B) {
	log := running(b, discard{})
	e := typical()
	e.Path = []byte("/search?q=\"灯\"\x00")
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		log.Log(e)
		wait(n)
	}
}

// BenchmarkFile adds the write to a file, which is emptied now and then.
func BenchmarkFile(b *testing.B) {
	f, err := openFile(filepath.Join(b.TempDir(), "access.log"))
	if err != nil {
		b.Fatal(err)
	}
	log := running(b, &emptied{file: f})
	e := typical()
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		log.Log(e)
		wait(n)
	}
	reportDropped(b, log)
}

// emptied is a file that never grows beyond 32 MiB.
type emptied struct {
	*file
	size int
}

func (e *emptied) Write(p []byte) (int, error) {
	if e.size += len(p); e.size > 32<<20 {
		e.size = 0
		if err := e.open.Truncate(0); err != nil {
			return 0, err
		}
	}
	return e.file.Write(p)
}

// wait lets Run have the core now and then, as an Exchange does whenever it
// waits for the network. A loop without it is only interrupted each 10 ms, and
// with one core it would measure how fast lines are dropped.
func wait(n int) {
	if n%64 == 0 {
		runtime.Gosched()
	}
}

func reportDropped(b *testing.B, log *Log) {
	b.ReportMetric(float64(log.Stats().Dropped)/float64(b.N), "dropped/op")
}
