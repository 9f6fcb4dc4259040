package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"sluice/upstream"
)

// visit is one request at an origin. Its head has been read, its body not.
type visit struct {
	*http.Request
	number int // of the origin's requests, from 1
	conn   net.Conn
	origin *origin
}

// say writes to the proxy and reports whether that worked.
func (v *visit) say(text string) bool {
	_, err := io.WriteString(v.conn, text)
	return err == nil
}

// answer writes a whole response.
func (v *visit) answer(status int, body string) bool {
	return v.say(fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body))
}

// content reads the body to its end.
func (v *visit) content() (string, error) {
	b, err := io.ReadAll(v.Body)
	return string(b), err
}

// untilGone returns when the proxy has closed the connection.
func (v *visit) untilGone() { io.Copy(io.Discard, v.conn) }

// reset closes the connection rudely.
func (v *visit) reset() {
	v.conn.(*net.TCPConn).SetLinger(0)
	v.conn.Close()
}

// script is how an origin deals with a request. It reports whether the
// connection lives on.
type script func(v *visit) (keep bool)

// always answers 200 with text.
func always(text string) script {
	return func(v *visit) bool {
		v.content()
		return v.answer(200, text)
	}
}

// origin is a loopback upstream that plays a script.
type origin struct {
	net.Listener
	play     script
	visits   atomic.Int64
	accepted atomic.Int64

	mu    sync.Mutex
	conns map[net.Conn]bool
	ended sync.WaitGroup
}

func newOrigin(t testing.TB, play script) *origin {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &origin{Listener: l, play: play, conns: map[net.Conn]bool{}}
	o.ended.Go(o.accept)
	t.Cleanup(o.stop)
	return o
}

func (o *origin) accept() {
	for {
		c, err := o.Accept()
		if err != nil {
			return
		}
		o.accepted.Add(1)
		o.mu.Lock()
		o.conns[c] = true
		o.mu.Unlock()
		o.ended.Go(func() { o.serve(c) })
	}
}

func (o *origin) serve(c net.Conn) {
	defer func() {
		c.Close()
		o.mu.Lock()
		delete(o.conns, c)
		o.mu.Unlock()
	}()
	r := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if !o.play(&visit{req, int(o.visits.Add(1)), c, o}) {
			return
		}
	}
}

// drop closes all connections, as a restart does.
func (o *origin) drop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for c := range o.conns {
		c.Close()
	}
}

// open reports how many connections there are.
func (o *origin) open() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.conns)
}

func (o *origin) stop() {
	o.Close()
	o.drop()
	o.ended.Wait()
}

func serverAt(address string) upstream.Server {
	a := netip.MustParseAddrPort(address)
	return upstream.Server{Addr: a}
}

// refusing returns the address of a port that is taken and not listened on: it
// refuses, and nobody else can get it.
func refusing(t testing.TB) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(fd)
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", sa.(*syscall.SockaddrInet4).Port)
}

// newPool returns a Pool that runs until the test ends and then must hold no
// connection.
func newPool(t testing.TB, c upstream.Config, addresses ...string) *upstream.Pool {
	t.Helper()
	c.Name = "app"
	for _, a := range addresses {
		c.Servers = append(c.Servers, serverAt(a))
	}
	if c.Settings.ConnectTimeout == 0 {
		c.Settings.ConnectTimeout = patience // on a busy machine even loopback may take a while
	}
	if c.RetryOn == nil {
		c.RetryOn = []int{502, 503, 504}
	}
	c.Settings.SlowStart = -1
	fleet := upstream.NewFleet(nil)
	p, err := fleet.NewPool(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		fleet.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		for _, u := range p.Stats().Upstreams {
			if u.InFlight != 0 {
				t.Errorf("%s: %d connections were not given back", u.Address, u.InFlight)
			}
		}
	})
	return p
}

// poolAsking is a Pool of two origins that asks this one first.
func poolAsking(t testing.TB, c upstream.Config, first, second *origin) *upstream.Pool {
	t.Helper()
	// The first turn of a round is the second one's.
	return newPool(t, c, second.Addr().String(), first.Addr().String())
}

// poolOf is a Pool of origins.
func poolOf(t testing.TB, c upstream.Config, origins ...*origin) *upstream.Pool {
	t.Helper()
	var addresses []string
	for _, o := range origins {
		addresses = append(addresses, o.Addr().String())
	}
	return newPool(t, c, addresses...)
}

// fieldsText is what an origin received, sorted by nothing: as net/http has it.
func fieldsText(h http.Header, name string) string { return strings.Join(h.Values(name), " | ") }
