package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"sluice/certs/certstest"
	"sluice/http1"
	"sluice/message"
)

// h2Origin is an origin that speaks HTTP/2 without TLS.
func h2Origin(t *testing.T, handle http.HandlerFunc) *Upstream {
	t.Helper()
	s := httptest.NewUnstartedServer(handle)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	p := newTestPool(t, Config{Servers: []Server{serverAt(s.Listener.Addr())},
		Settings: Settings{Protocol: HTTP2, ConnectTimeout: 5 * time.Second}})
	u := ups(p)[0]
	t.Cleanup(u.h2.CloseIdleConnections)
	return u
}

// h2Begin begins an Exchange.
func h2Begin(t *testing.T, u *Upstream, r *message.Request) Conn {
	t.Helper()
	c, _, f := get(u)
	if f != nil {
		t.Fatal(f)
	}
	c.Begin(r.Method, http1.Silence{Counted: 5 * time.Second, Open: 5 * time.Second, Write: 5 * time.Second})
	c.SendHead(r)
	return c
}

func h2Request(method, target string, length int64, fields ...string) *message.Request {
	r := &message.Request{Method: []byte(method), Authority: []byte("shop.example.com"), Target: []byte(target), Length: length}
	for i := 0; i < len(fields); i += 2 {
		name := []byte(fields[i])
		r.Fields = append(r.Fields, message.Field{Name: name, Value: []byte(fields[i+1]), ID: message.NameOf(name)})
	}
	return r
}

func soon() time.Time { return time.Now().Add(10 * time.Second) }

func readAll(t *testing.T, b message.Body) (text string, err error) {
	t.Helper()
	if b == nil {
		return "", nil
	}
	for {
		p, err := b.Next()
		text += string(p)
		if err == io.EOF {
			return text, nil
		}
		if err != nil {
			return text, err
		}
	}
}

// The request arrives as it is, whatever its target, and the answer with all
// its parts.
func TestExchangesOverHTTP2(t *testing.T) {
	u := h2Origin(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		fmt.Fprintf(w, "%s %s %s %s|%v|%s|%v", r.Proto, r.Method, r.Host, r.RequestURI, r.Header["User-Agent"], body, r.Trailer["X-End"])
		w.Header().Set("X-Sum", r.Header.Get("Te"))
	})
	for _, target := range []string{"/", "/a%2Fb?c=%20d&e", "//double", "/?", "/a;b=c"} {
		r := h2Request("POST", target, -1, "trailer", "x-end")
		r.Trailers = true
		c := h2Begin(t, u, r)
		for _, piece := range []string{"one ", "two"} {
			if f := c.SendBody([]byte(piece)); f != nil {
				t.Fatal(f)
			}
		}
		if f := c.FinishSending(message.Fields{{Name: []byte("x-end"), Value: []byte("yes")}}); f != nil {
			t.Fatal(f)
		}
		resp, f := c.ReadHead(soon())
		if f != nil {
			t.Fatal(target, f)
		}
		text, err := readAll(t, resp.Body)
		want := "HTTP/2.0 POST shop.example.com " + target + "|[]|one two|[yes]"
		if err != nil || text != want || resp.Status != 200 {
			t.Errorf("%d, length %d, %v:\n%s\n%s", resp.Status, resp.Length, err, text, want)
		}
		if n := resp.Fields.Count(message.NameOf([]byte("Set-Cookie"))); n != 2 {
			t.Errorf("%d cookies came", n)
		}
		if tr := resp.Body.Trailers(); len(tr) != 1 || string(tr[0].Value) != "trailers" {
			t.Errorf("trailers %s", tr)
		}
		c.End()
		u.Put(c)
	}
	if n := u.InFlight(); n != 0 {
		t.Errorf("%d in flight", n)
	}
}

// Trailers-only answers, HEAD, 204 and interim ones.
func TestAnswersWithoutABodyOverHTTP2(t *testing.T) {
	u := h2Origin(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hints":
			w.Header().Set("Link", "a")
			w.WriteHeader(103)
		case "/204":
			w.WriteHeader(204)
		case "/only":
			w.Header().Set("Grpc-Status", "12")
			w.Header().Set("Content-Length", "0")
		default:
			w.Header().Set("Content-Length", "7")
		}
	})
	for _, tt := range []struct {
		method, target string
		statuses       []int
		length         int64
	}{
		{"GET", "/hints", []int{103, 200}, 7},
		{"GET", "/204", []int{204}, 0},
		{"POST", "/only", []int{200}, 0},
		{"HEAD", "/", []int{200}, 7},
	} {
		if tt.target == "/hints" {
			tt.method = "HEAD"
		}
		c := h2Begin(t, u, h2Request(tt.method, tt.target, 0))
		c.FinishSending(nil)
		for _, want := range tt.statuses {
			resp, f := c.ReadHead(soon())
			if f != nil {
				t.Fatal(tt.target, f)
			}
			if resp.Status != want || resp.Body != nil {
				t.Errorf("%s: %d with body %v, want %d", tt.target, resp.Status, resp.Body, want)
			}
		}
		c.End()
		u.Put(c)
	}
}

// A reset has its code, in both directions, and what is cut short is said to
// be.
func TestResetsOverHTTP2(t *testing.T) {
	canceled := make(chan error, 1)
	u := h2Origin(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/abort":
			w.Write([]byte("half"))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/wait":
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			canceled <- r.Context().Err()
		case "/silent":
			<-r.Context().Done()
		}
	})
	t.Run("by the upstream", func(t *testing.T) {
		c := h2Begin(t, u, h2Request("GET", "/abort", 0))
		resp, f := c.ReadHead(soon())
		if f != nil {
			t.Fatal(f)
		}
		_, err := readAll(t, resp.Body)
		var got *message.Failure
		if !errors.As(err, &got) || got.Party != message.PartyUpstream || got.Code != 2 /* INTERNAL_ERROR */ {
			t.Errorf("got %v with code %v", err, got)
		}
		c.End()
		u.Discard(c)
	})
	t.Run("by us", func(t *testing.T) {
		c := h2Begin(t, u, h2Request("GET", "/wait", 0))
		resp, f := c.ReadHead(soon())
		if f != nil {
			t.Fatal(f)
		}
		c.Cancel()
		_, err := readAll(t, resp.Body)
		var got *message.Failure
		if !errors.As(err, &got) || got.Party != message.PartyClient || got.Cause != message.CauseClientGone {
			t.Errorf("got %v", err)
		}
		c.End()
		u.Discard(c)
		select {
		case err := <-canceled:
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the upstream was not told")
		}
	})
	t.Run("no head in time", func(t *testing.T) {
		c := h2Begin(t, u, h2Request("GET", "/silent", 0))
		_, f := c.ReadHead(time.Now().Add(20 * time.Millisecond))
		wantCause(t, f, message.PartyUpstream, message.PhaseWait, message.CauseConnectionReadTimeout)
		if !errors.Is(f.Err, os.ErrDeadlineExceeded) || f.Again != message.AgainIdempotent {
			t.Errorf("%v, again %v", f.Err, f.Again)
		}
		c.End()
		u.Discard(c)
	})
	t.Run("silence in the body", func(t *testing.T) {
		c, _, _ := get(u)
		c.Begin([]byte("GET"), http1.Silence{Open: 20 * time.Millisecond, Counted: time.Second, Write: time.Second})
		c.SendHead(h2Request("GET", "/wait", 0))
		resp, f := c.ReadHead(soon())
		if f != nil {
			t.Fatal(f)
		}
		_, err := readAll(t, resp.Body)
		var got *message.Failure
		if !errors.As(err, &got) || got.Cause != message.CauseConnectionReadTimeout {
			t.Errorf("got %v", err)
		}
		c.End()
		u.Discard(c)
		<-canceled
	})
	if n := u.InFlight(); n != 0 {
		t.Errorf("%d in flight", n)
	}
}

// Nobody there: the head says so as a failed dial, and the Upstream is out.
func TestNobodySpeaksHTTP2(t *testing.T) {
	for _, tt := range []struct {
		name  string
		at    Server
		phase message.Phase
		out   bool
	}{
		{"refused", refusing(t), message.PhaseDial, true},
		{"it speaks HTTP/1.1", serverAt(newHTTP1Origin(t)), message.PhaseWait, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newTestPool(t, Config{Servers: []Server{tt.at}, Settings: Settings{Protocol: HTTP2, ConnectTimeout: 5 * time.Second}})
			u := ups(p)[0]
			defer u.h2.CloseIdleConnections()
			c := h2Begin(t, u, h2Request("GET", "/", 0))
			c.FinishSending(nil)
			_, f := c.ReadHead(soon())
			if f == nil || f.Party != message.PartyUpstream || f.Phase != tt.phase {
				t.Errorf("got %v", f)
			}
			c.End()
			u.Failed(time.Now(), f)
			u.Discard(c)
			if got := stateOf(u) == StateOut; got != tt.out {
				t.Errorf("it is %v", stateOf(u))
			}
		})
	}
}

func newHTTP1Origin(t *testing.T) interface {
	Network() string
	String() string
} {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return s.Listener.Addr()
}

// "Upstream TLS verifies by default (own CA file, server name, client
// certificate possible)."
func TestTLSToUpstreams(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s for %s", r.Proto, r.TLS.ServerName)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	ca := pemOf(s.Certificate().Raw)
	addr := netip.MustParseAddrPort(s.Listener.Addr().String())
	for _, tt := range []struct {
		name     string
		protocol Protocol
		tls      TLS
		cause    message.Cause
		want     string
	}{
		{"the system does not trust it", HTTP1, TLS{}, message.CauseTLSCertificate, ""},
		{"its CA, its address", HTTP1, TLS{CA: ca}, message.CauseNone, "HTTP/1.1 for "},
		{"its CA, its name", HTTP1, TLS{CA: ca, Name: "example.com"}, message.CauseNone, "HTTP/1.1 for example.com"},
		{"another name", HTTP1, TLS{CA: ca, Name: "shop.invalid"}, message.CauseTLSCertificate, ""},
		{"whoever it is", HTTP1, TLS{Insecure: true}, message.CauseNone, "HTTP/1.1 for "},
		{"HTTP/2", HTTP2, TLS{CA: ca, Name: "example.com"}, message.CauseNone, "HTTP/2.0 for example.com"},
		{"HTTP/2, another name", HTTP2, TLS{CA: ca, Name: "shop.invalid"}, message.CauseTLSCertificate, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.tls.On = true
			p := newTestPool(t, Config{Servers: []Server{{Addr: addr}},
				Settings: Settings{Protocol: tt.protocol, TLS: tt.tls, ConnectTimeout: 5 * time.Second}})
			u := ups(p)[0]
			if u.h2 != nil {
				defer u.h2.CloseIdleConnections()
			}
			if f := u.ask(t.Context()); (f != nil) != (tt.cause != message.CauseNone) {
				t.Errorf("a probe says %v", f)
			}
			c, _, f := get(u)
			var resp *message.Response
			if f == nil {
				c.Begin([]byte("GET"), http1.Silence{Counted: 5 * time.Second, Open: 5 * time.Second, Write: 5 * time.Second})
				c.SendHead(h2Request("GET", "/", 0))
				c.FinishSending(nil)
				if resp, f = c.ReadHead(soon()); f != nil {
					c.End()
					u.Discard(c)
				}
			}
			if f != nil {
				if f.Cause != tt.cause || stateOf(u) != StateOut {
					t.Errorf("got %v, and it is %v", f, stateOf(u))
				}
				return
			}
			text, err := readAll(t, resp.Body)
			if err != nil || !strings.HasPrefix(text, tt.want) || tt.cause != message.CauseNone {
				t.Errorf("got %q, %v", text, err)
			}
			if c.End() {
				u.Put(c)
				again, reused, f := get(u)
				if f != nil || !reused {
					t.Errorf("the connection was not kept: %v", f)
				} else {
					u.Discard(again)
				}
			} else {
				u.Discard(c)
			}
		})
	}
	if _, err := NewFleet(nil).NewPool(Config{Settings: Settings{TLS: TLS{On: true, CA: "nothing"}}}); err == nil {
		t.Error("a CA without a certificate was taken")
	}
}

// "client certificate possible"
func TestOurOwnCertificate(t *testing.T) {
	ca := certstest.NewCA(t)
	dir := t.TempDir()
	certFile, keyFile := ca.Issue(t, certstest.Leaf{Names: []string{"sluice.test"}}).Write(t, dir)
	cert, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS.PeerCertificates[0].DNSNames)
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	defer s.Close()
	for _, ours := range []bool{true, false} {
		settings := Settings{ConnectTimeout: 5 * time.Second, TLS: TLS{On: true, CA: pemOf(s.Certificate().Raw)}}
		if ours {
			settings.TLS.Cert, settings.TLS.Key = string(cert), string(key)
		}
		u := ups(newTestPool(t, Config{Servers: []Server{serverAt(s.Listener.Addr())}, Settings: settings}))[0]
		c, _, f := get(u)
		if f != nil {
			t.Fatal(f)
		}
		c.Begin([]byte("GET"), http1.Silence{Counted: 5 * time.Second, Open: 5 * time.Second, Write: 5 * time.Second})
		c.SendHead(h2Request("GET", "/", 0))
		f = c.FinishSending(nil)
		if f == nil {
			var resp *message.Response
			if resp, f = c.ReadHead(soon()); f == nil {
				if text, err := readAll(t, resp.Body); err != nil || text != "[sluice.test]" {
					t.Errorf("got %q, %v", text, err)
				}
			}
		}
		if (f == nil) != ours {
			t.Errorf("with a certificate of ours: %v, and the request failed with %v", ours, f)
		}
		c.End()
		u.Discard(c)
	}
}
