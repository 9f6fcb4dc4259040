package server

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/config"
)

// keeping returns maintenances that are kept in a file of the test's.
func keeping(t *testing.T) (m *maintenances, d *diary) {
	t.Helper()
	d = &diary{}
	return newMaintenances(maintenanceFile(t.TempDir()), slog.New(slog.NewTextHandler(d, nil)), nil), d
}

// again is what the next life finds.
func (m *maintenances) again(now time.Time) *maintenances {
	next := newMaintenances(m.path, m.errlog, nil)
	next.load(func(host string) (string, error) {
		if strings.HasPrefix(host, "gone.") {
			return "", errors.New("no such site")
		}
		return host, nil
	}, now)
	return next
}

var night = time.Date(2026, 12, 1, 23, 0, 0, 0, time.UTC)

// "kept in memory AND in state_dir (survives restart)".
func TestARestartFindsMaintenanceAsItWas(t *testing.T) {
	m, d := keeping(t)
	for name, until := range map[string]time.Time{
		"shop.example.com": {}, "www.example.com": night.Add(time.Hour), "soon.example.com": night.Add(time.Minute), "gone.example.com": {}, "off.example.com": {},
	} {
		if err := m.begin(name, until, night); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.end("off.example.com", night); err != nil {
		t.Fatal(err)
	}
	want := []MaintenanceStatus{
		{Site: "shop.example.com", Since: night},
		{Site: "www.example.com", Since: night, Until: night.Add(time.Hour)},
	}
	later := night.Add(2 * time.Minute)
	next := m.again(later)
	if got := next.list(later); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, on := next.of("shop.example.com").On(later); !on {
		t.Error("the Site's requests are not told")
	}
	for _, line := range []string{
		"as before the restart\" site=shop.example.com", "not configured any more\" site=gone.example.com", "has ended at its time, site is open again\" site=soon.example.com",
	} {
		if !d.has(line) {
			t.Errorf("no %q in\n%s", line, d)
		}
	}
	if info, err := os.Stat(m.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// A second "on" is for another end, and does not begin anew.
func TestMaintenanceMayBeProlonged(t *testing.T) {
	m, _ := keeping(t)
	m.begin("shop.example.com", night.Add(time.Minute), night)
	m.begin("shop.example.com", night.Add(time.Hour), night.Add(30*time.Second))
	want := []MaintenanceStatus{{Site: "shop.example.com", Since: night, Until: night.Add(time.Hour)}}
	if got := m.list(night.Add(2 * time.Minute)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// "ends it by itself", and that is told, though nobody asks.
func TestTheEndOfMaintenanceIsTold(t *testing.T) {
	m, d := keeping(t)
	synctest.Test(t, func(t *testing.T) {
		go m.run(t.Context())
		m.begin("shop.example.com", time.Now().Add(10*time.Minute), time.Now())
		time.Sleep(10*time.Minute - time.Second)
		synctest.Wait()
		if len(m.list(time.Now())) != 1 || d.has("has ended") {
			t.Errorf("it has ended early:\n%s", d)
		}
		time.Sleep(time.Second)
		if len(m.list(time.Now())) != 0 {
			t.Error("it has not ended at its time")
		}
		time.Sleep(maintenanceEvery)
		synctest.Wait()
		if !d.has("maintenance has ended at its time, site is open again\" site=shop.example.com closed=1") {
			t.Errorf("it was not told:\n%s", d)
		}
		if stored, err := readMaintenance(m.path); err != nil || len(stored) != 0 {
			t.Errorf("the file says %v, %v", stored, err)
		}
	})
}

// "a full disk is reported, not fatal".
func TestMaintenanceThatCannotBeStoredIsInForce(t *testing.T) {
	m, d := keeping(t)
	folder := filepath.Dir(m.path)
	if err := os.WriteFile(folder, nil, 0o600); err != nil { // a file is in the folder's place
		t.Fatal(err)
	}
	for range 2 {
		if m.begin("shop.example.com", time.Time{}, night) == nil {
			t.Fatal("no error")
		}
	}
	if _, on := m.of("shop.example.com").On(night); !on {
		t.Error("it is not in force")
	}
	m.tidy(night)
	if n := strings.Count(d.String(), "cannot be stored"); n != 1 {
		t.Errorf("told %d times:\n%s", n, d)
	}
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	m.tidy(night)
	if stored, err := readMaintenance(m.path); err != nil || len(stored) != 1 || !d.has("is stored again") {
		t.Errorf("%v, %v\n%s", stored, err, d)
	}
}

// "What cannot be read closes nothing", and nothing is fatal.
func TestADamagedFileClosesNothing(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON": "[", "another JSON": `{"site":"shop.example.com"}`, "a wrong time": `[{"site":"shop.example.com","since":"now"}]`,
	} {
		m, d := keeping(t)
		if err := os.MkdirAll(filepath.Dir(m.path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(m.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if next := m.again(night); len(next.list(night)) != 0 || !d.has("all are open") {
			t.Errorf("%s: %v\n%s", name, next.list(night), d)
		}
	}
}

func TestWithoutAStateDirNothingIsWritten(t *testing.T) {
	m := newMaintenances(maintenanceFile(""), slog.New(slog.DiscardHandler), nil)
	if err := m.begin("shop.example.com", time.Time{}, night); err != nil {
		t.Error(err)
	}
	m.load(nil, night)
	if got := m.list(night); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

// named returns a Server for Sites with these hosts each; it does not run.
func named(t *testing.T, sites ...string) *Server {
	t.Helper()
	text := "[server]\nhttps = \"\"\nstate_dir = \"" + t.TempDir() + "\"\n[log]\naccess = \"off\"\n"
	for _, hosts := range sites {
		text += "[[site]]\nhosts = [\"" + strings.ReplaceAll(hosts, " ", "\", \"") + "\"]\ntls = \"off\"\nupstream = \"127.0.0.1:1\"\n"
	}
	cfg, err := config.Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// "by its name or any of its hosts"; "Unknown site: error listing the known
// ones."
func TestASiteIsNamedByItsHosts(t *testing.T) {
	s := named(t, "shop.example.com www.shop.example.com *.shop.example.com", "2001:db8::1")
	for host, want := range map[string]string{
		"shop.example.com": "shop.example.com", "WWW.shop.example.com": "shop.example.com", "shop.example.com.": "shop.example.com",
		"*.shop.example.com": "shop.example.com", "2001:db8::1": "2001:db8::1", "[2001:DB8::1]": "2001:db8::1",
	} {
		if said, err := s.BeginMaintenance(host, time.Time{}); err != nil || said != want+": under maintenance until it is turned off" {
			t.Errorf("%s: %q, %v", host, said, err)
		}
		if got := s.Maintenance(); len(got) != 1 || got[0].Site != want {
			t.Errorf("%s: %v", host, got)
		}
		if said, err := s.EndMaintenance(host); err != nil || said != want+": open" {
			t.Errorf("%s: %q, %v", host, said, err)
		}
	}
	const unknown = `no site has the host "example.com"; there are shop.example.com, 2001:db8::1`
	if _, err := s.BeginMaintenance("example.com", time.Time{}); err == nil || err.Error() != unknown {
		t.Errorf("got %v", err)
	}
	if _, err := s.EndMaintenance("example.com"); err == nil || err.Error() != unknown {
		t.Errorf("got %v", err)
	}
}

func TestAnEndMustBeToCome(t *testing.T) {
	s := named(t, "shop.example.com")
	for _, until := range []time.Time{time.Now().Add(-time.Second), time.Unix(0, 0), time.Now().Add(2 * longestMaintenance), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if said, err := s.BeginMaintenance("shop.example.com", until); err == nil || len(s.Maintenance()) != 0 {
			t.Errorf("%v: %q", until, said)
		}
	}
	if _, err := s.BeginMaintenance("shop.example.com", time.Now().Add(time.Hour)); err != nil || len(s.Maintenance()) != 1 {
		t.Error(err)
	}
	if _, err := os.Stat(s.maintenances.path); errors.Is(err, fs.ErrNotExist) {
		t.Error("nothing was stored")
	}
}

// Many names are not all told.
func TestManySitesAreNotAllListed(t *testing.T) {
	var hosts []string
	for i := range 30 {
		hosts = append(hosts, "s"+strings.Repeat("x", i)+".example.com")
	}
	_, err := named(t, hosts...).EndMaintenance("none")
	if err == nil || !strings.HasSuffix(err.Error(), ", and 10 more") {
		t.Errorf("got %v", err)
	}
}
