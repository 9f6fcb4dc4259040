package socket

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// cpu returns the processor time that this process has used.
func cpu() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// reportCPU adds what an operation, and a KiB, took of the processor.
func reportCPU(b *testing.B, before time.Duration, bytes int) {
	used := cpu() - before
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N), "cpu-ns/op")
	if bytes > 0 {
		b.ReportMetric(float64(used.Nanoseconds())/float64(b.N)/float64(bytes)*1024, "cpu-ns/KiB")
	}
}

// BenchmarkReadWrite is one write and one read over loopback in one
// goroutine: no waiting, no scheduler, only what a call costs. "std" is
// package net's own.
func BenchmarkReadWrite(b *testing.B) {
	for _, size := range []int{200, 4 << 10, 16 << 10, 64 << 10} {
		for _, kind := range []string{"std", "socket"} {
			b.Run(fmt.Sprintf("%s/%d", kind, size), func(b *testing.B) {
				c, peer := pair(b)
				var near, far net.Conn = c, New(peer)
				if kind == "std" {
					near, far = c.nc, peer
				}
				p := make([]byte, size)
				b.ReportAllocs()
				before := cpu()
				for b.Loop() {
					if _, err := near.Write(p); err != nil {
						b.Fatal(err)
					}
					if _, err := io.ReadFull(far, p); err != nil {
						b.Fatal(err)
					}
				}
				reportCPU(b, before, 0)
			})
		}
	}
}

// BenchmarkDeadline is what a request pays for its deadlines: two are set,
// one read finds bytes.
func BenchmarkDeadline(b *testing.B) {
	for _, kind := range []string{"std", "socket"} {
		b.Run(kind, func(b *testing.B) {
			c, peer := pair(b)
			var near net.Conn = c
			if kind == "std" {
				near = c.nc
			}
			p := make([]byte, 200)
			b.ReportAllocs()
			for b.Loop() {
				peer.Write(p)
				now := time.Now()
				near.SetReadDeadline(now.Add(75 * time.Second))
				near.SetReadDeadline(now.Add(10 * time.Second))
				near.Read(p)
			}
		})
	}
}

// BenchmarkPingPong is a request and an answer between two goroutines, each
// with a deadline: all reads wait.
func BenchmarkPingPong(b *testing.B) {
	for _, kind := range []string{"std", "socket"} {
		b.Run(kind, func(b *testing.B) {
			c, peer := pair(b)
			var near, far net.Conn = c, New(peer)
			if kind == "std" {
				near, far = c.nc, peer
			}
			go func() {
				p := make([]byte, 200)
				for {
					far.SetReadDeadline(time.Now().Add(time.Minute))
					if _, err := far.Read(p); err != nil {
						return
					}
					far.Write(p)
				}
			}()
			p := make([]byte, 200)
			b.ReportAllocs()
			before := cpu()
			for b.Loop() {
				near.Write(p)
				near.SetReadDeadline(time.Now().Add(time.Minute))
				near.Read(p)
			}
			reportCPU(b, before, 0)
		})
	}
}

// BenchmarkCork is a 100 KB answer over TLS, in one Write, corked or not. The
// reader takes the ciphertext only.
func BenchmarkCork(b *testing.B) {
	const size = 100 << 10
	for _, corked := range []bool{false, true} {
		b.Run(fmt.Sprintf("corked=%v", corked), func(b *testing.B) {
			server, below, client := tlsPair(b, tls.VersionTLS13)
			go io.Copy(io.Discard, struct{ io.Reader }{client.NetConn()})
			p := make([]byte, size)
			b.SetBytes(size)
			b.ReportAllocs()
			before := cpu()
			for b.Loop() {
				for rest := p; len(rest) > 0; {
					n := min(64<<10, len(rest))
					if corked {
						below.Cork()
					}
					server.Write(rest[:n])
					if corked {
						below.Uncork()
					}
					rest = rest[n:]
				}
			}
			reportCPU(b, before, size)
		})
	}
}

// BenchmarkUpload is a bulk upload over TLS as the server reads it.
func BenchmarkUpload(b *testing.B) {
	const size = 1 << 20
	for _, records := range []bool{false, true} {
		b.Run(fmt.Sprintf("recordmode=%v", records), func(b *testing.B) {
			server, below, client := tlsPair(b, tls.VersionTLS13)
			below.records.on = records
			p := make([]byte, size)
			stop := make(chan struct{})
			defer close(stop)
			go func() {
				for {
					if _, err := client.Write(p); err != nil {
						return
					}
				}
			}()
			in := make([]byte, 32<<10)
			b.SetBytes(size)
			before := cpu()
			for b.Loop() {
				for got := 0; got < size; {
					n, err := server.Read(in)
					if err != nil {
						b.Fatal(err)
					}
					got += n
				}
			}
			reportCPU(b, before, size)
			client.NetConn().Close()
		})
	}
}
