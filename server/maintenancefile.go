package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"sluice/statedir"
)

// errHung: the disk may take it still, when it answers again.
var errHung = fmt.Errorf("the disk has not answered within %v", storePatience)

const (
	// maintenanceEvery is how often it is looked for what is due. An end is in
	// force by itself; this is for telling of it, and for the disk.
	maintenanceEvery = time.Minute
	// storePatience is how long who changes something waits for the disk.
	storePatience = 5 * time.Second
	// leavePatience is how long a successor's clients wait for it.
	leavePatience = time.Second
	// maxMaintenanceFile is more than all Sites of a configuration need.
	maxMaintenanceFile = 8 << 20
)

// maintenanceFile is where it is kept which Sites are under maintenance.
func maintenanceFile(stateDir string) string {
	if stateDir == "" {
		return ""
	}
	return filepath.Join(stateDir, "maintenance", "sites")
}

// run does what is due until ctx ends.
func (m *maintenances) run(ctx context.Context) {
	ticker := time.NewTicker(maintenanceEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			m.tidy(now)
		}
	}
}

// on returns the Sites that are under maintenance. m.mu is held.
func (m *maintenances) on(now time.Time) []MaintenanceStatus {
	all := []MaintenanceStatus{}
	for name, s := range m.sites {
		if _, on := s.On(now); on {
			all = append(all, MaintenanceStatus{Site: name, Since: s.since, Until: s.until})
		}
	}
	slices.SortFunc(all, func(a, b MaintenanceStatus) int { return cmp.Compare(a.Site, b.Site) })
	return all
}

// store has the file say which Sites are under maintenance. What the disk does
// not take is told of once, and tried again by tidy. One that hangs holds up
// nobody for longer than storePatience, and has one writer.
func (m *maintenances) store(now time.Time) error {
	if m.path == "" {
		return nil
	}
	patience := time.NewTimer(storePatience)
	defer patience.Stop()
	written := make(chan error, 1)
	select {
	case m.writing <- struct{}{}:
		go func() {
			defer func() { <-m.writing }()
			written <- m.write(now)
		}()
	case <-patience.C:
		return m.hung()
	}
	select {
	case err := <-written:
		return err
	case <-patience.C:
		return m.hung()
	}
}

// hung notes that the disk does not answer.
func (m *maintenances) hung() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.note(errHung)
	return errHung
}

// write writes the file, unless it says what is already.
func (m *maintenances) write(now time.Time) error {
	m.mu.Lock()
	all, changes, due := m.on(now), m.changes, m.stored != m.changes && !m.left
	m.mu.Unlock()
	if !due {
		return nil
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err == nil {
		err = m.replace(m.path, append(text, '\n'))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		m.stored = changes
	}
	m.note(err)
	return err
}

// note keeps in mind why the file does not say what is, and tells when that
// begins and ends. m.mu is held.
func (m *maintenances) note(err error) {
	if err == nil && m.stored != m.changes {
		return // there has been a change since
	}
	switch {
	case err != nil && m.unstored == nil:
		m.errlog.Error("which sites are under maintenance cannot be stored; it is in force, but a restart will find what was before",
			"why", err, "do", "free space or repair the disk of server.state_dir")
	case err == nil && m.unstored != nil:
		m.errlog.Info("which sites are under maintenance is stored again")
	}
	m.unstored = err
}

// leave returns which Sites are under maintenance, for another process to know
// and to store from now on: here nothing begins or ends any more but by its time.
func (m *maintenances) leave(now time.Time) []MaintenanceStatus {
	m.mu.Lock()
	m.left = true
	all := m.on(now)
	m.mu.Unlock()
	// What we are writing just now would undo what the other one stores before it
	// is done. A disk that hangs is not waited for: its next write is the other's.
	select {
	case m.writing <- struct{}{}:
		<-m.writing
	case <-time.After(leavePatience):
	}
	return all
}

// stay takes back what leave has left.
func (m *maintenances) stay() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left = false
}

// adopt puts those Sites under maintenance that another process says are, and
// opens all others, whatever the disk has said.
func (m *maintenances) adopt(all []MaintenanceStatus, siteOf func(host string) (string, error), now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes++ // the other one may not have stored the last of them
	for _, s := range m.sites {
		s.since, s.until = time.Time{}, time.Time{}
		s.End()
	}
	for _, was := range all {
		name, err := siteOf(was.Site)
		if err != nil || !was.Until.IsZero() && !now.Before(was.Until) {
			continue
		}
		s := m.site(name)
		s.since, s.until = was.Since, was.Until
		s.Begin(was.Until)
	}
}

// load puts those Sites under maintenance that were before the restart. siteOf
// returns the name of the Site that has a host now. What cannot be read closes
// nothing.
func (m *maintenances) load(siteOf func(host string) (string, error), now time.Time) {
	if m.path == "" {
		return
	}
	stored, err := readMaintenance(m.path)
	if err != nil {
		m.errlog.Error("which sites were under maintenance cannot be read; all are open",
			"why", err, "do", "turn it on again with: sluice maintenance on SITE")
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, was := range stored {
		name, err := siteOf(was.Site)
		if err != nil {
			m.errlog.Warn("a site that was under maintenance is not configured any more", "site", was.Site)
			continue
		}
		if !was.Until.IsZero() && !now.Before(was.Until) {
			m.errlog.Info("maintenance has ended at its time, site is open again", "site", name)
			continue
		}
		s := m.site(name)
		s.since, s.until = was.Since, was.Until
		s.Begin(was.Until)
		m.errlog.Warn("site is under maintenance, as before the restart", "site", name, "until", endText(was.Until))
	}
}

// readMaintenance reads what store has written, nothing if it never has.
func readMaintenance(path string) (all []MaintenanceStatus, err error) {
	text, err := statedir.Read(path, maxMaintenanceFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}
