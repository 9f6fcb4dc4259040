package e2e

import (
	"bufio"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"
)

// asked is what came of one request of an open loop.
type asked struct {
	at     time.Time // when it was due
	took   time.Duration
	status int // 0: none
	err    error
}

// openLoop sends requests on a schedule, each on a connection of its own,
// whether or not earlier ones were answered: who waits is not asked less. It
// returns when all have ended.
func openLoop(t *testing.T, s *sluice, method string, each, length time.Duration) []asked {
	t.Helper()
	all := make([]asked, length/each)
	var open sync.WaitGroup
	start, i := time.Now(), 0
	every(each, func() bool {
		n := i
		open.Go(func() { all[n] = askOnce(s.http, method, start.Add(time.Duration(n)*each)) })
		i++
		return i < len(all)
	})
	open.Wait()
	return all
}

// askOnce asks once over plain HTTP.
func askOnce(address, method string, due time.Time) asked {
	a := asked{at: due}
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		a.err = err
		return a
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	body := ""
	if method == "POST" {
		body = "Content-Length: 2\r\n\r\nhi"
	} else {
		body = "\r\n"
	}
	e := exchange(conn, bufio.NewReader(conn), fmt.Sprintf("%s / HTTP/1.1\r\nHost: %s\r\n%s", method, host, body))
	a.status, a.err = e.status, e.err
	a.took = time.Since(due)
	return a
}

// bad returns those that were not answered with 200, in words.
func bad(all []asked) (words []string) {
	for _, a := range all {
		if a.err != nil || a.status != 200 {
			words = append(words, fmt.Sprintf("at %s: status %d, %v, after %v", a.at.Format("05.000"), a.status, a.err, a.took))
		}
	}
	return words
}
