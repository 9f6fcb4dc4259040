package e2e

import (
	"crypto/tls"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/certs/certstest"
)

// shake does a handshake for a name and returns the serial number of the
// certificate that was presented, which must be a good one.
func (s *sluice) shake(id identity, name string) (*big.Int, error) {
	d := &net.Dialer{Timeout: patience}
	conn, err := tls.DialWithDialer(d, "tcp", s.https, id.ca.Client(name))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber, nil
}

// "files (reloaded when they change)" (design.md section 10). Replaced under
// handshakes: none of them fails. A broken new file leaves the old one in
// place, and is told of.
func TestCertificateFilesAreReplaced(t *testing.T) {
	t.Parallel()
	sites := ""
	var ids [2]identity
	for i, name := range []string{"a.test", "b.test"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		ids[i] = newIdentity(t, dir, name)
		sites += fmt.Sprintf("[[site]]\nhosts = [%q]\ntls = { cert = %q, key = %q }\nupstream = \"127.0.0.1:9\"\n", name, ids[i].cert, ids[i].key)
	}
	a, b := ids[0], ids[1]
	s := start(t, setup{sites: sites})
	serial := func(id identity, name string) *big.Int {
		t.Helper()
		n, err := s.shake(id, name)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	oldA, oldB := serial(a, "a.test"), serial(b, "b.test")

	stop := make(chan struct{})
	var shaking sync.WaitGroup
	var shaken atomic.Int64
	for range 2 {
		shaking.Go(func() {
			every(10*time.Millisecond, func() bool {
				if _, err := s.shake(a, "a.test"); err != nil {
					t.Errorf("handshake while the files are replaced: %v", err)
					return false
				}
				shaken.Add(1)
				select {
				case <-stop:
					return false
				default:
					return true
				}
			})
		})
	}
	next := a.ca.Issue(t, certstest.Leaf{Names: []string{"a.test"}})
	next.Write(t, filepath.Dir(a.cert))
	certstest.WriteFile(t, b.cert, []byte("this is no certificate\n"))
	// Files are looked at every five seconds, and a bad one twice.
	eventually(t, 20*time.Second, "the new certificate is served", func() bool {
		return serial(a, "a.test").Cmp(oldA) != 0
	})
	if got := serial(a, "a.test"); got.Cmp(next.Leaf.SerialNumber) != 0 {
		t.Errorf("served: %x, want %x", got, next.Leaf.SerialNumber)
	}
	eventually(t, 20*time.Second, "stderr tells of both", func() bool {
		return s.stderr.has(`msg="certificate loaded"`) && s.stderr.has(`msg="certificate not replaced, the old one stays"`) && s.stderr.has(b.cert)
	})
	if got := serial(b, "b.test"); got.Cmp(oldB) != 0 {
		t.Error("the old certificate is not served any more")
	}
	close(stop)
	shaking.Wait()
	t.Logf("%d handshakes meanwhile", shaken.Load())
}

// Each Site has its own certificate, by the name that the client asks for.
func TestCertificateByName(t *testing.T) {
	t.Parallel()
	s := start(t, setup{upstreams: []string{serve(t, nil).address}})
	for name, want := range map[string]bool{host: true, "SHOP.test": true, "www." + host: true, "other.test": false} {
		_, err := s.shake(s.id, name)
		if (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
