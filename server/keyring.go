package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"sluice/limiter"
	"sluice/statedir"
)

const (
	maxKeyring    = 64 << 10
	keyringRotate = time.Hour // how often it is looked whether a new key is due
)

// openKeyring reads the keys that sign cookies. Without a state_dir they last as
// long as the process, and so do the cookies.
func openKeyring(stateDir string, now time.Time) (*limiter.Keyring, error) {
	if stateDir == "" {
		return limiter.NewKeyring(nil, now)
	}
	text, err := statedir.Read(keyringPath(stateDir), maxKeyring)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the keys that sign cookies: %w\nlet the user that sluice runs as read server.state_dir", err)
	}
	keys, err := limiter.NewKeyring(text, now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w\nmove the file away: those who were let in will have to wait once more", keyringPath(stateDir), err)
	}
	return keys, nil
}

func keyringPath(stateDir string) string { return filepath.Join(stateDir, "keys", "cookies") }

// runKeyring keeps the keys on disk, and makes a new one each day, until ctx
// ends, as long as a Site gives out what they sign.
func (s *Server) runKeyring(ctx context.Context) {
	ticker := time.NewTicker(keyringRotate)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			s.tickets.Rotate(now)
			if s.inForce.Load().signs && !s.succession.succeeded.Load() {
				s.keyring.Rotate(now)
				s.keepKeyring() // also what the disk did not take the last time
			}
		}
	}
}

// keepKeyring stores the keys, if the disk has others.
func (s *Server) keepKeyring() {
	stateDir := s.inForce.Load().cfg.Server.StateDir
	if stateDir == "" {
		return
	}
	text := s.keyring.Text()
	if old, err := statedir.Read(keyringPath(stateDir), maxKeyring); err == nil && string(old) == string(text) {
		return
	}
	if err := statedir.Write(keyringPath(stateDir), text); err != nil {
		s.errlog.Error("the keys that sign cookies cannot be stored; after a restart those who were let in have to wait once more",
			"why", err, "do", "free space or repair the disk of server.state_dir")
	}
}
