package e2e

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// thrownOut reads until the connection ends and returns the code of its GOAWAY.
func (c *rawClient2) thrownOut() (code http2.ErrCode) {
	c.t.Helper()
	code = http2.ErrCodeNo
	for {
		f, err := c.ReadFrame()
		var conn http2.ConnectionError
		if errors.As(err, &conn) {
			c.t.Fatal(err)
		}
		if err != nil {
			return code
		}
		if g, ok := f.(*http2.GoAwayFrame); ok {
			code = g.ErrCode
		}
	}
}

// Rapid reset (CVE-2023-44487): the abuser is thrown out, the log says why,
// and somebody else's requests do not notice.
func TestH2RapidReset(t *testing.T) {
	t.Parallel()
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hold" {
			<-r.Context().Done()
		}
	})
	s := start(t, setup{upstreams: []string{up.address}, more: "[server.http2]\nmax_resets = 50\n"})
	c := s.dial2(t)
	c.open(1, true, "GET", "/hold")
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		for id := uint32(3); id < 100_000; id += 2 {
			c.open1(id)
			if c.WriteRSTStream(id, http2.ErrCodeCancel) != nil {
				return // thrown out
			}
		}
		t.Error("100,000 resets were let through")
	}()
	good := s.client2()
	for range 200 {
		if a := get(t, good, secure+"/"); a.StatusCode != 200 {
			t.Fatalf("somebody else got %d", a.StatusCode)
		}
	}
	if code := c.thrownOut(); code != http2.ErrCodeEnhanceYourCalm {
		t.Errorf("GOAWAY with %s", code)
	}
	receive(t, "the end of the attack", wrote)
	eventually(t, patience, "the log tells of it", func() bool {
		for _, l := range s.lines(t) {
			if l.Path == "/hold" && l.Cause == "abuse_resets" {
				return s.stderr.has("abuse_resets")
			}
		}
		return false
	})
}

// open1 sends a small GET; whether it can is for the caller to find out.
func (c *rawClient2) open1(id uint32) {
	c.WriteHeaders(http2.HeadersFrameParam{StreamID: id, EndHeaders: true, EndStream: true,
		BlockFragment: c.block(":method", "GET", ":scheme", "https", ":authority", host, ":path", "/")})
}

// The other abuses of one connection.
func TestH2Floods(t *testing.T) {
	t.Parallel()
	up := serve(t, nil)
	s := start(t, setup{upstreams: []string{up.address}})
	for name, attack := range map[string]func(c *rawClient2, i uint32) error{
		"PING":     func(c *rawClient2, i uint32) error { return c.WritePing(false, [8]byte{}) },
		"SETTINGS": func(c *rawClient2, i uint32) error { return c.WriteSettings() },
		"PRIORITY": func(c *rawClient2, i uint32) error {
			return c.WritePriority(1, http2.PriorityParam{StreamDep: 3})
		},
		"WINDOW_UPDATE": func(c *rawClient2, i uint32) error { return c.WriteWindowUpdate(0, 1) },
		"empty DATA": func(c *rawClient2, i uint32) error {
			if i == 0 {
				c.open(1, false, "POST", "/")
			}
			return c.WriteData(1, false, nil)
		},
		"MadeYouReset": func(c *rawClient2, i uint32) error {
			c.open1(2*i + 1)
			return c.WriteRawFrame(http2.FrameWindowUpdate, 0, 2*i+1, make([]byte, 4))
		},
		"CONTINUATION": func(c *rawClient2, i uint32) error {
			if i == 0 {
				return c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.block(":method", "GET")})
			}
			return c.WriteContinuation(1, false, nil)
		},
		"a head of any size": func(c *rawClient2, i uint32) error {
			if i == 0 {
				return c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.block(":method", "GET")})
			}
			return c.WriteContinuation(1, false, c.block("x", strings.Repeat("x", 16000)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := s.dial2(t)
			wrote := make(chan bool, 1)
			go func() {
				for i := range uint32(1_000_000) {
					if attack(c, i) != nil {
						wrote <- true
						return
					}
				}
				wrote <- false
			}()
			if code := c.thrownOut(); code != http2.ErrCodeEnhanceYourCalm {
				t.Errorf("GOAWAY with %s", code)
			}
			if !receive(t, "the end of the attack", wrote) {
				t.Error("a million were let through")
			}
		})
	}
}
