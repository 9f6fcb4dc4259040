package e2e

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// moods are what the chaotic upstream does.
var moods = []struct {
	path string
	play func(c scripted, r *http.Request) (again bool)
}{
	{"/good", func(c scripted, r *http.Request) bool {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return false
		}
		c.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
		return true
	}},
	{"/chunked", func(c scripted, r *http.Request) bool {
		c.say("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		_, err := io.Copy(io.Discard, r.Body)
		c.say("4\r\nbody\r\n0\r\nX: y\r\n\r\n")
		return err == nil
	}},
	{"/cut", func(c scripted, _ *http.Request) bool {
		c.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all")
		return false
	}},
	{"/early", func(c scripted, _ *http.Request) bool {
		c.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
		return false
	}},
	{"/reset", func(c scripted, _ *http.Request) bool {
		c.reset()
		return false
	}},
	{"/busy", func(c scripted, r *http.Request) bool {
		_, err := io.Copy(io.Discard, r.Body)
		c.say("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy")
		return err == nil
	}},
	{"/silent", func(c scripted, _ *http.Request) bool {
		c.gone()
		return false
	}},
	{"/endless", func(c scripted, _ *http.Request) bool {
		c.say("HTTP/1.1 200 OK\r\n\r\n")
		for {
			if _, err := c.Write(make([]byte, 32<<10)); err != nil {
				return false
			}
		}
	}},
	{"/tunnel", func(c scripted, _ *http.Request) bool {
		c.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n")
		io.Copy(c, c.r)
		return false
	}},
}

const clientsOfChaos = 32

// chaotic plays the mood that each request asks for.
func chaotic(c scripted) {
	for {
		r, err := http.ReadRequest(c.r)
		if err != nil {
			return
		}
		for _, m := range moods {
			if m.path == r.URL.Path && !m.play(c, r) {
				return
			}
		}
	}
}

// misbehave is one client's connection: some requests of any kind, broken off
// at any point.
func misbehave(conn net.Conn, dice *rand.Rand) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(300 * time.Millisecond))
	r := bufio.NewReader(conn)
	for range 1 + dice.IntN(4) {
		path := moods[dice.IntN(len(moods))].path
		size := []int{0, 10, 5000, 100_000}[dice.IntN(4)]
		text := fmt.Sprintf("%s %s HTTP/1.%d\r\n%s", []string{"GET", "PUT", "POST"}[dice.IntN(3)], path, min(dice.IntN(8), 1), site)
		switch dice.IntN(3) {
		case 0:
			text += fmt.Sprintf("Content-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size))
		case 1:
			text += fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", size+1, strings.Repeat("x", size+1))
		default:
			text += "Connection: Upgrade\r\nUpgrade: raw\r\n\r\n"
		}
		cut := dice.IntN(3) == 0
		if cut {
			text = text[:dice.IntN(len(text))]
		}
		if _, err := io.WriteString(conn, text); err != nil || cut && dice.IntN(2) == 0 {
			return
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return
		}
		if dice.IntN(4) == 0 {
			return
		}
		if _, err := io.CopyN(io.Discard, resp.Body, 200_000); err != io.EOF || resp.Close || resp.StatusCode == 101 {
			return
		}
	}
}

// descriptors counts the open files of the process.
func (s *sluice) descriptors(t *testing.T) int {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid)
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Skipf("skipped: descriptors can be counted in /proc only: %v", err)
	}
	n := 0
	for _, f := range all {
		if to, err := os.Readlink(filepath.Join(dir, f.Name())); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// Whatever clients and upstreams do to each other: nothing is left over, and
// the next client is served. (What is looked for here most is what the race
// detector sees, and internal errors.)
func TestChaos(t *testing.T) {
	t.Parallel()
	s := start(t, setup{
		server:    quick,
		upstreams: []string{script(t, chaotic), script(t, chaotic), reserve(t)},
		pool:      "response_timeout = \"200ms\"\nretry_budget = 1.0",
	})
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	until := time.Now().Add(2 * time.Second)
	var clients sync.WaitGroup
	for n := range uint64(clientsOfChaos) {
		dice := rand.New(rand.NewPCG(seed, n))
		clients.Go(func() {
			for time.Now().Before(until) {
				conn, err := net.DialTimeout("tcp", s.http, patience)
				if err != nil {
					t.Error(err)
					return
				}
				if n%2 == 0 {
					misbehave(conn, dice)
					continue
				}
				conn.Close()
				if conn, err = net.DialTimeout("tcp", s.https, patience); err != nil {
					t.Error(err)
					return
				}
				misbehave(tlsClient(conn, s), dice)
			}
		})
	}
	clients.Wait()
	// What stays: two Listeners, and at most as many idle connections to each
	// of two upstreams as there were clients.
	eventually(t, patience, "the sockets are closed", func() bool { return s.descriptors(t) <= 2+2*clientsOfChaos })
	c := s.client()
	for range 20 {
		if a := do(t, c, request(t, "POST", secure+"/good", strings.NewReader("hello"))); a.StatusCode != 200 || a.body != "hello" {
			t.Errorf("afterwards: %d %q", a.StatusCode, a.body)
		}
	}
	s.stop()
	causes := map[string]int{}
	for _, l := range s.lines(t) {
		causes[fmt.Sprint(l.Who, " ", l.Phase, " ", l.Cause)]++
	}
	t.Logf("Exchanges by failure: %v", causes)
}
