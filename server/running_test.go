package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/config"
	"sluice/handover"
)

// diary is where the Server tells what happens.
type diary struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.buf.Write(p)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.buf.String()
}

func (d *diary) has(text string) bool { return strings.Contains(d.String(), text) }

// running is a Server with its logs.
type running struct {
	*Server
	t      testing.TB
	diary  *diary
	access string // path
	ctx    context.Context
	cancel func()
	ended  chan error
}

// listening returns a Server that listens and doesn't serve yet. text is a
// config without [server] and [log]; more stands under [server].
func listening(t testing.TB, more, text string) *running {
	t.Helper()
	return listeningBy(t, handover.Manager{}, more, text)
}

// listeningBy is listening of a Server that a service manager has started.
func listeningBy(t testing.TB, m handover.Manager, more, text string) *running {
	t.Helper()
	r := &running{t: t, diary: &diary{}, access: filepath.Join(t.TempDir(), "access.log")}
	if !strings.Contains(more, "http ") {
		more += "\nhttp = \"127.0.0.1:0\""
	}
	if !strings.Contains(more, "https ") {
		more += "\nhttps = \"127.0.0.1:0\""
	}
	if !strings.Contains(more, "admin ") {
		more += "\nadmin = \"127.0.0.1:0\""
	}
	if !strings.Contains(more, "state_dir ") { // nobody else's
		more += "\nstate_dir = \"\""
	}
	cfg, err := config.Parse("test.toml", []byte("[server]\n"+more+"\n[log]\naccess = \""+r.access+"\"\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	if r.Server, err = New(cfg, slog.New(slog.NewTextHandler(r.diary, nil))); err != nil {
		t.Fatal(err)
	}
	if err := r.StartedBy(m); err != nil {
		t.Fatal(err)
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	if err := r.Listen(r.ctx); err != nil {
		t.Fatal(err)
	}
	return r
}

// run starts serving; the test's end stops it.
func (r *running) run() *running {
	r.ended = make(chan error, 1)
	go func() { r.ended <- r.Run(r.ctx) }()
	r.t.Cleanup(func() { r.stop() })
	return r
}

// stop ends it and returns Run's error. The second time it does nothing.
func (r *running) stop() error {
	r.t.Helper()
	r.cancel()
	if r.ended == nil {
		return nil
	}
	err := within(r.t, "the end of Run", r.ended)
	r.ended = nil
	return err
}

// serving is a Server at work.
func serving(t testing.TB, more, text string) *running {
	t.Helper()
	return listening(t, more, text).run()
}

// logged returns the lines of the access log. The Server has been stopped.
func (r *running) logged() (lines []map[string]any) {
	r.t.Helper()
	data, err := os.ReadFile(r.access)
	if err != nil {
		r.t.Fatal(err)
	}
	for l := range strings.Lines(string(data)) {
		var line map[string]any
		if err := json.Unmarshal([]byte(l), &line); err != nil {
			r.t.Fatalf("not a line: %v\n%s", err, l)
		}
		lines = append(lines, line)
	}
	return lines
}

// dial connects to an address of the Server.
func dial(t testing.TB, a net.Addr) net.Conn {
	t.Helper()
	c, err := net.DialTimeout("tcp", a.String(), patience)
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { c.Close() })
	return c
}

// ask writes a request and returns all that comes until the connection ends.
func ask(t testing.TB, a net.Addr, request string) string {
	t.Helper()
	c := dial(t, a)
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(c) // a reset is an end, too
	return string(answer)
}

// app is an upstream with a handler for each connection that it accepts.
func app(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return l.Addr().String()
}

// readHead reads up to an empty line.
func readHead(c net.Conn) string {
	var head []byte
	for b := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); {
		if _, err := c.Read(b); err != nil {
			return ""
		}
		head = append(head, b[0])
	}
	return string(head)
}

// answering serves every request on a connection with this response.
func answering(response string) func(net.Conn) {
	return func(c net.Conn) {
		for readHead(c) != "" {
			io.WriteString(c, response)
		}
	}
}

const hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

// plainSite is a config with one Site in plain, whose Pool is called main.
func plainSite(upstream string) string {
	return `
[[site]]
hosts = ["shop.example.com"]
tls = "off"
upstream = "main"
` + pool("main", upstream)
}

// pool is a Pool of one Upstream. Its connect timeout is long: on a busy
// machine even loopback may take a while.
func pool(name, upstream string) string {
	return "[upstream." + name + "]\nservers = [\"" + upstream + "\"]\nconnect_timeout = \"20s\"\n"
}

const get = "GET / HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n"
