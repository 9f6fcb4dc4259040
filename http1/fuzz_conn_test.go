package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/message"
)

// The fuzz targets hold whole connections against net/http. It is more
// lenient, so there is nothing to say about what it accepts and we refuse;
// but as long as both accept, both must see the same messages.

// seen is one request as a handler saw it, its body included.
type seen struct{ method, target, host, body string }

// FuzzServerConn gives both servers the same bytes, ours in pieces, with a
// handler that answers and notes what it saw. After the first message that
// either refuses there is nothing to compare.
func FuzzServerConn(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), uint16(7), false)
	in, _ := sequence(11)
	f.Add([]byte(in), uint16(1000), false)
	f.Add([]byte(in), uint16(3), true)
	f.Fuzz(func(t *testing.T, in []byte, step uint16, pump bool) {
		ours, out := oursSees(t, in, 1+int(step), pump)
		theirs := theirsSees(t, in)
		for i := range min(len(ours), len(theirs)) {
			a, b := ours[i], theirs[i]
			a.host, b.host = strings.ToLower(a.host), strings.ToLower(b.host)
			if b.target = originForm(b.method, b.target); a != b {
				t.Fatalf("request %d: got %+v, net/http %+v", i, a, b)
			}
		}
		checkAnswers(t, ours, out)
	})
}

// oursSees serves in and returns the requests that were whole, and all that
// the client got.
func oursSees(t *testing.T, in []byte, step int, pump bool) (all []seen, out []byte) {
	s := newServer(func(r *message.Request, w message.ResponseWriter) {
		if r.Refused != nil {
			reply(w, r.Refused.Status(), "")
			return
		}
		if strings.HasSuffix(string(r.Target), "/lazy") {
			all = append(all, seen{string(r.Method), string(r.Target), string(r.Authority), ""})
			reply(w, 200, "")
			return
		}
		var body string
		var err error
		read := func() { body, err = slurp(r.Body) }
		if pump {
			var reading sync.WaitGroup
			reading.Go(read)
			reading.Wait()
		} else {
			read()
		}
		if err != nil {
			w.Abort(nil)
			return
		}
		all = append(all, seen{string(r.Method), string(r.Target), string(r.Authority), body})
		w.Start(&message.Response{Status: 200, Length: -1})
		w.Write([]byte(body))
		w.Finish(nil)
	})
	c := play(t, s, segments(string(in), step)...)
	return all, c.out.Bytes()
}

// theirsSees has net/http serve in.
func theirsSees(t *testing.T, in []byte) (all []seen) {
	ln := &oneListener{conn: &scriptUpstream{in: [][]byte{in}, after: io.EOF}, done: make(chan struct{})}
	if len(in) == 0 {
		ln.conn.in = nil
	}
	s := http.Server{DisableGeneralOptionsHandler: true, MaxHeaderBytes: 1 << 20, ErrorLog: log.New(io.Discard, "", 0)}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(originForm(r.Method, r.RequestURI), "/lazy") {
			all = append(all, seen{r.Method, r.RequestURI, r.Host, ""})
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		all = append(all, seen{r.Method, r.RequestURI, r.Host, string(body)})
	})
	s.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed || state == http.StateHijacked {
			close(ln.done)
		}
	}
	s.Serve(ln)
	return all
}

// oneListener accepts one connection, and ends when that has ended.
type oneListener struct {
	conn *scriptUpstream
	once sync.Once
	done chan struct{}
}

func (l *oneListener) Accept() (c net.Conn, err error) {
	l.once.Do(func() { c = l.conn })
	if c != nil {
		return c, nil
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-l.done:
	case <-timer.C:
		panic("net/http does not end the connection")
	}
	return nil, net.ErrClosed
}

func (l *oneListener) Close() error   { return nil }
func (l *oneListener) Addr() net.Addr { return &net.TCPAddr{} }

// checkAnswers holds what the client got against what was seen: as many whole
// answers as requests, in their order, each with its request's body.
func checkAnswers(t *testing.T, requests []seen, out []byte) {
	r := bufio.NewReader(bytes.NewReader(out))
	for i, request := range requests {
		resp, err := http.ReadResponse(r, &http.Request{Method: request.method})
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		body, err := io.ReadAll(resp.Body)
		if want := request.body; err != nil || request.method != "HEAD" && string(body) != want {
			t.Fatalf("answer %d to %+v: got %q, %v", i, request, body, err)
		}
	}
	if resp, err := http.ReadResponse(r, nil); err == nil && (resp.StatusCode < 400 || !resp.Close) {
		t.Fatalf("an answer to nothing: %v", resp)
	}
	if rest, _ := io.ReadAll(r); len(rest) > 0 {
		t.Fatalf("bytes behind the last answer: %q", rest)
	}
}

// FuzzClientConn gives both clients the same bytes as an upstream's.
func FuzzClientConn(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), uint16(9), uint8(0))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n"), uint16(99), uint8(0))
	f.Add([]byte("HTTP/1.1 304 Not Modified\r\n\r\n"), uint16(9), uint8(1))
	f.Fuzz(func(t *testing.T, in []byte, step uint16, choice uint8) {
		method := [...]string{"GET", "HEAD", "POST"}[choice%3]
		c, u := upstreamSaying(segments(string(in), 1+int(step))...)
		got := exchange(t, c, get(method))
		if got.failure != nil && (got.reusable || got.failure.Party != message.PartyUpstream) {
			t.Fatalf("got %+v", got)
		}
		if got.reusable && got.failure != nil {
			t.Fatalf("a connection that failed is to be used again: %+v", got)
		}
		if len(got.interim) > maxInterim {
			t.Fatalf("%d interim responses", len(got.interim))
		}
		compareExchange(t, in, method, got, len(bytes.Join(u.in, nil)))
	})
}

// compareExchange holds got against net/http on in, of which left bytes were
// not read.
func compareExchange(t *testing.T, in []byte, method string, got outcome, left int) {
	r := bufio.NewReader(bytes.NewReader(in))
	var theirs *http.Response
	for i := 0; ; i++ {
		var err error
		if theirs, err = http.ReadResponse(r, &http.Request{Method: method}); err != nil {
			return
		}
		if theirs.StatusCode >= 200 || theirs.StatusCode == 101 {
			if got.failure == nil && i != len(got.interim) {
				t.Fatalf("got %d interim responses, net/http %d", len(got.interim), i)
			}
			break
		}
		if i < len(got.interim) && got.interim[i] != theirs.StatusCode {
			t.Fatalf("interim %d: got %d, net/http %d", i, got.interim[i], theirs.StatusCode)
		}
	}
	if got.status == 0 {
		return // refused
	}
	body, err := io.ReadAll(theirs.Body)
	if got.status != theirs.StatusCode {
		t.Fatalf("got %d, net/http %d", got.status, theirs.StatusCode)
	}
	if n := min(len(body), len(got.body)); string(body[:n]) != got.body[:n] {
		t.Fatalf("got body %q, net/http %q", got.body, body)
	}
	switch {
	case err == nil && got.failure == nil && string(body) != got.body:
		t.Fatalf("got body %q, net/http %q", got.body, body)
	case err != nil && got.failure == nil && errors.Is(err, io.ErrUnexpectedEOF):
		t.Fatalf("net/http: the body is cut short (%v); we take it for whole: %q", err, got.body)
	}
	if rest, _ := io.ReadAll(r); got.reusable && err == nil && (theirs.Close || len(rest) > left) {
		t.Fatalf("to be used again; net/http: close %v, %q left over", theirs.Close, rest)
	}
}

// A corpus that was lost would pass as one that finds nothing.
func TestFuzzConnSeedsAreThere(t *testing.T) {
	for _, target := range []string{"FuzzServerConn", "FuzzClientConn"} {
		files, err := filepath.Glob(filepath.Join("testdata", "fuzz", target, "*"))
		if err != nil || len(files) < 30 {
			t.Errorf("%s: %d seeds, want at least 30 (%v)", target, len(files), err)
		}
		if slices.ContainsFunc(files, func(file string) bool {
			seed, err := os.ReadFile(file)
			return err != nil || !bytes.HasPrefix(seed, []byte("go test fuzz v1\n[]byte(")) || bytes.Contains(seed, []byte(`[]byte("")`))
		}) {
			t.Errorf("%s has a seed that is none", target)
		}
	}
}
