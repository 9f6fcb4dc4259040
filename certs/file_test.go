package certs

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/certs/certstest"
)

const shop = "shop.example.com"

// open loads a pair from a new folder.
func open(t *testing.T, pair *certstest.Pair) *File {
	t.Helper()
	cert, key := pair.Write(t, t.TempDir())
	f, err := NewFile(FileOptions{Cert: cert, Key: key}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// serves fails the test unless f has that pair's certificate.
func serves(t *testing.T, f *File, want *certstest.Pair) {
	t.Helper()
	if got := f.Certificates()[0].TLS.Leaf; !got.Equal(want.Leaf) {
		t.Errorf("serves %v, want %v", got.SerialNumber, want.Leaf.SerialNumber)
	}
}

// looks is the events of n Checks, one after the other.
func looks(f *File, n int) []Event {
	var events []Event
	for range n {
		if e, ok := f.Check(time.Now()); ok {
			events = append(events, e)
		}
	}
	return events
}

func TestFileIsServedForItsOwnNamesOrThoseGiven(t *testing.T) {
	pair := certstest.NewCA(t).Issue(t, certstest.Leaf{Names: []string{shop, "*.Example.org", "192.0.2.1"}})
	cert, key := pair.Write(t, t.TempDir())
	for _, tt := range []struct {
		given []string
		want  string
	}{
		{nil, "shop.example.com *.example.org 192.0.2.1"},
		{[]string{"A.example.org."}, "a.example.org"},
	} {
		f, err := NewFile(FileOptions{Cert: cert, Key: key, Names: tt.given}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		c := f.Certificates()[0]
		if got := strings.Join(c.Names, " "); got != tt.want {
			t.Errorf("given %v: got %s, want %s", tt.given, got, tt.want)
		}
		if c.TLS.Leaf == nil {
			t.Error("Leaf is not parsed")
		}
	}
}

func TestNewFileReturnsWhatIsWrong(t *testing.T) {
	_, err := NewFile(FileOptions{Cert: filepath.Join(t.TempDir(), "none.pem"), Key: "none"}, time.Now())
	var load *LoadError
	if !errors.As(err, &load) || !errors.Is(err, os.ErrNotExist) || load.Remedy == "" || !strings.HasSuffix(load.Path, "none.pem") {
		t.Errorf("got %v", err)
	}
}

func TestChangedFilesAreLoadedAndToldOfOnce(t *testing.T) {
	ca := certstest.NewCA(t)
	f := open(t, ca.Issue(t, certstest.Leaf{Names: []string{shop}}))
	if events := looks(f, 3); events != nil {
		t.Fatalf("nothing changed, but: %+v", events)
	}
	renewed := ca.Issue(t, certstest.Leaf{Names: []string{shop, "www.example.com"}, Key: certstest.RSA})
	renewed.Write(t, filepath.Dir(f.options.Cert))
	events := looks(f, 3)
	if len(events) != 1 || events[0].Err != nil {
		t.Fatalf("got %+v, want one event without error", events)
	}
	if i := events[0].Info; !i.NotAfter.Equal(renewed.Leaf.NotAfter) || len(i.Names) != 2 || i.Key != "RSA 2048" {
		t.Errorf("told of %+v", i)
	}
	serves(t, f, renewed)
}

func TestUnusableFilesKeepTheOldCertificateAndSaySoOnce(t *testing.T) {
	ca := certstest.NewCA(t)
	old := ca.Issue(t, certstest.Leaf{Names: []string{shop}})
	other := ca.Issue(t, certstest.Leaf{Names: []string{shop}})
	stale := ca.Issue(t, certstest.Leaf{Names: []string{shop}, NotBefore: time.Now().AddDate(-1, 0, 0)})
	for _, tt := range []struct {
		name      string
		cert, key []byte
		want      string
	}{
		{"mismatched key", old.CertPEM, other.KeyPEM, "the private key does not belong to the certificate of shop.example.com"},
		{"cut off certificate", other.CertPEM[:len(other.CertPEM)/2], other.KeyPEM, "cut off"},
		{"cut off key", other.CertPEM, other.KeyPEM[:len(other.KeyPEM)/2], "cut off"},
		{"empty certificate", nil, other.KeyPEM, "holds no PEM certificate"},
		{"expired", stale.CertPEM, stale.KeyPEM, "the new certificate expired on"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := open(t, old)
			certstest.WriteFile(t, f.options.Cert, tt.cert)
			certstest.WriteFile(t, f.options.Key, tt.key)
			events := looks(f, 5)
			if len(events) != 1 {
				t.Fatalf("got %d events, want 1: %+v", len(events), events)
			}
			e := events[0]
			if e.Err == nil || !strings.Contains(e.Err.Error(), tt.want) || e.Remedy == "" {
				t.Errorf("got %v, remedy %q, want %q", e.Err, e.Remedy, tt.want)
			}
			if i := f.Info(time.Now())[0]; i.Failure != e.Err.Error() || i.FailedAt.IsZero() || i.Remedy != e.Remedy {
				t.Errorf("Info has failure %q at %v, remedy %q", i.Failure, i.FailedAt, i.Remedy)
			}
			serves(t, f, old)

			other.Write(t, filepath.Dir(f.options.Cert))
			if events := looks(f, 3); len(events) != 1 || events[0].Err != nil || events[0].Info.Failure != "" {
				t.Errorf("after repair: %+v", events)
			}
			serves(t, f, other)
		})
	}
}

func TestEachDistinctFailureIsToldOf(t *testing.T) {
	ca := certstest.NewCA(t)
	f := open(t, ca.Issue(t, certstest.Leaf{Names: []string{shop}}))
	for _, content := range []string{"one", "two"} {
		certstest.WriteFile(t, f.options.Cert, []byte(content))
		if events := looks(f, 4); len(events) != 1 || events[0].Err == nil {
			t.Errorf("%s: %+v", content, events)
		}
	}
	if err := os.Remove(f.options.Cert); err != nil {
		t.Fatal(err)
	}
	if events := looks(f, 4); len(events) != 1 || !errors.Is(events[0].Err, os.ErrNotExist) {
		t.Errorf("removed: %+v", events)
	}
}

func TestRenewalSeenHalfDoneIsNoFailure(t *testing.T) {
	ca := certstest.NewCA(t)
	f := open(t, ca.Issue(t, certstest.Leaf{Names: []string{shop}}))
	renewed := ca.Issue(t, certstest.Leaf{Names: []string{shop}})
	certstest.WriteFile(t, f.options.Cert, renewed.CertPEM)
	if events := looks(f, 1); events != nil {
		t.Errorf("with the key still to come: %+v", events)
	}
	certstest.WriteFile(t, f.options.Key, renewed.KeyPEM)
	if events := looks(f, 1); len(events) != 1 || events[0].Err != nil {
		t.Errorf("with the key in place: %+v", events)
	}
	serves(t, f, renewed)
}

func TestOldContentPutBack(t *testing.T) {
	ca := certstest.NewCA(t)
	old := ca.Issue(t, certstest.Leaf{Names: []string{shop}})
	f := open(t, old)
	dir := filepath.Dir(f.options.Cert)

	certstest.WriteFile(t, f.options.Cert, []byte("garbage"))
	looks(f, 1)
	old.Write(t, dir)
	if events := looks(f, 2); events != nil {
		t.Errorf("nobody was told of the failure, but: %+v", events)
	}

	certstest.WriteFile(t, f.options.Cert, []byte("garbage"))
	looks(f, 2)
	old.Write(t, dir)
	if events := looks(f, 2); len(events) != 1 || events[0].Err != nil || events[0].Info.Failure != "" {
		t.Errorf("the failure is over, but: %+v", events)
	}
}

func TestNoKeyMaterialIsToldOf(t *testing.T) {
	ca := certstest.NewCA(t)
	pair := ca.Issue(t, certstest.Leaf{Names: []string{shop}})
	other := ca.Issue(t, certstest.Leaf{Names: []string{shop}})
	f := open(t, pair)
	secret := strings.Split(string(other.KeyPEM), "\n")[1]
	for _, key := range [][]byte{
		other.KeyPEM,
		other.KeyPEM[:len(other.KeyPEM)-10],
		bytes.Replace(other.KeyPEM, []byte("M"), []byte("N"), 1),
		[]byte(secret),
	} {
		certstest.WriteFile(t, f.options.Key, key)
		events := looks(f, 2)
		if len(events) != 1 {
			t.Fatalf("got %d events", len(events))
		}
		if said := events[0].Err.Error() + events[0].Remedy + f.Info(time.Now())[0].Failure; strings.Contains(said, secret[:16]) {
			t.Errorf("tells the key: %s", said)
		}
	}
}

// Certbot swaps the link of each file; Kubernetes swaps one of a folder on the
// path.
func TestSwappedSymbolicLinkIsNoticed(t *testing.T) {
	ca := certstest.NewCA(t)
	for _, tt := range []struct{ name, cert, key string }{
		{"of the files", "live-cert.pem", "live-key.pem"},
		{"of their folder", "..data/cert.pem", "..data/key.pem"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			lay := func(version string) *certstest.Pair {
				pair := ca.Issue(t, certstest.Leaf{Names: []string{shop}})
				if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
					t.Fatal(err)
				}
				pair.Write(t, filepath.Join(dir, version))
				relink(t, version, filepath.Join(dir, "..data"))
				relink(t, version+"/cert.pem", filepath.Join(dir, "live-cert.pem"))
				relink(t, version+"/key.pem", filepath.Join(dir, "live-key.pem"))
				return pair
			}
			lay("1")
			f, err := NewFile(FileOptions{Cert: filepath.Join(dir, tt.cert), Key: filepath.Join(dir, tt.key)}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			renewed := lay("2")
			if events := looks(f, 2); len(events) != 1 || events[0].Err != nil {
				t.Errorf("got %+v", events)
			}
			serves(t, f, renewed)
		})
	}
}

// relink makes path a symbolic link to target, by renaming.
func relink(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path+".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestReloadFailsNoHandshakeAndClosesNoConnection(t *testing.T) {
	ca := certstest.NewCA(t)
	f := open(t, ca.Issue(t, certstest.Leaf{Names: []string{shop}}))
	s := storeOf(f)
	before := connect(t, s, ca)

	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := handshake(s, ca.Client(shop)); err != nil {
					t.Errorf("handshake: %v", err)
					return
				}
			}
		})
	}
	for range 30 {
		renewed := ca.Issue(t, certstest.Leaf{Names: []string{shop}})
		renewed.Write(t, filepath.Dir(f.options.Cert))
		for _, e := range looks(f, 1) {
			s.hear(e)
		}
		state, err := handshake(s, ca.Client(shop))
		if err != nil || serial(state) != renewed.Leaf.SerialNumber.String() {
			t.Errorf("after reload: got %s, %v", serial(state), err)
		}
	}
	close(stop)
	wg.Wait()

	if _, err := before.Write([]byte("still here")); err != nil {
		t.Error(err)
	}
	echo := make([]byte, len("still here"))
	if _, err := io.ReadFull(before, echo); err != nil || string(echo) != "still here" {
		t.Errorf("a connection from before the reloads: %q, %v", echo, err)
	}
}

// connect is a connection to an echoing server that presents s's certificates.
func connect(t *testing.T, s *Store, ca *certstest.CA) *tls.Conn {
	t.Helper()
	near, far := net.Pipe()
	var wg sync.WaitGroup
	wg.Go(func() {
		server := tls.Server(far, &tls.Config{GetCertificate: s.GetCertificate})
		io.Copy(server, server)
	})
	t.Cleanup(func() { near.Close(); far.Close(); wg.Wait() })
	client := tls.Client(near, ca.Client(shop))
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	return client
}

func TestRunLooksAtTheFilesEveryInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := certstest.NewCA(t)
		f := open(t, ca.Issue(t, certstest.Leaf{Names: []string{shop}}))
		renewed := ca.Issue(t, certstest.Leaf{Names: []string{shop}})
		events := make(chan Event, 10)
		start, stop := running(t, f, events)

		renewed.Write(t, filepath.Dir(f.options.Cert))
		if e := <-events; e.Err != nil || time.Since(start) != DefaultInterval {
			t.Errorf("got %+v after %v", e, time.Since(start))
		}
		certstest.WriteFile(t, f.options.Key, nil)
		if e := <-events; e.Err == nil || time.Since(start) != 3*DefaultInterval {
			t.Errorf("got %+v after %v", e, time.Since(start))
		}
		stop()
		serves(t, f, renewed)
	})
}

func TestStampHoldsOnlyForUnchangedSettledFiles(t *testing.T) {
	dir := t.TempDir()
	o := FileOptions{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	written := time.Now().Add(-time.Hour)
	write := func(content string) {
		for _, path := range []string{o.Cert, o.Key} {
			certstest.WriteFile(t, path, []byte(content))
			if err := os.Chtimes(path, written, written); err != nil {
				t.Fatal(err)
			}
		}
	}
	write("one")
	if now := time.Now(); !stampOf(o, now).holds(stampOf(o, now)) {
		t.Error("does not hold for untouched files")
	}
	if fresh := written.Add(settled); stampOf(o, fresh).holds(stampOf(o, fresh)) {
		t.Error("holds for files that were written just before")
	}
	first := stampOf(o, time.Now())
	write("two")
	if first.holds(stampOf(o, time.Now())) {
		t.Error("holds for renamed files of the same size and time")
	}
	second := stampOf(o, time.Now())
	if err := os.Remove(o.Key); err != nil {
		t.Fatal(err)
	}
	if second.holds(stampOf(o, time.Now())) {
		t.Error("holds for a file that is gone")
	}
}
