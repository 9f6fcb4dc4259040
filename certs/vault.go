package certs

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sluice/statedir"
)

// maxKept bounds what is read of a file of the Vault. A chain with its key is
// 10 KiB.
const maxKept = 1 << 20

// errDamaged: a file of the Vault cannot be read as what it should be.
var errDamaged = errors.New("the file is damaged")

// Vault keeps what was obtained from CAs: certificates with their keys, account
// keys, and what is known of the orders. Putting something there cannot fail:
// what the disk does not take stays in memory, is what Get returns, and is
// tried again by Save. So a full disk loses no certificate while we live, and
// Failure says that there is a reason for alarm. A Vault outlives reloads; its
// methods may be called from several goroutines.
type Vault struct {
	dir   string                            // "": memory only
	write func(path string, b []byte) error // fixed; statedir.Write

	// saving is held by who writes to the disk, for as long as that takes. Nobody
	// who holds mu waits for it.
	saving sync.Mutex

	mu      sync.Mutex // never held while the disk is waited for: Failure is asked by whoever looks how we are
	unsaved map[string]*unsaved
	failure error     // why the disk does not take what it should; nil: it does
	since   time.Time // when that began
}

// unsaved is what is to be under a key; nil bytes: nothing.
type unsaved struct{ b []byte }

// NewVault returns the Vault in the folder certs of stateDir. Nothing is read
// or written yet.
func NewVault(stateDir string) *Vault {
	return &Vault{dir: filepath.Join(stateDir, "certs"), write: statedir.Write, unsaved: make(map[string]*unsaved)}
}

// Get returns what was put under key last, and fs.ErrNotExist if nothing was.
func (v *Vault) Get(key string) ([]byte, error) {
	v.mu.Lock()
	u := v.unsaved[key]
	v.mu.Unlock()
	switch {
	case u == nil:
		return statedir.Read(v.path(key), maxKept)
	case u.b == nil:
		return nil, fs.ErrNotExist
	}
	return u.b, nil
}

// Put keeps b, which must not change any more, under key.
func (v *Vault) Put(key string, b []byte) {
	v.remember(key, b)
	v.Save()
}

// Delete forgets what is kept under key.
func (v *Vault) Delete(key string) {
	v.remember(key, nil)
	v.Save()
}

func (v *Vault) remember(key string, b []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.unsaved[key] = &unsaved{b}
}

// Save writes what the disk has not taken yet.
func (v *Vault) Save() {
	v.saving.Lock()
	defer v.saving.Unlock()
	v.note(v.save(), time.Now())
}

// Failure returns why the disk does not take what it should, and since when;
// nil when all is on the disk, and there is room for more.
func (v *Vault) Failure() (since time.Time, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.since, v.failure
}

// Probe reports whether the disk would take a certificate now, by writing as
// much. It is asked before an order, since the CA counts what it has issued.
// That it would not is a Failure until it would.
func (v *Vault) Probe() error {
	v.saving.Lock()
	defer v.saving.Unlock()
	err := v.probe()
	v.note(err, time.Now())
	return err
}

// probe needs saving.
func (v *Vault) probe() error {
	path := v.path("probe")
	err := v.write(path, make([]byte, 16<<10))
	os.Remove(path)
	return err
}

// save needs saving. Nobody is kept waiting for long: handshakes never ask the
// Vault.
func (v *Vault) save() (failure error) {
	v.mu.Lock()
	due, failing := maps.Clone(v.unsaved), v.failure != nil
	v.mu.Unlock()
	failure = v.saveEach(due, func(b []byte) bool { return b != nil }, v.write)
	if failure == nil {
		// Only now: an order that a certificate came from must not go before
		// the certificate is on the disk.
		failure = v.saveEach(due, func(b []byte) bool { return b == nil }, func(path string, _ []byte) error {
			if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		})
	}
	if failure == nil && failing {
		failure = v.probe() // there may be room for little things only
	}
	return failure
}

// saveEach does what is due, of those that are meant. It needs saving.
func (v *Vault) saveEach(due map[string]*unsaved, meant func([]byte) bool, do func(path string, b []byte) error) (failure error) {
	for key, u := range due {
		if !meant(u.b) {
			continue
		}
		if err := do(v.path(key), u.b); err != nil {
			failure = err
			continue
		}
		v.saved(key, u)
	}
	return failure
}

// saved notes that the disk has u, unless there is something newer by now.
func (v *Vault) saved(key string, u *unsaved) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.unsaved[key] == u {
		delete(v.unsaved, key)
	}
}

func (v *Vault) note(failure error, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case failure == nil:
		v.since = time.Time{}
	case v.failure == nil:
		v.since = now
	}
	v.failure = failure
}

// path is where key is kept. A key may have one folder.
func (v *Vault) path(key string) string { return filepath.Join(v.dir, key) }

// The keys of what belongs to a name.
func certificateKey(name string) string { return statedir.Name(name, ".pem") }
func recordKey(name string) string      { return statedir.Name(name, ".json") }
func orderKey(name string) string       { return statedir.Name(name, ".order") }

// AccountKey is the key under which the account at a directory is kept.
func AccountKey(directory string) string {
	return filepath.Join("accounts", statedir.Name(directory, ".account"))
}
