package listener

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// "bounds how many TLS handshakes are computed at a time"; who would have to
// wait for more than a second is cut off.
func TestHandshakesAreBoundedAndPatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHandshakes(2)
		var at, most, refused atomic.Int64
		var all sync.WaitGroup
		for range 500 { // 2.5 s of work
			all.Go(func() {
				if errors.Is(h.enter(false), errBusy) {
					refused.Add(1)
					return
				}
				if n := at.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(10 * time.Millisecond)
				at.Add(-1)
				h.leave()
			})
		}
		all.Wait()
		if most.Load() != 2 || h.busy != 0 {
			t.Errorf("%d at a time, %d at the end", most.Load(), h.busy)
		}
		if n := refused.Load(); n < 280 || n > 300 || uint64(n) != h.Refused() {
			t.Errorf("%d refused, %d counted", n, h.Refused())
		}
	})
}

func TestHandshakesAreRefusedAtOnceWhenTooManyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHandshakes(1)
		h.queue = 3
		h.enter(false)
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if h.enter(false) == nil {
					h.leave()
				}
			})
		}
		synctest.Wait()
		before := time.Now()
		if err := h.enter(true); !errors.Is(err, errBusy) || time.Since(before) > 0 {
			t.Errorf("got %v after %v", err, time.Since(before))
		}
		h.leave()
		all.Wait()
	})
}

// "resumptions first".
func TestResumptionsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHandshakes(1)
		h.enter(false)
		order := make(chan bool, 20)
		for i := range 20 {
			resumes := i%2 == 1
			go func() {
				if h.enter(resumes) == nil {
					order <- resumes
					h.leave()
				}
			}()
			synctest.Wait()
		}
		h.leave()
		synctest.Wait()
		for i := range 20 {
			if got := <-order; got != (i < 10) {
				t.Errorf("number %d resumes: %v", i, got)
			}
		}
	})
}

// "A handshake that waits for its client holds no place, so slow clients cost
// nothing."
func TestSlowClientsHoldNoPlace(t *testing.T) {
	sc, cc := tlsConfigs(t)
	h := NewHandshakes(1)
	h.patience = 5 * time.Second // what is computed may take long here; half of what a slow one is given
	s := serve(t, Config{TLS: sc, Handshakes: h}, describe)
	for range 50 {
		s.dial().Write(hello(t, cc)[:40]) // and no more
	}
	for range 3 {
		c := tls.Client(s.dial(), cc)
		if err := c.Handshake(); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	if h.Refused() > 0 {
		t.Errorf("%d refused", h.Refused())
	}
}

// A handshake that is cut off has a cause.
func TestAHandshakeBeyondTheBound(t *testing.T) {
	sc, cc := tlsConfigs(t)
	h := NewHandshakes(1)
	h.queue = 0
	s := serve(t, Config{TLS: sc, Handshakes: h}, describe)
	h.enter(false)
	if tls.Client(s.dial(), cc).Handshake() == nil {
		t.Error("the handshake was done")
	}
	s.wantFailure(PhaseTLS, causeBusy)
	h.leave()
	c := tls.Client(s.dial(), cc)
	defer c.Close()
	if err := c.Handshake(); err != nil {
		t.Error(err)
	}
}

// hello is what a client says first.
func hello(t testing.TB, config *tls.Config) []byte {
	t.Helper()
	ours, theirs := net.Pipe()
	go func() {
		tls.Client(theirs, config).Handshake()
		theirs.Close()
	}()
	defer ours.Close()
	b := make([]byte, 16<<10)
	n := 0
	for n < 5 || n < 5+int(b[3])<<8+int(b[4]) {
		m, err := ours.Read(b[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += m
	}
	return b[:n]
}

// A hello with a ticket of TLS 1.2 or a pre-shared key of TLS 1.3 resumes.
func TestHellosThatResume(t *testing.T) {
	versions12And13(t, func(t *testing.T, version uint16) {
		sc, cc := tlsConfigs(t)
		cc.MaxVersion = version
		s := serve(t, Config{TLS: sc}, echoLines)
		if resumes(hello(t, cc)) {
			t.Error("a first hello resumes")
		}
		cc.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		if resumes(hello(t, cc)) {
			t.Error("a hello without a session resumes")
		}
		c := tls.Client(s.dial(), cc)
		wantEcho(t, c, "x\n")
		c.Close()
		whole := hello(t, cc)
		if !resumes(whole) {
			t.Error("a hello with a session does not resume")
		}
		if resumes(whole[:len(whole)/3]) {
			t.Error("a third of a hello resumes")
		}
	})
}

// FuzzHello reads the first bytes of strangers: it neither panics nor takes
// what is no hello for one.
func FuzzHello(f *testing.F) {
	_, cc := tlsConfigs(f)
	f.Add(hello(f, cc))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add(bytes.Repeat([]byte{0xff}, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		if resumes(b) && (b[0] != recordHandshake || b[5] != messageClientHello) {
			t.Errorf("%x resumes", b)
		}
	})
}
