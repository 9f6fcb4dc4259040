package server

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// keptAlive asks once more on a connection that stays open.
func keptAlive(t testing.TB, c net.Conn) string {
	t.Helper()
	c.SetDeadline(time.Now().Add(patience)) // for this once, however long c lives
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n"); err != nil {
		return err.Error()
	}
	head := readHead(c)
	body := make([]byte, len("hello"))
	if _, err := io.ReadFull(c, body); err != nil {
		return err.Error()
	}
	if strings.Contains(head, "Connection: close") {
		return "the connection is to be closed"
	}
	return string(body)
}

// "a changed http/https/admin address is bound BEFORE the swap, the old one stops
// accepting after it; connections on it live on".
func TestAListenerThatMovesKeepsItsConnections(t *testing.T) {
	text := plainSite(app(t, answering(hello)))
	s := byFile(t, "", text)
	old, oldAdmin := s.HTTP().String(), s.Admin().String()
	c := dial(t, s.HTTP())
	if got := keptAlive(t, c); got != "hello" {
		t.Fatal(got)
	}
	done := s.reloads("http = \"127.0.0.2:0\"\nadmin = \"127.0.0.3:0\"", text)
	want := "server.http: listens on 127.0.0.2:0, no longer on 127.0.0.1:0|server.admin: listens on 127.0.0.3:0, no longer on 127.0.0.1:0"
	if got := strings.Join(done.Changes, "|"); got != want {
		t.Errorf("changes %q", got)
	}
	s.works("by the new address")
	if !strings.HasPrefix(s.HTTP().String(), "127.0.0.2:") {
		t.Errorf("listens on %s", s.HTTP())
	}
	if got := keptAlive(t, c); got != "hello" {
		t.Errorf("the old connection: %s", got)
	}
	if late, err := net.Dial("tcp", old); err == nil {
		late.Close()
		t.Error("the old address still accepts")
	}
	until(t, "the old admin address is closed", func() bool {
		late, err := net.Dial("tcp", oldAdmin)
		if err == nil {
			late.Close()
		}
		return err != nil
	})
	// What both doors have counted is one counter.
	shows(t, s.running, `sluice_connections_accepted_total{listener="http"} 2`)
	if err := s.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if got := keptAlive(t, c); got == "hello" {
		t.Error("the drain has left the old connection alone")
	}
}

// What is decided for connections holds for new ones; those that are open go on
// as they began, on the same socket.
func TestNewConnectionsHaveNewSettings(t *testing.T) {
	text := plainSite(app(t, answering(hello)))
	s := byFile(t, "", text)
	address := s.HTTP().String()
	c := dial(t, s.HTTP())
	if got := keptAlive(t, c); got != "hello" {
		t.Fatal(got)
	}
	long := "GET / HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\nX-Long: " + strings.Repeat("x", 2000) + "\r\n\r\n"
	s.reloads(`max_header = "1KiB"`, text)
	if s.HTTP().String() != address {
		t.Errorf("listens on %s, was on %s", s.HTTP(), address)
	}
	if got := ask(t, s.HTTP(), long); !strings.HasPrefix(got, "HTTP/1.1 431 ") {
		t.Errorf("a new connection: %.40q", got)
	}
	if _, err := io.WriteString(c, long); err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(c); !strings.HasSuffix(string(got), "hello") {
		t.Errorf("the old connection: %.40q", got)
	}
	s.reloads("proxy_protocol = true\ntrusted_proxies = [\"127.0.0.0/8\"]", text)
	if got := ask(t, s.HTTP(), "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"+get); !strings.HasSuffix(got, "hello") {
		t.Errorf("with a PROXY header: %.40q", got)
	}
}

// Two Listeners may change places: the sockets stay bound.
func TestListenersChangePlaces(t *testing.T) {
	a, b := freePort(t), freePort(t)
	text := bothSite(app(t, answering(hello)))
	s := byFile(t, fmt.Sprintf("http = %q\nhttps = %q", a, b), text)
	s.reloads(fmt.Sprintf("http = %q\nhttps = %q", b, a), text)
	if s.HTTP().String() != b || s.HTTPS().String() != a {
		t.Fatalf("http %s, https %s", s.HTTP(), s.HTTPS())
	}
	s.works("by the port that was https")
	if state := dialTLS(t, s.running, "shop.example.com").ConnectionState(); state.Version == 0 {
		t.Error("no TLS by the port that was http")
	}
	s.write(fmt.Sprintf("http = %q\nhttps = \"\"\nadmin = %q", b, a), plainSite("127.0.0.1:1"))
	if _, err := s.Reload(s.ctx); err == nil || !strings.Contains(err.Error(), "Sluice itself has that port") {
		t.Errorf("admin on the port of https: %v", err)
	}
}

// freePort returns an address that was free just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// The answer to a reload comes, also by an admin server that the reload ends.
func TestReloadByTheAdminServer(t *testing.T) {
	text := plainSite(app(t, answering(hello)))
	s := byFile(t, "", text)
	url := "http://" + s.Admin().String() + "/reload"
	s.write(`admin = "127.0.0.2:0"`, text)
	status, said := act(t, url, "")
	if status != 200 || !strings.Contains(said, `"server.admin: listens on 127.0.0.2:0, no longer on 127.0.0.1:0"`) {
		t.Fatalf("%d %s", status, said)
	}
	s.write(`admin = "127.0.0.2:0"`, strings.Replace(text, "tls =", "tsl =", 1))
	status, said = act(t, "http://"+s.Admin().String()+"/reload", "")
	if status != 409 || !strings.Contains(said, `"error": "`) || !strings.Contains(said, "site.tsl: unknown key") {
		t.Errorf("%d %s", status, said)
	}
	s.works("after both")
	s.stop()
	if _, err := s.Reload(s.ctx); err == nil || !strings.Contains(err.Error(), "ending") {
		t.Errorf("after the end: %v", err)
	}
}

// "Under steady load: 0 failed requests": with all that a reload can change
// changing while requests come on new connections and on old ones.
func TestReloadsUnderLoadFailNothing(t *testing.T) {
	up, other := app(t, answering(hello)), app(t, answering(hello))
	texts := [2]string{
		oneSite("shop.example.com", "main", "") + pool("main", up),
		oneSite("shop.example.com", "new", "[site.waiting_room]\nrate = \"100000/s\"\n") + oneSite("www.example.com", "main", "") +
			pool("main", other) + pool("new", up+"\", \""+other),
	}
	mores := [2]string{"", "header_timeout = \"9s\"\nmax_header = \"16KiB\""}
	s := byFile(t, "", texts[0])
	address := s.HTTP()
	var ended atomic.Bool
	var load sync.WaitGroup
	var asked atomic.Int64
	for range 4 {
		load.Go(func() {
			for !ended.Load() {
				if got := ask(t, address, get); !strings.HasSuffix(got, "hello") {
					t.Errorf("a new connection got %.200q", got)
					return
				}
				asked.Add(1)
			}
		})
		load.Go(func() {
			c := dial(t, address)
			for !ended.Load() {
				if got := keptAlive(t, c); got != "hello" {
					t.Errorf("an old connection got %.200q", got)
					return
				}
				asked.Add(1)
			}
		})
	}
	load.Go(func() {
		for !ended.Load() {
			fetch(t, http.DefaultClient, "http://"+s.Admin().String()+"/metrics")
		}
	})
	for i := range 30 {
		s.reloads(mores[i%2], texts[i%2])
		before := asked.Load()
		until(t, "requests", func() bool { return t.Failed() || asked.Load() > before+8 })
	}
	ended.Store(true)
	load.Wait()
}
