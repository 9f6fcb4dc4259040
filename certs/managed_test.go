package certs

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/certs/certstest"
)

// registry is an Authority whose CA does as a test wants.
type registry struct {
	t         *testing.T
	ca        *certstest.CA
	directory string
	life      time.Duration

	mu      sync.Mutex
	tries   []time.Time // when orders were begun
	issued  []time.Time
	invalid []time.Time                         // validations that failed
	act     func(o Order) *OrderError           // nil: issues
	wish    func(*x509.Certificate) RenewalInfo // nil: no wish
	running int
	twice   bool // two orders for one name were under way at once
}

func newRegistry(t *testing.T, directory string) *registry {
	return &registry{t: t, ca: certstest.NewCA(t).Intermediate(t, "E1"), directory: directory, life: 90 * 24 * time.Hour}
}

func (r *registry) Directory() string { return "https://" + r.directory + "/directory" }

func (r *registry) Obtain(ctx context.Context, o Order) ([]byte, error) {
	now := time.Now()
	r.mu.Lock()
	r.tries = append(r.tries, now)
	r.running++
	r.twice = r.twice || r.running > 1
	act := r.act
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		r.running--
		r.mu.Unlock()
	}()
	select {
	case <-time.After(5 * time.Second): // as an order takes
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if act != nil {
		if e := act(o); e != nil {
			e.Directory = r.Directory()
			r.mu.Lock()
			for range e.Invalid {
				r.invalid = append(r.invalid, time.Now())
			}
			r.mu.Unlock()
			return nil, e
		}
	}
	return r.issue(o.Name), nil
}

// works reports whether an order is under way.
func (r *registry) works() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.running > 0
}

func (r *registry) issue(name string) []byte {
	now := time.Now()
	p := r.ca.Issue(r.t, certstest.Leaf{Names: []string{name}, NotBefore: now, NotAfter: now.Add(r.life)})
	r.mu.Lock()
	r.issued = append(r.issued, now)
	r.mu.Unlock()
	return append(slices.Clone(p.KeyPEM), p.CertPEM...)
}

func (r *registry) RenewalInfo(_ context.Context, leaf *x509.Certificate) (RenewalInfo, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wish == nil {
		return RenewalInfo{}, nil
	}
	return r.wish(leaf), nil
}

func (r *registry) set(act func(Order) *OrderError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.act = act
}

func (r *registry) counts() (tries, issued int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.tries), len(r.issued)
}

// refuses is a CA that finds a validation failed.
func refuses(invalid int) func(Order) *OrderError {
	return func(Order) *OrderError {
		return &OrderError{Step: "prove control of the name", Type: "connection", Invalid: invalid,
			Cause: errors.New("Timeout during connect (likely firewall problem)"), Remedy: "open the port"}
	}
}

// house is a Managed in a Store.
type house struct {
	t      *testing.T
	m      *Managed
	store  *Store
	mu     sync.Mutex
	events []Event
	cancel func()
	ended  chan struct{}
}

func start(t *testing.T, o ManagedOptions) *house {
	t.Helper()
	m, err := NewManaged(o, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, m: m, ended: make(chan struct{})}
	h.store = NewStore(func(e Event) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.events = append(h.events, e)
	})
	h.store.Use("", m)
	ctx, cancel := context.WithCancel(t.Context())
	h.cancel = cancel
	go func() {
		defer close(h.ended)
		h.store.Run(ctx)
	}()
	return h
}

func (h *house) stop() {
	h.cancel()
	<-h.ended
}

// told is the events of a kind so far.
func (h *house) told(n News) (found []Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		if e.News == n {
			found = append(found, e)
		}
	}
	return found
}

// served is the serial number a client gets, or why it gets none.
func (h *house) served(name string) (string, error) {
	state, err := handshake(h.store, insecure(name))
	if err != nil {
		return "", err
	}
	return serial(state), nil
}

func options(v *Vault, authorities ...Authority) ManagedOptions {
	return ManagedOptions{Vault: v, Subjects: []Subject{{Name: shop, Authorities: authorities}}}
}

// "every configured name warmed up at start", "renewals supervised by a loop of
// our own": nobody ever asks for the names, and none is ever without a
// certificate that is valid for a while.
func TestNamesAreObtainedAndRenewedThoughNobodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		ca := newRegistry(t, "ca.example")
		o := options(NewVault(dir), ca)
		for _, name := range []string{"a.example.com", "b.example.com", "*.c.example.com"} {
			o.Subjects = append(o.Subjects, Subject{Name: name, Authorities: []Authority{ca}})
		}
		h := start(t, o)
		time.Sleep(time.Minute)
		for day := range 400 {
			for _, i := range h.store.Info(time.Now()) {
				if left := time.Until(i.NotAfter); left < 29*24*time.Hour {
					t.Fatalf("day %d: %s has %v left", day, i.Names, left)
				}
				if len(i.Warnings) > 0 {
					t.Fatalf("day %d: %v", day, i.Warnings)
				}
			}
			time.Sleep(24 * time.Hour)
		}
		h.stop()
		if _, issued := ca.counts(); issued > 4*8 {
			t.Errorf("%d certificates in 400 days", issued)
		}
		if n := len(h.told(NewsExpiring)); n > 0 {
			t.Errorf("%d alarms", n)
		}
		assertPrivate(t, dir)
	})
}

// "file permissions 0600/0700".
func assertPrivate(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(filepath.Join(dir, "certs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files++
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil || files < 3 {
		t.Errorf("%d files, %v", files, err)
	}
}

// A restart serves what was obtained, and orders nothing.
func TestARestartServesWhatWasObtained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		ca := newRegistry(t, "ca.example")
		h := start(t, options(NewVault(dir), ca))
		time.Sleep(time.Minute)
		first, err := h.served(shop)
		if err != nil {
			t.Fatal(err)
		}
		h.stop()
		for range 20 {
			h = start(t, options(NewVault(dir), ca))
			if again, err := h.served(shop); err != nil || again != first {
				t.Errorf("serves %s, %v; want %s", again, err, first)
			}
			time.Sleep(10 * time.Second)
			h.stop()
		}
		if tries, _ := ca.counts(); tries != 1 {
			t.Errorf("%d orders", tries)
		}
	})
}

// "attempts spaced (1 min growing to 24 h)", also over restarts.
func TestTriesAreSpacedOverRestarts(t *testing.T) {
	for _, restarts := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			ca := newRegistry(t, "ca.example")
			ca.set(func(Order) *OrderError { return &OrderError{Step: "order", Cause: errors.New("no")} })
			h := start(t, options(NewVault(dir), ca))
			for range 30 * 24 {
				time.Sleep(time.Hour)
				for ca.works() { // one that we interrupt is begun anew at once
					time.Sleep(time.Second)
				}
				if restarts {
					h.stop()
					h = start(t, options(NewVault(dir), ca))
				}
			}
			h.stop()
			// 1, 2, 4, … 1024 minutes are 12 tries in 34 hours, then one a day.
			if tries, _ := ca.counts(); tries < 35 || tries > 48 {
				t.Errorf("restarts %v: %d tries in 30 days", restarts, tries)
			}
			ca.mu.Lock()
			defer ca.mu.Unlock()
			for i, at := range ca.tries[1:] {
				pause := at.Sub(ca.tries[i])
				if want := min(firstPause<<i, lastPause); i < 11 && (pause < want*9/10 || pause > want*11/10+6*time.Second) {
					t.Errorf("restarts %v: pause %d is %v, want about %v", restarts, i, pause, want)
				}
				if pause > lastPause*11/10+time.Minute {
					t.Errorf("restarts %v: pause %d is %v", restarts, i, pause)
				}
			}
			if n := len(h.told(NewsFailure)); !restarts && n < 35 {
				t.Errorf("%d failures told", n)
			}
		})
	}
}

// "counted against the CA's failure quota over restarts": Let's Encrypt allows
// 5 failed validations an hour, whatever restarts and impatient people do.
func TestTheFailureQuotaIsKept(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		ca := newRegistry(t, "ca.example")
		h := start(t, options(NewVault(dir), ca))
		for range 400 {
			ca.set(refuses(1 + rnd.IntN(2)))
			time.Sleep(rand.N(10 * time.Minute))
			switch rnd.IntN(3) {
			case 0:
				h.stop()
				h = start(t, options(NewVault(dir), ca))
			case 1:
				h.m.Renew(shop, time.Now()) // may be refused
			}
		}
		h.stop()
		ca.mu.Lock()
		defer ca.mu.Unlock()
		for i, at := range ca.invalid {
			if i >= invalidPerHour && at.Sub(ca.invalid[i-invalidPerHour]) < time.Hour {
				t.Fatalf("6 failed validations within %v", at.Sub(ca.invalid[i-invalidPerHour]))
			}
		}
		if len(ca.invalid) < 20 {
			t.Errorf("only %d validations failed", len(ca.invalid))
		}
	})
}

// "429 obeyed with a cap".
func TestA429IsObeyedWithACap(t *testing.T) {
	for _, test := range []struct{ said, kept time.Duration }{
		{3 * time.Hour, 3 * time.Hour}, {1000 * time.Hour, 24 * time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			ca := newRegistry(t, "ca.example")
			ca.set(func(Order) *OrderError {
				return &OrderError{Step: "order", Type: "rateLimited", Status: 429, Cause: errors.New("too many"), RetryAfter: test.said}
			})
			h := start(t, options(NewVault(dir), ca))
			time.Sleep(time.Minute)
			ca.set(nil)
			if at, err := h.m.Renew(shop, time.Now()); err == nil || at.Before(time.Now().Add(test.kept-2*time.Minute)) {
				t.Errorf("may be renewed at %v, %v", at, err)
			}
			h.stop()
			h = start(t, options(NewVault(dir), ca))
			time.Sleep(test.kept - 2*time.Minute)
			if tries, _ := ca.counts(); tries != 1 {
				t.Errorf("said %v: %d tries before %v", test.said, tries, test.kept)
			}
			time.Sleep(5 * time.Minute)
			if _, issued := ca.counts(); issued != 1 {
				t.Errorf("said %v: not obtained after %v", test.said, test.kept)
			}
			h.stop()
		})
	}
}

// "second directory when the first fails for long".
func TestASecondDirectoryIsAskedWhenTheFirstFailsForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newRegistry(t, "first.example"), newRegistry(t, "second.example")
		away := func(Order) *OrderError { return &OrderError{Step: "order", Cause: errors.New("no answer")} }
		first.set(away)
		h := start(t, options(NewVault(t.TempDir()), first, second))
		time.Sleep(50 * time.Minute)
		if tries, _ := second.counts(); tries != 0 {
			t.Errorf("the second was asked %d times within the first hour", tries)
		}
		time.Sleep(4 * time.Hour)
		if _, issued := second.counts(); issued != 1 {
			t.Errorf("the second has issued %d", issued)
		}
		if source := h.store.Info(time.Now())[0].Source; !strings.Contains(source, "second.example") {
			t.Errorf("the source is %q", source)
		}
		// With weeks left the first has a day to come back.
		second.set(away)
		time.Sleep(60 * 24 * time.Hour)
		before, _ := second.counts()
		first.set(nil)
		time.Sleep(4 * 24 * time.Hour)
		if _, issued := first.counts(); issued != 1 || before == 0 {
			t.Errorf("the first has issued %d", issued)
		}
		h.stop()
	})
}

// "a full or unwritable disk is an alarm and keeps serving", "never loses a new
// certificate (memory, then disk)".
func TestADiskThatFillsDuringAnOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := NewVault(t.TempDir())
		good, full := v.write, errors.New("no space left on device")
		ca := newRegistry(t, "ca.example")
		ca.set(func(Order) *OrderError { // between the order and its certificate
			v.saving.Lock()
			v.write = func(string, []byte) error { return full }
			v.saving.Unlock()
			return nil
		})
		h := start(t, options(v, ca))
		time.Sleep(3 * time.Hour)
		if _, err := h.served(shop); err != nil {
			t.Errorf("not served: %v", err)
		}
		if tries, _ := ca.counts(); tries != 1 {
			t.Errorf("%d orders", tries)
		}
		if n := len(h.told(NewsUnstored)); n < 3 || n > 4 {
			t.Errorf("%d alarms in 3 hours", n)
		}
		if e := h.told(NewsUnstored)[0]; !errors.Is(e.Err, full) || e.Remedy == "" {
			t.Errorf("the alarm is %+v", e)
		}
		v.saving.Lock()
		v.write = good
		v.saving.Unlock()
		time.Sleep(2 * time.Minute)
		if n := len(h.told(NewsStored)); n != 1 {
			t.Errorf("%d all-clears", n)
		}
		h.stop()
		h = start(t, options(NewVault(filepath.Dir(v.dir)), ca))
		if _, err := h.served(shop); err != nil {
			t.Errorf("not stored: %v", err)
		}
		h.stop()
	})
}

// What cannot be stored is not ordered while there is time; without a
// certificate, it is.
func TestADiskThatIsFullBeforeAnOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := NewVault(t.TempDir())
		good := v.write
		v.write = func(string, []byte) error { return errors.New("read-only file system") }
		ca := newRegistry(t, "ca.example")
		h := start(t, options(v, ca))
		time.Sleep(time.Minute)
		if _, err := h.served(shop); err != nil {
			t.Errorf("without a certificate: %v", err)
		}
		time.Sleep(80 * 24 * time.Hour)
		if tries, _ := ca.counts(); tries != 1 {
			t.Errorf("%d orders with days left", tries)
		}
		if n := len(h.told(NewsExpiring)); n < 3 {
			t.Errorf("%d alarms for a certificate that ends soon", n)
		}
		time.Sleep(10*24*time.Hour - 2*time.Hour)
		if tries, _ := ca.counts(); tries != 2 {
			t.Errorf("%d orders hours before the end", tries)
		}
		v.saving.Lock()
		v.write = good
		v.saving.Unlock()
		h.stop()
	})
}

// A disk with room for little things only: the order waits, and somebody is
// told.
func TestADiskWithoutRoomForACertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := NewVault(t.TempDir())
		ca := newRegistry(t, "ca.example")
		h := start(t, options(v, ca))
		time.Sleep(time.Minute)
		v.saving.Lock()
		good := v.write
		v.write = func(path string, b []byte) error {
			if len(b) > 4096 {
				return errors.New("no space left on device")
			}
			return good(path, b)
		}
		v.saving.Unlock()
		time.Sleep(70 * 24 * time.Hour)
		if tries, _ := ca.counts(); tries != 1 {
			t.Errorf("%d orders", tries)
		}
		if n := len(h.told(NewsUnstored)); n == 0 {
			t.Error("nobody was told")
		}
		v.saving.Lock()
		v.write = good
		v.saving.Unlock()
		time.Sleep(15 * time.Minute)
		if tries, _ := ca.counts(); tries != 2 || len(h.told(NewsStored)) == 0 {
			t.Errorf("%d orders when there was room again", tries)
		}
		h.stop()
	})
}

// "a lock so that two processes on one state_dir never order twice".
func TestTwoProcessesOnOneStateDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		ca := newRegistry(t, "ca.example")
		a := start(t, options(NewVault(dir), ca))
		synctest.Wait()
		b := start(t, options(NewVault(dir), ca))
		time.Sleep(time.Minute)
		one, err := a.served(shop)
		if two, err2 := b.served(shop); err != nil || err2 != nil || one != two {
			t.Errorf("they serve %s and %s, %v, %v", one, two, err, err2)
		}
		if tries, _ := ca.counts(); tries != 1 || ca.twice {
			t.Errorf("%d orders", tries)
		}
		if n := len(b.told(NewsFollowing)); n != 1 {
			t.Errorf("told %d times that another orders", n)
		}
		if _, err := b.m.Renew(shop, time.Now()); err == nil || !strings.Contains(err.Error(), "process") {
			t.Errorf("renewed where another orders: %v", err)
		}
		a.stop()
		time.Sleep(100 * 24 * time.Hour)
		if tries, _ := ca.counts(); tries != 2 {
			t.Errorf("%d orders after the other took over", tries)
		}
		if n := len(b.told(NewsTakenOver)); n != 1 {
			t.Errorf("told %d times that it took over", n)
		}
		b.stop()
	})
}

// A process that is killed during an order leaves its record behind: the order
// is begun again at once, but not without pause when that happens again.
func TestOrdersThatAreKilledAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := NewVault(t.TempDir())
		ca := newRegistry(t, "ca.example")
		for range 60 { // a minute apart
			h := start(t, options(v, ca))
			time.Sleep(time.Second)
			h.m.mu.Lock()
			text := h.m.subjects[0].record.text() // as a killed process leaves it
			h.m.mu.Unlock()
			h.stop()
			v.Put(recordKey(shop), text)
			time.Sleep(time.Minute)
		}
		if tries, _ := ca.counts(); tries < 2 || tries > 10 {
			t.Errorf("%d tries in an hour of being killed each minute", tries)
		}
	})
}

func TestAPersonCanRenewWithinTheLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newRegistry(t, "ca.example")
		h := start(t, options(NewVault(t.TempDir()), ca))
		defer h.stop()
		if _, err := h.m.Renew("unknown.example.com", time.Now()); err == nil {
			t.Error("an unknown name is renewed")
		}
		time.Sleep(time.Minute)
		before, _ := h.served(shop)
		if _, err := h.m.Renew("SHOP.example.com.", time.Now()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if after, err := h.served(shop); err != nil || after == before {
			t.Errorf("serves %s still, %v", after, err)
		}
		for range 100 {
			h.m.Renew(shop, time.Now())
			time.Sleep(time.Minute)
		}
		if _, issued := ca.counts(); issued != issuedPerWeek {
			t.Errorf("%d certificates by an impatient person", issued)
		}
	})
}

// "ARI": the CA's wish is followed; a wish that never ends is, once a day.
func TestTheCAsWishIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newRegistry(t, "ca.example")
		day := 24 * time.Hour
		ca.wish = func(leaf *x509.Certificate) RenewalInfo {
			return RenewalInfo{Start: leaf.NotBefore.Add(10 * day), End: leaf.NotBefore.Add(11 * day)}
		}
		h := start(t, options(NewVault(t.TempDir()), ca))
		time.Sleep(100 * day)
		if _, issued := ca.counts(); issued < 9 || issued > 11 {
			t.Errorf("%d certificates in 100 days, with one wished for every ten", issued)
		}
		ca.mu.Lock()
		ca.wish = func(leaf *x509.Certificate) RenewalInfo { // at once, for ever
			return RenewalInfo{Start: leaf.NotBefore.Add(-time.Hour), End: leaf.NotBefore, AskAgain: time.Second}
		}
		before := len(ca.issued)
		ca.mu.Unlock()
		time.Sleep(28 * day)
		if _, issued := ca.counts(); issued-before > 4*issuedPerWeek+1 {
			t.Errorf("%d certificates in 4 weeks", issued-before)
		}
		h.stop()
	})
}

// A CA cannot talk us into letting a certificate expire.
func TestAWishBeyondTheEndIsNotFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newRegistry(t, "ca.example")
		ca.wish = func(leaf *x509.Certificate) RenewalInfo {
			return RenewalInfo{Start: leaf.NotAfter.Add(time.Hour), End: leaf.NotAfter.Add(2 * time.Hour)}
		}
		h := start(t, options(NewVault(t.TempDir()), ca))
		time.Sleep(89 * 24 * time.Hour)
		if _, issued := ca.counts(); issued != 2 {
			t.Errorf("%d certificates", issued)
		}
		h.stop()
	})
}

// "an expired certificate is renewed or loudly alarmed, never silently served
// for weeks".
func TestACertificateThatExpiresIsAlarmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		ca := newRegistry(t, "ca.example")
		h := start(t, options(NewVault(dir), ca))
		time.Sleep(time.Minute)
		ca.set(refuses(1))
		time.Sleep(90 * 24 * time.Hour)
		alarms := h.told(NewsExpiring)
		if len(alarms) < 13 || len(alarms) > 20 {
			t.Errorf("%d alarms before the end", len(alarms))
		}
		if last := alarms[len(alarms)-1]; !strings.Contains(last.Err.Error(), "firewall") || last.Remedy != "open the port" {
			t.Errorf("the alarm does not say why: %v; %s", last.Err, last.Remedy)
		}
		time.Sleep(24 * time.Hour)
		if n := len(h.told(NewsExpiring)) - len(alarms); n < 23 {
			t.Errorf("%d alarms in the day after the end", n)
		}
		ca.set(nil)
		time.Sleep(30 * time.Hour)
		if i := h.store.Info(time.Now())[0]; i.Expired(time.Now()) {
			t.Error("not renewed when the CA was back")
		}
		h.stop()
	})
}

// "a handshake for a name whose certificate is still being ordered gets an
// answer at once".
func TestAHandshakeDoesNotWaitForAnOrder(t *testing.T) {
	for _, standIn := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			ca := newRegistry(t, "ca.example")
			o := options(NewVault(t.TempDir()), ca)
			o.StandIn = standIn
			h := start(t, o)
			before := time.Now()
			_, err := h.served(shop)
			if waited := time.Since(before); waited != 0 {
				t.Errorf("waited %v", waited)
			}
			if standIn != (err == nil) {
				t.Errorf("stand-in %v: %v", standIn, err)
			}
			synctest.Wait() // for the order to be begun
			if i := h.store.Info(time.Now())[0]; i.StandIn != standIn || !i.Ordering {
				t.Errorf("stand-in %v: %+v", standIn, i)
			}
			time.Sleep(time.Minute)
			if _, err := h.served(shop); err != nil {
				t.Errorf("stand-in %v: %v", standIn, err)
			}
			if i := h.store.Info(time.Now())[0]; i.StandIn || i.Issuer != "E1" {
				t.Errorf("stand-in %v: %+v", standIn, i)
			}
			h.stop()
		})
	}
}

// What was obtained while a test directory was configured is replaced.
func TestACertificateOfADirectoryNoLongerAskedIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		staging, production := newRegistry(t, "staging.example"), newRegistry(t, "production.example")
		h := start(t, options(NewVault(dir), staging))
		time.Sleep(time.Minute)
		h.stop()
		h = start(t, options(NewVault(dir), production))
		if _, err := h.served(shop); err != nil {
			t.Errorf("the old one is not served meanwhile: %v", err)
		}
		time.Sleep(time.Minute)
		if _, issued := production.counts(); issued != 1 {
			t.Errorf("%d certificates", issued)
		}
		h.stop()
	})
}

// Damaged files are as good as none.
func TestDamagedFilesAreReplaced(t *testing.T) {
	for _, key := range []string{certificateKey(shop), recordKey(shop), orderKey(shop)} {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			ca := newRegistry(t, "ca.example")
			v := NewVault(dir)
			h := start(t, options(v, ca))
			time.Sleep(time.Minute)
			h.stop()
			if err := os.WriteFile(v.path(key), []byte("\x00 not what it was"), 0o600); err != nil {
				t.Fatal(err)
			}
			h = start(t, options(NewVault(dir), ca))
			time.Sleep(time.Minute)
			if _, err := h.served(shop); err != nil {
				t.Errorf("%s: %v", key, err)
			}
			h.stop()
		})
	}
}

// A clock that ran ahead when the record was written.
func TestARecordFromTheFutureDoesNotStopOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newRegistry(t, "ca.example")
		v := NewVault(t.TempDir())
		future := time.Now().Add(10 * 365 * 24 * time.Hour)
		r := record{Name: shop, Failures: 3, NextTry: future, Blocked: map[string]time.Time{ca.Directory(): future},
			Invalid: []time.Time{future, future, future, future, future}, Issued: []time.Time{future, future, future, future}}
		v.Put(recordKey(shop), r.text())
		h := start(t, options(v, ca))
		time.Sleep(2 * 24 * time.Hour)
		if _, err := h.served(shop); err != nil {
			t.Error(err)
		}
		h.stop()
	})
}

// A certificate for other names, or no certificate at all, is not taken.
func TestWhatTheCASendsIsChecked(t *testing.T) {
	ca := newRegistry(t, "ca.example")
	other := ca.issue("other.example.com")
	good := ca.issue(shop)
	for name, text := range map[string][]byte{
		"nothing": nil, "garbage": []byte("garbage"), "for another name": other,
		"another key": append(bytes.Clone(other[:bytes.Index(other, []byte("-----BEGIN CERT"))]), good[bytes.Index(good, []byte("-----BEGIN CERT")):]...),
		"cut":         good[:len(good)-40],
	} {
		if _, err := parseObtained(shop, text); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := parseObtained(shop, good); err != nil {
		t.Error(err)
	}
}
