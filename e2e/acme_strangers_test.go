package e2e

import (
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/certs/acmetest"
)

// "10,000 handshakes for random unknown names: no order, memory flat". Each
// stranger gets the alert unrecognized_name (RFC 6066 section 3), and those who
// know the name are served meanwhile. It runs alone: it is about memory.
func TestACMEStrangersOrderNothing(t *testing.T) {
	const strangers, atATime = 10_000, 32
	ca := acmetest.Start(t, acmetest.Options{})
	o := newOrdering(t, ca)
	s := o.run()
	o.obtained(s, shop)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)

	var turned atomic.Int64
	storm := func(n int) {
		t.Helper()
		var running sync.WaitGroup
		for worker := range atATime {
			random := rand.New(rand.NewPCG(seed, uint64(worker+n)))
			running.Go(func() {
				for i := worker; i < n; i += atATime {
					name := strangeName(random)
					// Some look like a CA that validates (RFC 8737).
					protocol := []string{"h2", "http/1.1", "acme-tls/1"}[i%3]
					if err := turnedAway(s.https, name, protocol); err != nil {
						t.Errorf("%s: %v, want the alert unrecognized_name", name, err)
						return
					}
					turned.Add(1)
				}
			})
		}
		running.Wait()
	}
	storm(2000) // what grows once has grown
	before := s.memory("VmRSS")
	began := time.Now()
	storm(strangers)
	after := s.memory("VmRSS")
	t.Logf("%d handshakes in %v; resident memory %.1f MB, then %.1f MB", strangers, time.Since(began).Round(time.Millisecond), float64(before)/1e6, float64(after)/1e6)
	if n := turned.Load(); !t.Failed() && n != 2000+strangers {
		t.Errorf("%d were turned away", n)
	}
	switch {
	case raced():
		t.Log("the growth of memory is not judged: the binary has the race detector")
	case after-before > 6e6:
		t.Errorf("resident memory has grown by %d bytes, want less than 6 MB", after-before)
	}
	if n := ca.Counts(); n.Orders != 1 || n.Issued != 1 {
		t.Errorf("%+v, want one order", n)
	}
	if n := len(lines(s.stderr.text())); n > 50 {
		t.Errorf("%d lines in the log", n)
	}
	if !s.stderr.has("cause=no_certificate ") {
		t.Error("the log does not tell of handshakes that failed")
	}
	o.wantAnswer(s, shop)
}

// strangeName is a name that no Site has; some are near to one.
func strangeName(random *rand.Rand) string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	label := make([]byte, 1+random.IntN(40))
	for i := range label {
		label[i] = letters[random.IntN(len(letters))]
	}
	return string(label) + []string{".example.com", "." + shop, ".test", "." + strings.Repeat("x.", 40) + "test"}[random.IntN(4)]
}

// turnedAway does a handshake, and returns an error unless it fails as that for
// an unknown name does.
func turnedAway(address, name string, protocols ...string) error {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.(*net.TCPConn).SetLinger(0) // ports are few
	conn.SetDeadline(time.Now().Add(patience))
	err = tls.Client(conn, &tls.Config{ServerName: name, NextProtos: protocols, InsecureSkipVerify: true}).Handshake()
	switch {
	case err == nil:
		return errors.New("the handshake succeeds")
	case !strings.Contains(err.Error(), alertUnrecognizedName):
		return err
	}
	return nil
}

// lines are the lines of a text.
func lines(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }
