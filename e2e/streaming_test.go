package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// "Bodies stream both ways as they come" (design.md section 6): an event is
// not kept back for the next one.
func TestEventsPassAtOnce(t *testing.T) {
	t.Parallel()
	const events = 20
	confirmed := make(chan int)
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range events {
			fmt.Fprintf(w, "data: %d\n\n", i)
			w.(http.Flusher).Flush()
			select { // the next event waits for the client to have this one
			case <-confirmed:
			case <-r.Context().Done():
				return
			}
		}
	})
	s := start(t, setup{upstreams: []string{up.address}})
	resp, err := s.client().Do(request(t, "GET", secure+"/", nil, "Accept: text/event-stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for i := range events {
		if !lines.Scan() || lines.Text() != fmt.Sprintf("data: %d", i) || !lines.Scan() {
			t.Fatalf("event %d: %q, error %v", i, lines.Text(), lines.Err())
		}
		confirmed <- i
	}
	if lines.Scan() {
		t.Errorf("after the last event: %q", lines.Text())
	}
}

// "Bodies stream both ways as they come, with bounded buffers; full duplex"
// (design.md section 6).
func TestFullDuplex(t *testing.T) {
	t.Parallel()
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if err := control.EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		w.WriteHeader(200)
		control.Flush()
		piece := make([]byte, 64<<10)
		for {
			n, err := r.Body.Read(piece)
			w.Write(piece[:n])
			control.Flush()
			if err != nil {
				return
			}
		}
	})
	s := start(t, setup{upstreams: []string{up.address}})
	body, pieces := io.Pipe()
	defer pieces.Close()
	resp, err := s.client().Do(request(t, "POST", secure+"/", body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for _, size := range []int{1, 10, 1000, 20_000, 1, 100_000} {
		piece := bytes.Repeat([]byte{byte(size)}, size)
		if _, err := pieces.Write(piece); err != nil {
			t.Fatal(err)
		}
		echo := make([]byte, size)
		if _, err := io.ReadFull(resp.Body, echo); err != nil || !bytes.Equal(echo, piece) {
			t.Fatalf("echo of %d bytes: error %v, alike %v", size, err, bytes.Equal(echo, piece))
		}
	}
	pieces.Close()
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 {
		t.Errorf("at the end: %d bytes, error %v", len(rest), err)
	}
}

// A response that comes before the request's body has ended passes, and the
// body that nobody wants is not read for ever.
func TestAnswerBeforeTheBodyHasEnded(t *testing.T) {
	t.Parallel()
	up := script(t, func(c scripted) {
		if _, err := http.ReadRequest(c.r); err != nil {
			return
		}
		c.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n")
		c.gone()
	})
	s := start(t, setup{upstreams: []string{up}})
	c := s.dialTLS(t)
	c.send("POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: 100000000\r\n\r\nsome", host)
	if a := c.answer(); a.StatusCode != 413 || a.body != "no\n" {
		t.Errorf("%d %q", a.StatusCode, a.body)
	}
	c.wantEnd()
}
