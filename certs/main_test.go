package certs

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"sluice/certs/certstest"
	"sluice/leaktest"
)

// TestMain fails the package when a test leaves a goroutine behind.
func TestMain(m *testing.M) { leaktest.Main(m) }

// shelf is a Source of fixed certificates. Its Run blocks as long as it should,
// and counts.
type shelf struct {
	certificates []Certificate
	running      chan int   // when not nil, gets +1 and -1 as Run begins and ends
	end          chan error // what is sent here is what Run gives up with
}

func shelve(pairs ...*certstest.Pair) *shelf {
	s := &shelf{}
	for _, p := range pairs {
		s.certificates = append(s.certificates, Certificate{Names: namesOf(p.Leaf), TLS: p.TLS})
	}
	return s
}

func (s *shelf) Certificates() []Certificate { return s.certificates }

func (s *shelf) Info(now time.Time) []Info {
	var infos []Info
	for _, c := range s.certificates {
		infos = append(infos, describe("shelf", c, now))
	}
	return infos
}

func (s *shelf) Run(ctx context.Context, tell func(Event)) error {
	if s.running != nil {
		s.running <- +1
		defer func() { s.running <- -1 }()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.end:
		return err
	}
}

// storeOf is a Store that uses sources and has no default name.
func storeOf(sources ...Source) *Store {
	s := NewStore(nil)
	s.Use("", sources...)
	return s
}

// handshake lets a client shake hands with a server that presents s's
// certificates, and returns the state the client is in afterwards.
func handshake(s *Store, config *tls.Config) (tls.ConnectionState, error) {
	near, far := net.Pipe()
	defer near.Close()
	served := make(chan struct{})
	go func() {
		defer close(served)
		defer far.Close()
		server := tls.Server(far, &tls.Config{GetCertificate: s.GetCertificate})
		if server.Handshake() == nil {
			io.Copy(io.Discard, far)
		}
	}()
	client := tls.Client(near, config)
	err := client.Handshake()
	near.Close()
	<-served
	return client.ConnectionState(), err
}

// serial is the serial number of the certificate a client was presented.
func serial(state tls.ConnectionState) string {
	if len(state.PeerCertificates) == 0 {
		return "none"
	}
	return state.PeerCertificates[0].SerialNumber.String()
}

// running runs source in a Store that tells events. It returns the time of the
// start, and what ends the Store.
func running(t *testing.T, source Source, events chan<- Event) (start time.Time, stop func()) {
	t.Helper()
	s := NewStore(func(e Event) {
		if e.News != NewsUnfit { // these chains lack their root's certificate
			events <- e
		}
	})
	s.Use("", source)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	start = time.Now()
	go func() { ended <- s.Run(ctx) }()
	return start, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// insecure is a client that asks for name and verifies nothing.
func insecure(name string) *tls.Config {
	return &tls.Config{ServerName: name, InsecureSkipVerify: true}
}
