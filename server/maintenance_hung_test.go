package server

import (
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/statedir"
)

// hungDisk takes a file when it is released. It is written to by one at a time.
type hungDisk struct {
	reached, release chan struct{}
	busy, twice      atomic.Bool
}

func newHungDisk() *hungDisk {
	return &hungDisk{reached: make(chan struct{}, 10), release: make(chan struct{})}
}

func (d *hungDisk) replace(path string, text []byte) error {
	if !d.busy.CompareAndSwap(false, true) {
		d.twice.Store(true)
	}
	defer d.busy.Store(false)
	d.reached <- struct{}{}
	<-d.release
	return statedir.Write(path, text)
}

// Whoever looks how Sluice is, because something is the matter with the disk, is
// answered, and so is who comes to a Site.
func TestNobodyWhoLooksWaitsForAHungDisk(t *testing.T) {
	s := listening(t, "state_dir = \""+t.TempDir()+"\"", plainSite(app(t, answering(hello))))
	d := newHungDisk()
	s.maintenances.replace = d.replace
	s.run()
	until(t, "it serves", func() bool { return s.diary.has("msg=serving") })
	changed := make(chan string, 1)
	admin := "http://" + s.Admin().String()
	go func() {
		_, said := act(t, admin+"/maintenance/on?site=shop.example.com", "")
		changed <- said
	}()
	within(t, "the write", d.reached)
	client := &http.Client{Timeout: patience}
	for _, page := range []string{"/status", "/maintenance", "/healthz", "/readyz", "/metrics", "/certs", "/pools"} {
		if status, _, _ := fetch(t, client, admin+page); status != 200 {
			t.Errorf("%s: %d", page, status)
		}
	}
	if got := ask(t, s.HTTP(), get); !strings.HasPrefix(got, "HTTP/1.1 503 ") {
		t.Errorf("answer under maintenance: %q", got)
	}
	close(d.release)
	if said := within(t, "who has begun it", changed); said != "shop.example.com: under maintenance until it is turned off\n" {
		t.Errorf("said %q", said)
	}
}

// Who changes something is told in time that it is in force but not stored; there
// is one writer, and in the end the file says what is.
func TestMaintenanceWhileTheDiskHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, told := keeping(t)
		d := newHungDisk()
		m.replace = d.replace
		for name, until := range map[string]time.Time{"shop.example.com": {}, "www.example.com": time.Now().Add(time.Minute)} {
			began := time.Now()
			if err := m.begin(name, until, began); err != errHung || time.Since(began) != storePatience {
				t.Errorf("%v after %v", err, time.Since(began))
			}
			if _, on := m.of(name).On(time.Now()); !on || len(m.lost()) != 1 {
				t.Errorf("%s is not in force, or %q not told", name, m.lost())
			}
		}
		close(d.release)
		synctest.Wait()
		if len(m.lost()) != 1 {
			t.Error("what was written is older than what is, and taken for it")
		}
		m.tidy(time.Now())
		if stored, err := readMaintenance(m.path); err != nil || len(stored) != 2 || len(m.lost()) != 0 {
			t.Errorf("%v, %v; %q", stored, err, m.lost())
		}
		if d.twice.Load() {
			t.Error("two have written at a time")
		}
		for _, line := range []string{"cannot be stored", "is stored again"} {
			if n := strings.Count(told.String(), line); n != 1 {
				t.Errorf("%q %d times:\n%s", line, n, told)
			}
		}
	})
}

// A successor begins when what we write is on the disk, or the disk hangs; from
// then on we write nothing.
func TestLeavingWhileTheFileIsWritten(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after time.Duration // that the disk answers
		waits time.Duration
	}{
		{"the disk answers", leavePatience / 2, leavePatience / 2},
		{"it hangs", time.Hour, leavePatience},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, _ := keeping(t)
				d := newHungDisk()
				m.replace = d.replace
				time.AfterFunc(tt.after, func() { close(d.release) })
				go m.begin("shop.example.com", time.Time{}, time.Now())
				synctest.Wait()
				began := time.Now()
				if all := m.leave(began); len(all) != 1 || time.Since(began) != tt.waits {
					t.Errorf("%v after %v, want %v", all, time.Since(began), tt.waits)
				}
				time.Sleep(2 * time.Hour)
				if err := os.Remove(m.path); err != nil {
					t.Fatal(err)
				}
				m.tidy(time.Now())
				if _, err := os.Stat(m.path); err == nil {
					t.Error("written though it is another's")
				}
			})
		})
	}
}

// What the process before could not store, its successor does.
func TestASuccessorStoresMaintenance(t *testing.T) {
	m, _ := keeping(t)
	m.adopt([]MaintenanceStatus{{Site: "shop.example.com", Since: night}}, func(host string) (string, error) { return host, nil }, night)
	m.tidy(night)
	if stored, err := readMaintenance(m.path); err != nil || len(stored) != 1 {
		t.Errorf("%v, %v", stored, err)
	}
}
