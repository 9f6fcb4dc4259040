package admin

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const token = "0123456789abcdef"

// "With a token every path but /healthz and /readyz needs Authorization: Bearer
// TOKEN"; the page holds no data.
func TestWhoMustBringTheToken(t *testing.T) {
	r := run(t, Options{
		Token:        func() Token { return NewToken(token) },
		Certificates: func() any { return "seen" },
		Reload:       func(context.Context) (any, error) { return "done", nil },
	})
	for _, tt := range []struct {
		line   string
		fields []string
		status int
	}{
		{"GET /healthz", nil, 200},
		{"GET /readyz", nil, 200},
		{"GET /", nil, 200},
		{"GET /page/x.js", nil, 404},
		{"GET /metrics", nil, 401},
		{"GET /certs", nil, 401},
		{"GET /nowhere", nil, 401}, // not even what there is
		{"GET /debug/pprof/", nil, 401},
		{"GET /page", nil, 401},
		{"POST /reload", []string{byACommand}, 401},
		{"GET /certs", []string{"Authorization: Bearer " + token}, 200},
		{"GET /certs", []string{"authorization: bearer   " + token}, 200},
		{"HEAD /metrics", []string{"Authorization: Bearer " + token}, 200},
		{"POST /reload", []string{byACommand, "Authorization: Bearer " + token}, 200},
		{"POST /reload", []string{"Authorization: Bearer " + token}, 403},
		{"POST /reload", []string{byACommand, "Authorization: Bearer " + token, "Origin: http://evil.example.com"}, 403},
		{"GET /certs", []string{"Authorization: Basic " + token}, 401},
		{"GET /certs", []string{"Authorization: Bearer"}, 401},
		{"GET /certs", []string{"Authorization: Bearer " + token, "Authorization: Bearer " + token}, 401},
		{"GET /certs?access_token=" + token, nil, 401},
	} {
		response, body := r.ask(tt.line, append(tt.fields, onThisMachine, "Content-Length: 0")...)
		if response.StatusCode != tt.status {
			t.Errorf("%s %q: %d %q, want %d", tt.line, tt.fields, response.StatusCode, body, tt.status)
		}
		// RFC 9110 section 15.5.2: a 401 has WWW-Authenticate.
		if tt.status == 401 && !strings.HasPrefix(response.Header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%s: how to ask is not said", tt.line)
		}
		if strings.Contains(body, token) {
			t.Errorf("%s: the token is told", tt.line)
		}
	}
}

// A wrong token is told and makes its sender wait, and nobody else.
func TestWrongTokens(t *testing.T) {
	told := make(chan netip.Addr, 1)
	r := run(t, Options{
		Token:      func() Token { return NewToken(token) },
		WrongToken: func(from netip.Addr) { told <- from },
	})
	wrong := r.dial()
	fmt.Fprintf(wrong, "GET /metrics HTTP/1.1\r\n%s\r\nAuthorization: Bearer %sx\r\n\r\n", onThisMachine, token)
	if response, _ := r.ask("GET /metrics", onThisMachine, "Authorization: Bearer "+token); response.StatusCode != 200 {
		t.Errorf("the right one: %d", response.StatusCode)
	}
	answer, err := io.ReadAll(wrong) // the connection ends
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 401 ") {
		t.Errorf("%q %v", answer, err)
	}
	if from := <-told; from != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("told of %v", from)
	}
}

// The token may change while the Server runs; of one that cannot be read nobody
// has it.
func TestTheTokenThatIsInForceCounts(t *testing.T) {
	var now atomic.Pointer[Token]
	set := func(t Token) { now.Store(&t) }
	r := run(t, Options{Token: func() Token { return *now.Load() }})
	ask := func(token string) int {
		response, _ := r.ask("GET /metrics", onThisMachine, "Authorization: Bearer "+token)
		return response.StatusCode
	}
	set(NewToken(token))
	if got := ask(token); got != 200 {
		t.Errorf("the old one: %d", got)
	}
	set(NewToken("another-" + token))
	if old, next := ask(token), ask("another-"+token); old != 401 || next != 200 {
		t.Errorf("the old one %d, the new one %d", old, next)
	}
	set(NewToken(""))
	if response, _ := r.ask("GET /metrics", onThisMachine); response.StatusCode != 401 || ask("x") != 401 || NewToken("").is("") {
		t.Errorf("nobody's: %d", response.StatusCode)
	}
	set(Token{})
	if got := ask("anything"); got != 200 {
		t.Errorf("none is wanted: %d", got)
	}
}

// "bounded, per address and in total".
func TestTriesPauseAsManyAsCanBeBorne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := newTries()
		var waiting sync.WaitGroup
		try := func(from netip.Addr) { waiting.Go(func() { tries.pause(t.Context(), from) }) }
		one := netip.MustParseAddr("192.0.2.1")
		began := time.Now()
		for range mostTriesOne {
			try(one)
		}
		synctest.Wait()
		if tries.pause(t.Context(), one) || !time.Now().Equal(began) {
			t.Error("one client makes more wait than it may")
		}
		for other := one.Next(); tries.all < mostTries; other = other.Next() {
			try(other)
			synctest.Wait()
		}
		if tries.pause(t.Context(), netip.MustParseAddr("198.51.100.1")) {
			t.Error("more wait than can be borne")
		}
		waiting.Wait()
		if took := time.Since(began); took != tryPause || tries.all != 0 || len(tries.clients) != 0 {
			t.Errorf("after %v %d wait, of %d clients", took, tries.all, len(tries.clients))
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		began = time.Now()
		if !tries.pause(gone, one) || !time.Now().Equal(began) {
			t.Error("who is gone is waited for")
		}
	})
}

func TestWhoOneClientIs(t *testing.T) {
	for _, tt := range []struct{ address, want string }{
		{"192.0.2.1:1234", "192.0.2.1"},
		{"[::ffff:192.0.2.1]:1234", "192.0.2.1"},
		{"[2001:db8:1:2:3:4:5:6]:1234", "2001:db8:1:2::"},
		{"[fe80::1%eth0]:1234", "fe80::"},
		{"@", "invalid IP"},
		{"", "invalid IP"},
	} {
		if got := clientOf(&http.Request{RemoteAddr: tt.address}).String(); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.address, got, tt.want)
		}
	}
}
