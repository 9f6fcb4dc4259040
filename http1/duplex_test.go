package http1

import (
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"sluice/message"
)

// The body is read by a goroutine of its own while the response is written,
// as proxy does it, so that both flow at the same time.

// pumped answers with what another goroutine reads, piece by piece.
func pumped(t *testing.T) func(*message.Request, message.ResponseWriter) {
	return func(r *message.Request, w message.ResponseWriter) {
		r.Body.Ready() // says that it will be read
		pieces, failed := make(chan string), make(chan error, 1)
		go func() {
			defer close(pieces)
			for {
				p, err := r.Body.Next()
				if err != nil {
					failed <- err
					return
				}
				pieces <- string(p)
			}
		}()
		w.Start(&message.Response{Status: 200, Length: -1})
		w.Flush()
		for p := range pieces {
			w.Write([]byte(p))
			w.Flush()
		}
		if err := <-failed; err != io.EOF {
			t.Errorf("the body ended with %v", err)
			w.Abort(nil)
			return
		}
		w.Finish(r.Body.Trailers())
	}
}

// The client sends its next piece only after it has got the last one back.
func TestARequestAndItsResponseFlowAtTheSameTime(t *testing.T) {
	c := connect(t, newServer(pumped(t)))
	for range 2 {
		c.say("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
		for {
			line, err := c.r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if line == "\r\n" {
				break
			}
			if strings.HasPrefix(line, "Connection:") {
				t.Errorf("got %q in a response that is to persist", line)
			}
		}
		for i := range 50 {
			p := "piece " + strconv.Itoa(i)
			chunk := strconv.FormatInt(int64(len(p)), 16) + "\r\n" + p + "\r\n"
			c.say(chunk)
			c.hear(chunk)
		}
		c.say("0\r\nA: b\r\n\r\n")
		c.hear("0\r\nA: b\r\n\r\n")
	}
}

// Large bodies both ways, with a client that reads and writes at once.
func TestLargeBodiesBothWays(t *testing.T) {
	body := lettered(3 << 20)
	for _, framing := range []string{
		"Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body,
		"Transfer-Encoding: chunked\r\n\r\n" + chunks(body, 100000) + "0\r\n\r\n",
	} {
		c := connect(t, newServer(pumped(t)))
		var saying sync.WaitGroup
		for range 2 {
			saying.Go(func() { c.say("POST / HTTP/1.1\r\nHost: h\r\n" + framing) })
			c.ok(body)
			saying.Wait()
		}
	}
}

// "Stop makes a Next that another goroutine waits in, and every later one,
// return ErrStopped soon. Nothing of the body is lost by it."
func TestStopAndResume(t *testing.T) {
	for _, tt := range []struct{ framing, first, rest string }{
		{"Content-Length: 10", "hello", "world"},
		{"Transfer-Encoding: chunked", "5\r\nhello\r\n5\r\n", "world\r\n0\r\n\r\n"},
	} {
		waiting, stopped := make(chan struct{}), make(chan struct{})
		c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
			got, err := "", error(nil)
			done := make(chan struct{})
			go func() {
				defer close(done)
				for err == nil {
					var p []byte
					if p, err = r.Body.Next(); got == "" {
						close(waiting)
					}
					got += string(p)
				}
			}()
			await(t, "the first piece", waiting)
			r.Body.Stop()
			await(t, "the end of Next", done)
			if _, again := r.Body.Next(); err != message.ErrStopped || again != err {
				t.Errorf("%s: stopped by %v, then %v", tt.framing, err, again)
			}
			r.Body.Resume()
			close(stopped)
			rest, err := slurp(r.Body)
			if got += rest; got != "helloworld" || err != nil {
				t.Errorf("%s: got %q, %v", tt.framing, got, err)
			}
			reply(w, 200, got)
		}))
		c.say("POST / HTTP/1.1\r\nHost: h\r\n" + tt.framing + "\r\n\r\n" + tt.first)
		await(t, "the stop", stopped)
		c.say(tt.rest)
		c.ok("helloworld")
		c.Close()
		c.ended()
	}
}

// A handler that stops its pump and answers leaves the rest of the body to
// the wire, which drains it: the connection lives on.
func TestABodyThatWasStoppedIsDrained(t *testing.T) {
	sent := make(chan struct{})
	s := newServer(func(r *message.Request, w message.ResponseWriter) {
		if r.Body == nil {
			reply(w, 200, "second")
			return
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			slurp(r.Body)
		}()
		r.Body.Stop()
		await(t, "the end of the pump", done)
		r.Body.Resume()
		reply(w, 200, "first")
		close(sent)
	})
	c := connect(t, s)
	c.say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 30000\r\n\r\nhello")
	await(t, "the answer", sent)
	c.ok("first")
	c.say(lettered(30000 - 5))
	c.say("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
	c.ok("second")
}
