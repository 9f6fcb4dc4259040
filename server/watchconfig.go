package server

import (
	"context"
	"os"
	"time"
)

// configLook is how often a watched configuration file is looked at. A change is
// read when it has stood still from one look to the next: an editor, or a copy,
// may be at work.
const configLook = time.Second

// fileStamp is what tells one state of a file from another. The zero fileStamp is
// of one that is not there, as between two steps of some editors.
type fileStamp struct {
	modified time.Time
	size     int64
}

// stampOf looks at a file.
func stampOf(path string) fileStamp {
	info, err := os.Stat(path)
	if err != nil {
		return fileStamp{}
	}
	return fileStamp{modified: info.ModTime(), size: info.Size()}
}

// configWatch decides when a file is to be read again.
type configWatch struct {
	read fileStamp // the state that was read last, or need not be
	last fileStamp // at the last look
}

// due reports whether the file, as it looks now, is to be read, and takes it for
// read then.
func (w *configWatch) due(now fileStamp) bool {
	settled := now == w.last
	w.last = now
	if !settled || now == w.read || now == (fileStamp{}) {
		return false
	}
	w.read = now
	return true
}

// watchConfig reloads when the configuration file has changed, as long as the
// configuration in force wants that, until ctx ends. What comes of it is told as
// for any Reload; what is broken is read again when it has changed again.
func (s *Server) watchConfig(ctx context.Context) {
	w := configWatch{read: s.loaded, last: s.loaded}
	ticker := time.NewTicker(configLook)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if s.draining.Load() {
			return // who serves from now on watches it, or nobody need
		}
		c := s.inForce.Load().cfg
		if due := w.due(stampOf(c.File)); due && c.Server.WatchConfig {
			s.errlog.Info("the configuration file has changed; it is read", "file", c.File)
			s.Reload(ctx)
		}
	}
}
