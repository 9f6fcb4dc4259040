package upstream

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sluice/message"
)

// "HTTP (path, method, Host, expected statuses and optional body substring),
// TCP connect, or TLS"
func TestChecks(t *testing.T) {
	var asked atomic.Pointer[http.Request]
	web := func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Clone(context.Background()))
		switch r.URL.Path {
		case "/503":
			w.WriteHeader(503)
		case "/302":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		case "/slow":
			<-r.Context().Done()
		case "/cut":
			w.Header().Set("Content-Length", "10")
			w.Write([]byte("half"))
		case "/endless":
			for _, err := w.Write([]byte(strings.Repeat("x", 4096))); err == nil; _, err = w.Write([]byte(strings.Repeat("x", 4096))) {
			}
		default:
			fmt.Fprint(w, "all is ok here")
		}
	}
	plain := httptest.NewServer(http.HandlerFunc(web))
	defer plain.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(web))
	defer secure.Close()
	dead := refusing(t)
	for _, tt := range []struct {
		name  string
		at    string
		check Check
		cause message.Cause // none: it passes
	}{
		{"http", plain.URL, Check{Kind: CheckHTTP, Path: "/healthz?deep=1", Host: "shop.example.com"}, message.CauseNone},
		{"a status that is not good", plain.URL, Check{Kind: CheckHTTP, Path: "/503"}, message.CauseResponseInvalid},
		{"one that was made good", plain.URL, Check{Kind: CheckHTTP, Path: "/503", From: 503, To: 503}, message.CauseNone},
		{"a redirect is not followed", plain.URL, Check{Kind: CheckHTTP, Path: "/302", From: 302, To: 302}, message.CauseNone},
		{"the body has it", plain.URL, Check{Kind: CheckHTTP, Body: "is ok"}, message.CauseNone},
		{"the body has it not", plain.URL, Check{Kind: CheckHTTP, Body: "fine"}, message.CauseResponseInvalid},
		{"not in 64 KiB of an endless body", plain.URL, Check{Kind: CheckHTTP, Path: "/endless", Body: "fine"}, message.CauseResponseInvalid},
		{"a body that breaks off", plain.URL, Check{Kind: CheckHTTP, Path: "/cut", Body: "fine"}, message.CauseConnectionTerminated},
		{"HEAD", plain.URL, Check{Kind: CheckHTTP, Method: "HEAD"}, message.CauseNone},
		{"too slow", plain.URL, Check{Kind: CheckHTTP, Path: "/slow", Timeout: time.Second}, message.CauseConnectionReadTimeout},
		{"it speaks TLS, not HTTP", secure.URL, Check{Kind: CheckHTTP}, message.CauseResponseInvalid},
		{"tls", secure.URL, Check{Kind: CheckTLS}, message.CauseNone},
		{"it speaks no TLS", plain.URL, Check{Kind: CheckTLS}, message.CauseResponseInvalid},
		{"tcp", plain.URL, Check{Kind: CheckTCP}, message.CauseNone},
		{"nobody there", "http://" + dead.Addr.String(), Check{Kind: CheckHTTP}, message.CauseConnectionRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.check.Timeout == 0 {
				tt.check.Timeout = 5 * time.Second
			}
			_, address, _ := strings.Cut(tt.at, "://")
			p := newTestPool(t, Config{Servers: []Server{{Addr: netip.MustParseAddrPort(address)}}, Settings: Settings{Check: tt.check}})
			f := ups(p)[0].ask(t.Context())
			switch {
			case f == nil && tt.cause != message.CauseNone:
				t.Error("it passed")
			case f != nil && (f.Cause != tt.cause || f.Party != message.PartyUpstream):
				t.Errorf("got %v", f)
			}
		})
	}
	r := asked.Load()
	if r == nil {
		t.Fatal("nobody was asked")
	}
}

// "the check sends the Site's public Host", and says who asks.
func TestWhatACheckSends(t *testing.T) {
	got := make(chan *http.Request, 2)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got <- r.Clone(context.Background()) }))
	defer s.Close()
	addr := netip.MustParseAddrPort(s.Listener.Addr().String())
	for _, tt := range []struct{ name, host, want string }{
		{"", "shop.example.com", "shop.example.com"},
		{"", "", addr.String()},
		{"app.internal", "", fmt.Sprintf("app.internal:%d", addr.Port())},
	} {
		p := newTestPool(t, Config{Servers: []Server{{Addr: addr, Name: tt.name}},
			Settings: Settings{Check: Check{Kind: CheckHTTP, Path: "/healthz?a=b", Host: tt.host, Timeout: 5 * time.Second}}})
		if f := ups(p)[0].ask(t.Context()); f != nil {
			t.Fatal(f)
		}
		r := <-got
		if r.Host != tt.want || r.RequestURI != "/healthz?a=b" || r.UserAgent() != "sluice-health" || r.Method != "GET" {
			t.Errorf("%s %s for %s by %s, want Host %s", r.Method, r.RequestURI, r.Host, r.UserAgent(), tt.want)
		}
	}
}

// The whole of it: a check takes one out that still accepts connections, and
// brings it back within an interval.
func TestChecksTakeOutAndBringBack(t *testing.T) {
	var sick atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if sick.Load() {
			w.WriteHeader(500)
		}
	}))
	defer s.Close()
	const interval = 50 * time.Millisecond
	check := Check{Kind: CheckHTTP, Interval: interval, Timeout: 2 * time.Second}
	p := newTestPool(t, Config{Servers: []Server{{Addr: netip.MustParseAddrPort(s.Listener.Addr().String())}}, Settings: Settings{Check: check}})
	defer running(t, p)()
	u := ups(p)[0]
	sick.Store(true)
	until(t, "it is out", func() bool { return State(u.state.Load()) == StateOut })
	until(t, "with the only one out by its checks the pool fails open", p.FailsOpen)
	sick.Store(false)
	until(t, "it is back", func() bool { return State(u.state.Load()) == StateIn })
	until(t, "it does not fail open any more", func() bool { return !p.FailsOpen() })
}

// A check that is broken off because we end says nothing.
func TestOurEndIsNoEvidence(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := newTestPool(t, Config{Servers: []Server{serverAt(l.Addr())},
		Settings: Settings{Check: Check{Kind: CheckHTTP, Timeout: time.Minute, UnhealthyAfter: 1}}})
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan *message.Failure, 1)
	go func() { asked <- ups(p)[0].ask(ctx) }()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cancel()
	if f := <-asked; f == nil || f.Party == message.PartyUpstream {
		t.Errorf("got %v", f)
	}
}
