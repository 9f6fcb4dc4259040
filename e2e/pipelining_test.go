package e2e

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
)

// Requests that are sent without waiting for the answers are answered in
// order (RFC 9112 section 9.3.2).
func TestPipelining(t *testing.T) {
	t.Parallel()
	s := start(t, setup{upstreams: []string{mirror(t)}})
	c := s.dialTLS(t)
	const n = 100
	c.send("%s", strings.Repeat("GET /x HTTP/1.1\r\n"+site+"\r\n", n)+"GET /last HTTP/1.1\r\n"+site+"Connection: close\r\n\r\n")
	for i := range n {
		if a := c.answer(); !strings.HasPrefix(a.body, "GET /x ") || a.Close {
			t.Fatalf("answer %d: %q, close %v", i, a.body, a.Close)
		}
	}
	if a := c.answer(); !strings.HasPrefix(a.body, "GET /last ") || !a.Close {
		t.Fatalf("last answer: %q, close %v", a.body, a.Close)
	}
	c.wantEnd()
}

// framed appends a request with a body, framed by length or in chunks of any
// sizes.
func framed(b *bytes.Buffer, dice *rand.Rand, n int, body []byte) {
	fmt.Fprintf(b, "PUT /%d HTTP/1.1\r\n%s", n, site)
	if dice.IntN(2) == 0 {
		fmt.Fprintf(b, "Content-Length: %d\r\n\r\n%s", len(body), body)
		return
	}
	b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
	for len(body) > 0 {
		size := min(1+dice.IntN(1<<dice.IntN(18)), len(body))
		fmt.Fprintf(b, "%x\r\n%s\r\n", size, body[:size])
		body = body[size:]
	}
	b.WriteString("0\r\n\r\n")
}

// Wherever the bytes of requests that follow each other are cut in pieces:
// each body reaches the upstream whole, with its own request, and each answer
// comes back in its turn.
func TestPipelinedBodies(t *testing.T) {
	t.Parallel()
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.Header().Set("X-Path", r.URL.Path)
		w.Write(body)
	})
	s := start(t, setup{upstreams: []string{up.address}})
	for kind, dial := range map[string]func(*testing.T) *rawClient{"plain": s.dial, "TLS": s.dialTLS} {
		t.Run(kind, func(t *testing.T) {
			seed := rand.Uint64()
			dice := rand.New(rand.NewPCG(seed, 0))
			const n = 150
			var all bytes.Buffer
			var bodies [n][]byte
			for i := range bodies {
				bodies[i] = bytes.Repeat([]byte{'a' + byte(i%26)}, dice.IntN(1<<dice.IntN(18)))
				framed(&all, dice, i, bodies[i])
			}
			c := dial(t)
			go func() {
				for all.Len() > 0 {
					if _, err := c.conn.Write(all.Next(1 + dice.IntN(1<<dice.IntN(18)))); err != nil {
						return
					}
				}
			}()
			for i, body := range bodies {
				if a := c.answer(); a.body != string(body) || a.Header.Get("X-Path") != fmt.Sprint("/", i) || a.Close {
					t.Fatalf("seed %d, answer %d: %d %s, %d bytes of %d, close %v", seed, i, a.StatusCode, a.Header.Get("X-Path"), len(a.body), len(body), a.Close)
				}
			}
		})
	}
}
