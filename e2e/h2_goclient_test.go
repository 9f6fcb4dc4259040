package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

func TestH2ManyRequestsOnOneConnection(t *testing.T) {
	t.Parallel()
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // Go's server does not read on while it answers
		w.Write(body)
	})
	s := start(t, setup{upstreams: []string{up.address}})
	c := s.client2()
	get(t, c, secure+"/") // so that all the others share its connection
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			body := strings.Repeat(fmt.Sprint(i, " "), i*1000)
			r := request(t, "POST", fmt.Sprintf("%s/%d", secure, i), strings.NewReader(body))
			if a := do(t, c, r); a.body != body || a.ProtoMajor != 2 {
				t.Errorf("request %d: %s, %d bytes of %d came back", i, a.Proto, len(a.body), len(body))
			}
		})
	}
	all.Wait()
}

// "Bodies stream both ways as they come [...] full duplex" (design.md section
// 6); gRPC's bidirectional streams are this.
func TestH2FullDuplexWithTrailers(t *testing.T) {
	t.Parallel()
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Grpc-Status")
		rc := http.NewResponseController(w)
		rc.EnableFullDuplex()
		rc.Flush()
		buf := make([]byte, 100)
		for {
			n, err := r.Body.Read(buf)
			if n > 0 {
				w.Write(bytes.ToUpper(buf[:n]))
				rc.Flush()
			}
			if err != nil {
				break
			}
		}
		w.Header().Set("Grpc-Status", "0 "+r.Trailer.Get("X-Sum"))
	})
	s := start(t, setup{upstreams: []string{up.address}})
	in, out := io.Pipe()
	r := request(t, "POST", secure+"/chat", in, "Te: trailers")
	r.Trailer = http.Header{"X-Sum": nil}
	resp, err := s.client2().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, 100)
	for i := range 20 {
		word := fmt.Sprintf("message %d", i)
		io.WriteString(out, word)
		n, err := io.ReadFull(resp.Body, buf[:len(word)])
		if err != nil || string(buf[:n]) != strings.ToUpper(word) {
			t.Fatalf("message %d came back as %q, %v", i, buf[:n], err)
		}
	}
	r.Trailer.Set("X-Sum", "20")
	out.Close()
	rest, err := io.ReadAll(resp.Body)
	if err != nil || len(rest) > 0 || resp.Trailer.Get("Grpc-Status") != "0 20" {
		t.Errorf("rest %q, %v, trailers %v", rest, err, resp.Trailer)
	}
}

// A trailers-only answer of gRPC has no body; an interim response comes before
// the final one.
func TestH2AnswersWithoutBodyAndInterimOnes(t *testing.T) {
	t.Parallel()
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(103)
		w.Header().Set("Grpc-Status", "12")
		w.WriteHeader(200)
	})
	s := start(t, setup{upstreams: []string{up.address}})
	var hints []string
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		hints = append(hints, fmt.Sprint(code, h.Get("Link")))
		return nil
	}}
	r := request(t, "POST", secure+"/", nil)
	a := do(t, s.client2(), r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if a.StatusCode != 200 || a.Header.Get("Grpc-Status") != "12" || a.body != "" || fmt.Sprint(hints) != "[103</a.css>; rel=preload]" {
		t.Errorf("got %d %v %q, hints %q", a.StatusCode, a.Header, a.body, hints)
	}
}

// "Client abort cancels the upstream attempt" (design.md section 6).
func TestH2CancelReachesTheUpstream(t *testing.T) {
	t.Parallel()
	asked, gone := make(chan struct{}, 1), make(chan struct{}, 1)
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/slow" {
			return
		}
		asked <- struct{}{}
		<-r.Context().Done()
		gone <- struct{}{}
	})
	s := start(t, setup{upstreams: []string{up.address}})
	c := s.client2()
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := c.Do(request(t, "GET", secure+"/slow", nil).WithContext(ctx))
		failed <- err
	}()
	receive(t, "the upstream is asked", asked)
	cancel()
	receive(t, "the upstream sees it canceled", gone)
	if err := receive(t, "the request fails", failed); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if a := get(t, c, secure+"/"); a.StatusCode != 200 {
		t.Errorf("the connection's next request: %d", a.StatusCode)
	}
	eventually(t, patience, "the log tells of it", func() bool {
		for _, l := range s.lines(t) {
			if l.Path == "/slow" {
				return l.Status == 499 && l.Cause == "client_gone" && strings.Contains(l.Detail, "CANCEL")
			}
		}
		return false
	})
}

// "upstream abort mid-body aborts the client's response (never a clean end of
// a truncated body)" (design.md section 6).
func TestH2TruncatedResponseIsNoCleanEnd(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"counted": "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf",
		"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := script(t, func(c scripted) {
				if c.request() != nil {
					c.say(head)
				}
			})
			s := start(t, setup{upstreams: []string{up}})
			resp, err := s.client2().Do(request(t, "GET", secure+"/", nil))
			if err != nil {
				return // it failed before the head was out
			}
			defer resp.Body.Close()
			if body, err := io.ReadAll(resp.Body); err == nil {
				t.Errorf("%q came as a whole", body)
			}
		})
	}
}

// What is not forwarded is answered with a cause, on HTTP/2 as on HTTP/1.1.
func TestH2Refusals(t *testing.T) {
	t.Parallel()
	s := start(t, setup{upstreams: []string{reserve(t)}, server: `max_header = "4KiB"`})
	c := s.client2()
	a := get(t, c, secure+"/", "Accept: application/json")
	if a.StatusCode != 503 || a.body != `{"code":503,"msg":"busy"}` || !strings.Contains(a.Header.Get("Proxy-Status"), "error=") {
		t.Errorf("no upstream: %d %q %v", a.StatusCode, a.body, a.Header)
	}
	raw := s.dial2(t) // Go's client does not even send it
	raw.open(1, true, "GET", "/", "x-big", strings.Repeat("x", 5000))
	if h := raw.head(1); h.PseudoValue("status") != "431" {
		t.Errorf("a large head: %v", h.Fields)
	}
	if a := do(t, c, request(t, "TRACE", secure+"/", nil)); a.StatusCode != 405 {
		t.Errorf("TRACE: %d", a.StatusCode)
	}
}

// "Never believe the client's" forwarding fields; Host is kept; cookie crumbs
// are joined (RFC 9113 section 8.2.3).
func TestH2WhatTheUpstreamSees(t *testing.T) {
	t.Parallel()
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s|%s|%s|%s|%q|%s", r.Proto, r.Host, r.Header.Get("X-Forwarded-Proto"),
			r.Header.Get("X-Forwarded-For"), r.Header["Cookie"], r.Header.Get("Te"))
	})
	s := start(t, setup{upstreams: []string{up.address}})
	c := s.dial2(t)
	c.open(1, true, "GET", "/", "x-forwarded-for", "6.6.6.6", "cookie", "a=1", "te", "trailers", "cookie", "b=2", "x-forwarded-proto", "http")
	if h := c.head(1); h.PseudoValue("status") != "200" {
		t.Fatalf("status %s", h.PseudoValue("status"))
	}
	body := c.body(1)
	if want := `HTTP/1.1|shop.test|https|127.0.0.1|["a=1; b=2"]|`; !strings.HasPrefix(body, want) {
		t.Errorf("got %s, want %s", body, want)
	}
}
