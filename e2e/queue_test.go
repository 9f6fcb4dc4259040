package e2e

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// fullPool starts a Sluice whose Pool has one place, which is taken until
// release is closed and the test has ended.
func fullPool(t *testing.T) (s *sluice, up *origin, release chan struct{}) {
	t.Helper()
	up, asked, release := thinker(t)
	s = start(t, setup{server: withAdmin + trustUs, upstreams: []string{up.address},
		pool: "max_concurrency = 1\nqueue_timeout = \"1m\""})
	c := newCrowd(t, s)
	var taken sync.WaitGroup
	taken.Go(func() { c.ask("10.0.0.1", "/think") })
	t.Cleanup(taken.Wait)
	receive(t, "a request at the upstream", asked)
	return s, up, release
}

// queued waits until so many wait for a place.
func (s *sluice) queued(t *testing.T, n float64) {
	t.Helper()
	eventually(t, patience, "as many as expected wait", func() bool { return s.metric(t, poolMetric("queued")) == n })
}

// "A client that goes away while queued leaves the queue at once"
func TestClientLeavesTheQueue(t *testing.T) {
	t.Parallel()
	s, up, release := fullPool(t)
	defer close(release)
	t.Run("HTTP/1.1", func(t *testing.T) {
		c := s.dial(t)
		c.get("/gone/1")
		s.queued(t, 1)
		c.conn.Close()
		s.queued(t, 0)
		wantLeft(t, s, "/gone/1")
	})
	t.Run("TLS", func(t *testing.T) {
		c := s.dialTLS(t)
		c.get("/gone/tls")
		s.queued(t, 1)
		c.conn.Close()
		s.queued(t, 0)
		wantLeft(t, s, "/gone/tls")
	})
	t.Run("HTTP/2", func(t *testing.T) {
		config := s.tls()
		config.NextProtos = []string{"h2"}
		client := s.clientBy(config)
		client.Transport.(*http.Transport).ForceAttemptHTTP2 = true
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error, 1)
		go func() {
			resp, err := client.Do(request(t, "GET", secure+"/gone/2", nil).WithContext(ctx))
			if err == nil {
				resp.Body.Close()
			}
			ended <- err
		}()
		s.queued(t, 1)
		cancel()
		if err := receive(t, "the request's end", ended); err == nil {
			t.Error("there was an answer")
		}
		s.queued(t, 0)
		wantLeft(t, s, "/gone/2")
	})
	for _, asked := range up.seen() {
		if asked != "GET /think" {
			t.Errorf("the upstream was asked %q", asked)
		}
	}
}

// wantLeft wants the log to say that a client left the queue.
func wantLeft(t *testing.T, s *sluice, path string) {
	t.Helper()
	if l := s.line(t, path); l.Cause != "client_gone" || l.Phase != "queue" || l.Who != "client" || l.Upstream != "" {
		t.Errorf("the access log says %+v", l)
	}
}

// Many who leave at once leave nothing behind, and those who stay are served.
func TestManyLeaveTheQueue(t *testing.T) {
	t.Parallel()
	s, _, release := fullPool(t)
	c := newCrowd(t, s)
	answers := make(chan got)
	stay := func() { go func() { answers <- c.ask("10.0.0.2", "/stays") }() }
	stay()
	s.queued(t, 1)
	var leaving []*rawClient
	for range 60 {
		r := s.dial(t)
		r.get("/leaves")
		leaving = append(leaving, r)
	}
	s.queued(t, 61)
	stay()
	s.queued(t, 62)
	for _, r := range leaving {
		scripted{Conn: r.conn}.reset()
	}
	s.queued(t, 2)
	close(release)
	for range 2 {
		if g := receive(t, "an answer", answers); !g.ok() {
			t.Errorf("status %d, %v", g.status, g.err)
		}
	}
	eventually(t, patience, "all places are free", func() bool { return s.metric(t, poolMetric("in_flight")) == 0 })
}

// streamer starts an upstream with event streams that go on until the client
// leaves, WebSockets, and long polls that are not answered until then.
func streamer(t *testing.T) *origin {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			io.WriteString(w, "data: hello\n\n")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "/poll/":
			<-r.Context().Done()
		case "/ws":
			echo(w, r)
		default:
			io.WriteString(w, "ok")
		}
	})
}

// "Event streams and WebSockets are noticed without it", "streams: answers may
// take their time on purpose, as long polls do. They hold no place of the
// Pool's max_concurrency" (docs/configuration.md).
func TestStreamsHoldNoPlaces(t *testing.T) {
	t.Parallel()
	up := streamer(t)
	s := start(t, setup{server: withAdmin + trustUs, upstreams: []string{up.address}, pool: "max_concurrency = 2",
		site: "[[site.route]]\npath = \"/poll/\"\nstreams = true"})
	for range 10 {
		c := s.dial(t)
		c.get("/events")
		if resp := c.head("GET"); resp.StatusCode != 200 {
			t.Fatalf("an event stream: status %d", resp.StatusCode)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	client := s.client()
	client.Timeout = 0 // the library forbids one: the context bounds it
	var sockets []*websocket.Conn
	for range 5 {
		ws, _, err := websocket.Dial(ctx, "wss://"+host+"/ws", &websocket.DialOptions{HTTPClient: client})
		if err != nil {
			t.Fatalf("a WebSocket: %v", err)
		}
		defer ws.CloseNow()
		sockets = append(sockets, ws)
	}
	for range 5 {
		s.dial(t).get("/poll/")
	}
	eventually(t, patience, "the long polls are at the upstream", func() bool { return up.count() == 20 })
	if n := s.metric(t, poolMetric("in_flight")); n != 0 {
		t.Errorf("%v places are taken, want none", n)
	}
	c := newCrowd(t, s)
	for range 5 {
		if g := c.ask("10.0.0.1", "/"); !g.ok() || g.took > patience/2 {
			t.Errorf("beside the streams: status %d, %v, after %v", g.status, g.err, g.took)
		}
	}
	for _, ws := range sockets { // they go on
		if err := ws.Write(ctx, websocket.MessageText, []byte("still there")); err != nil {
			t.Error(err)
		} else if _, text, err := ws.Read(ctx); err != nil || string(text) != "STILL THERE" {
			t.Errorf("%q, %v", text, err)
		}
	}
}

// A place is held to the end of a response that is not a stream.
func TestLongAnswersHoldTheirPlaces(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			io.WriteString(w, "the beginning")
			w.(http.Flusher).Flush()
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
	})
	s := start(t, setup{server: withAdmin + trustUs, upstreams: []string{up.address}, pool: "max_concurrency = 1\nqueue_timeout = \"1m\""})
	long := s.dial(t)
	long.get("/long")
	long.head("GET")
	if n := s.metric(t, poolMetric("in_flight")); n != 1 {
		t.Errorf("%v places are taken, want 1", n)
	}
	answers, c := make(chan got, 1), newCrowd(t, s)
	go func() { answers <- c.ask("10.0.0.1", "/") }()
	s.queued(t, 1)
	close(release)
	if g := receive(t, "an answer", answers); !g.ok() {
		t.Errorf("status %d, %v", g.status, g.err)
	}
}
