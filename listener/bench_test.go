package listener

import (
	"crypto/tls"
	"net"
	"syscall"
	"testing"
	"time"
)

// BenchmarkRequest is a small request and its answer over TLS, both ends in
// this process. "std" serves with a tls.Conn on package net's connection and a
// buffer kept while waiting; "listener" awaits each request without one.
func BenchmarkRequest(b *testing.B) {
	request, answer := make([]byte, 300), make([]byte, 600)
	b.Run("std", func(b *testing.B) {
		sc, cc := tlsConfigs(b)
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer ln.Close()
		go func() {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			c := tls.Server(nc, sc)
			defer c.Close()
			p := make([]byte, 4096)
			for {
				c.SetReadDeadline(time.Now().Add(75 * time.Second))
				if _, err := c.Read(p); err != nil {
					return
				}
				c.SetWriteDeadline(time.Now().Add(30 * time.Second))
				c.Write(answer)
			}
		}()
		nc, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		requests(b, tls.Client(nc, cc), request, answer)
	})
	b.Run("listener", func(b *testing.B) {
		sc, cc := tlsConfigs(b)
		s := serve(b, Config{TLS: sc, WriteTimeout: 30 * time.Second}, func(c *Conn) {
			defer c.Close()
			p := make([]byte, 4096)
			for {
				c.SetReadDeadline(time.Now().Add(75 * time.Second))
				if c.Await() != nil {
					return
				}
				if _, err := c.Read(p); err != nil {
					return
				}
				c.Write(answer)
			}
		})
		requests(b, tls.Client(s.dial(), cc), request, answer)
	})
}

// BenchmarkHandshake is a connection that is served nothing, both ends in this
// process: what ordinary clients pay for it that CAs are answered.
func BenchmarkHandshake(b *testing.B) {
	for _, tt := range []struct {
		name      string
		challenge func(string) *tls.Certificate
	}{
		{"without challenges", nil},
		{"with challenges", func(string) *tls.Certificate { return nil }},
	} {
		b.Run(tt.name, func(b *testing.B) {
			sc, cc := tlsConfigs(b)
			s := serve(b, Config{TLS: sc, Challenge: tt.challenge}, func(c *Conn) { c.Close() })
			b.ReportAllocs()
			for b.Loop() {
				nc, err := net.Dial("tcp", s.address)
				if err != nil {
					b.Fatal(err)
				}
				client := tls.Client(nc, cc)
				if _, err := client.Read(make([]byte, 1)); err == nil {
					b.Fatal("something was served")
				}
				client.Close()
			}
		})
	}
}

func requests(b *testing.B, client *tls.Conn, request, answer []byte) {
	defer client.Close()
	client.SetDeadline(time.Time{})
	b.ReportAllocs()
	var before, after syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	for b.Loop() {
		client.Write(request)
		if _, err := client.Read(answer); err != nil {
			b.Fatal(err)
		}
	}
	syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/op")
}
