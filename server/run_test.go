package server

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestAServerStartsServesAndStops(t *testing.T) {
	s := serving(t, "", plainSite(app(t, answering(hello))))
	if answer := ask(t, s.HTTP(), get); !strings.HasPrefix(answer, "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(answer, "\r\n\r\nhello") {
		t.Errorf("answer: %s", answer)
	}
	address := s.HTTP().String()
	if err := s.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if left := leaked(); left != "" {
		t.Errorf("goroutines after Run:\n%s", left)
	}
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Error("it still listens")
	}
	if lines := s.logged(); len(lines) != 1 || lines[0]["status"] != 200.0 {
		t.Errorf("access log: %v", lines)
	}
}

// "Bind first, serve later": who connects in between is answered as well, by a
// Generation that is in force and a certificate that is there.
func TestTheFirstConnectionIsServed(t *testing.T) {
	upstream := app(t, answering(hello))
	for range 20 {
		s := listening(t, "", plainSite(upstream))
		c := dial(t, s.HTTP())
		io.WriteString(c, get)
		s.run()
		if answer, _ := io.ReadAll(c); !strings.HasSuffix(string(answer), "hello") {
			t.Fatalf("answer: %q\n%s", answer, s.diary)
		}
		s.stop()
	}
}

// slowApp answers when it is told to.
func slowApp(t *testing.T) (address string, reached, answer chan bool) {
	reached, answer = make(chan bool, 8), make(chan bool, 8)
	address = app(t, func(c net.Conn) {
		for readHead(c) != "" {
			reached <- true
			<-answer
			io.WriteString(c, hello)
		}
	})
	t.Cleanup(func() { close(answer) })
	return address, reached, answer
}

// "it stops accepting, lets Exchanges finish within drain_timeout, and ends
// everything that it has started before it returns."
func TestTheDrainLetsExchangesFinish(t *testing.T) {
	upstream, reached, answer := slowApp(t)
	s := serving(t, "", plainSite(upstream))
	address := s.HTTP().String()
	idle := dial(t, s.HTTP())
	io.WriteString(idle, "GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n")
	within(t, "the first request", reached)
	answer <- true
	if got := readHead(idle); got == "" {
		t.Fatal("no answer")
	}
	io.ReadFull(idle, make([]byte, 5))
	busy := dial(t, s.HTTP())
	io.WriteString(busy, "GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n")
	within(t, "the second request", reached)

	s.cancel()
	if _, err := idle.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the idle connection: %v, want its end", err)
	}
	until(t, "nobody listens", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	if len(s.ended) != 0 {
		t.Error("Run has returned with an Exchange under way")
	}
	answer <- true
	got, err := io.ReadAll(busy)
	if err != nil || !strings.HasSuffix(string(got), "hello") || !strings.Contains(string(got), "Connection: close\r\n") {
		t.Errorf("the Exchange under way got %q, %v", got, err)
	}
	if err := s.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if left := leaked(); left != "" {
		t.Errorf("goroutines after Run:\n%s", left)
	}
	if lines := s.logged(); len(lines) != 2 || lines[1]["status"] != 200.0 {
		t.Errorf("access log: %v", lines)
	}
}

// "The error says [...] that connections had to be cut off."
func TestTheDrainIsOverAtItsTimeout(t *testing.T) {
	upstream, reached, _ := slowApp(t)
	s := serving(t, `drain_timeout = "200ms"`, plainSite(upstream))
	c := dial(t, s.HTTP())
	io.WriteString(c, get)
	within(t, "the request", reached)
	began := time.Now()
	err := s.stop()
	if err == nil || !strings.Contains(err.Error(), "1 connections aborted") {
		t.Errorf("Run: %v", err)
	}
	if took := time.Since(began); took < 200*time.Millisecond || took > patience/2 {
		t.Errorf("took %v", took)
	}
	if got, err := io.ReadAll(c); len(got) > 0 || err == nil {
		t.Errorf("the client got %q, %v; want a reset", got, err)
	}
	if left := leaked(); left != "" {
		t.Errorf("goroutines after Run:\n%s", left)
	}
	if lines := s.logged(); len(lines) != 1 || lines[0]["status"] != 499.0 || lines[0]["fail_cause"] != "client_gone" {
		t.Errorf("access log: %v", lines)
	}
}

// Both Listeners drain at the same time: a long Exchange at one does not keep
// the other's fresh connections beyond their second of grace.
func TestListenersDrainTogether(t *testing.T) {
	upstream, reached, answer := slowApp(t)
	s := serving(t, `header_timeout = "1m"`, `
[[site]]
hosts = ["shop.example.com"]
tls = "self-signed"
redirect = false
upstream = "main"
`+pool("main", upstream))
	secure := dialTLS(t, s, "shop.example.com")
	io.WriteString(secure, get)
	within(t, "the request", reached)
	fresh := dial(t, s.HTTP())
	until(t, "the fresh one waits", func() bool { return s.inForce.Load().doors.plain.Stats().Idle == 1 })
	s.cancel()
	if _, err := fresh.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the fresh connection: %v, want its end", err)
	}
	if s.caps.Total() != 1 && len(s.ended) != 0 {
		t.Error("the other one has ended too")
	}
	answer <- true
	if got, _ := io.ReadAll(secure); !strings.HasSuffix(string(got), "hello") {
		t.Errorf("the Exchange under way got %q", got)
	}
	if err := s.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// No package state: two Servers of one process know nothing of each other.
func TestTwoServersInOneProcess(t *testing.T) {
	one := serving(t, "", plainSite(app(t, answering(hello))))
	two := serving(t, "", plainSite(app(t, answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nworld"))))
	for range 3 {
		if got := ask(t, one.HTTP(), get); !strings.HasSuffix(got, "hello") {
			t.Errorf("the first answers %q", got)
		}
		if got := ask(t, two.HTTP(), get); !strings.HasSuffix(got, "world") {
			t.Errorf("the second answers %q", got)
		}
	}
	if err := one.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if got := ask(t, two.HTTP(), get); !strings.HasSuffix(got, "world") {
		t.Errorf("the second, alone, answers %q", got)
	}
	two.stop()
	if a, b := len(one.logged()), len(two.logged()); a != 3 || b != 4 {
		t.Errorf("%d and %d lines, want 3 and 4", a, b)
	}
}

// A Listener that fails ends the Server, and Run says so.
func TestAListenerThatFailsEndsTheServer(t *testing.T) {
	s := listening(t, "", plainSite(app(t, answering(hello)))).run()
	until(t, "it serves", func() bool { return s.diary.has("serving") })
	s.inForce.Load().doors.plain.Close() // as nobody but a bug would
	within(t, "the end of Run", s.ended)
	s.ended = nil
	if left := leaked(); left != "" {
		t.Errorf("goroutines after Run:\n%s", left)
	}
}
