package server

import (
	"io"
	"strings"
	"testing"

	"sluice/message"
)

// "panicked tells of a bug of ours that has ended one connection": the others
// go on.
func TestAPanicEndsOneConnection(t *testing.T) {
	upstream, reached, answer := slowApp(t)
	s := listening(t, "", plainSite(upstream))
	handle := s.inForce.Load().wires.http1.Handle
	s.inForce.Load().wires.http1.Handle = func(r *message.Request, w message.ResponseWriter) {
		if string(r.Target) == "/bug" {
			panic("a bug of ours")
		}
		handle(r, w)
	}
	s.run()
	other := dial(t, s.HTTP())
	io.WriteString(other, get)
	within(t, "the request", reached)

	if got := ask(t, s.HTTP(), "GET /bug HTTP/1.1\r\nHost: shop.example.com\r\n\r\n"); got != "" {
		t.Errorf("the panicking one answers %q", got)
	}
	until(t, "the log line", func() bool {
		return s.diary.has("internal error") && s.diary.has("a bug of ours") && s.diary.has("panic_test.go")
	})
	answer <- true
	if got, _ := io.ReadAll(other); !strings.HasSuffix(string(got), "hello") {
		t.Errorf("the other one got %q", got)
	}
	if err := s.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
}
