package certs

import (
	"testing"
	"time"
)

// hangs makes the disk under v hang. Whoever writes sends to reached, and goes on
// when release is closed.
func hangs(v *Vault) (reached chan string, release chan struct{}) {
	good := v.write
	reached, release = make(chan string), make(chan struct{})
	v.write = func(path string, b []byte) error {
		select {
		case reached <- path:
		case <-release:
		}
		<-release
		return good(path, b)
	}
	return reached, release
}

// comes returns what comes.
func comes[T any](t *testing.T, what string, from <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(10 * time.Second):
		t.Fatalf("waited in vain: %s", what)
	}
	return got
}

// "Nobody who holds mu waits for it": whoever looks how we are, and whoever comes
// to be served, is answered while the disk answers nobody.
func TestNobodyWhoLooksWaitsForAHungDisk(t *testing.T) {
	v := NewVault(t.TempDir())
	reached, release := hangs(v)
	h := start(t, options(v, newRegistry(t, "ca.example"))) // an order is due, and its record is written first
	defer h.stop()
	defer close(release)
	comes(t, "something is written", reached)
	looked := make(chan []Info, 1)
	go func() {
		v.Failure()
		h.m.Certificates()
		looked <- h.m.Info(time.Now())
	}()
	if got := comes(t, "who looks sees something", looked); len(got) != 1 || !got[0].Ordering {
		t.Errorf("shown as %+v", got)
	}
	if _, err := h.m.Renew(shop, time.Now()); err == nil {
		t.Error("ordered twice")
	}
}

// What is put while the disk hangs is there at once, and is on the disk in the
// end, whatever was being written when it came.
func TestWhatIsPutWhileTheDiskHangs(t *testing.T) {
	dir := t.TempDir()
	v := NewVault(dir)
	reached, release := hangs(v)
	ended := make(chan bool, 2)
	go func() { v.Put("a", []byte("one")); ended <- true }()
	comes(t, "it is written", reached)
	v.remember("a", []byte("two")) // as the next Put does, before it waits
	if got, err := v.Get("a"); err != nil || string(got) != "two" {
		t.Errorf("%q, %v", got, err)
	}
	go func() { v.Save(); ended <- true }()
	close(release)
	comes(t, "the end of the one", ended)
	comes(t, "the end of the other", ended)
	if got, err := NewVault(dir).Get("a"); err != nil || string(got) != "two" {
		t.Errorf("on the disk: %q, %v", got, err)
	}
}
