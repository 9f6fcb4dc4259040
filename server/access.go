package server

import (
	"fmt"
	"os"
	"path/filepath"

	"sluice/accesslog"
	"sluice/config"
)

// logger returns what is called with each Exchange's Entry: it counts, and
// writes the line if there is an access log.
func (s *Server) logger(c config.Log) func(*accesslog.Entry) {
	if c.Access == config.LogOff {
		return s.observe
	}
	return func(e *accesslog.Entry) {
		s.observe(e)
		s.access.Log(e)
	}
}

// checkAccessLog tells of a log that can never be written, without making it:
// a check may be run by another user than the service.
func checkAccessLog(c config.Log) error {
	if c.Access != config.LogFile {
		return nil
	}
	folder := filepath.Dir(c.File)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("log.access: there is no folder %s\nmake it (mkdir -p), or write another path, \"stdout\" or \"off\"", folder)
	}
	return nil
}

// openAccessLog opens the access log, if there is one.
func (s *Server) openAccessLog() error {
	c := s.inForce.Load().cfg.Log
	if c.Access == config.LogOff {
		return nil
	}
	name := string(c.Access)
	if c.Access == config.LogFile {
		name = c.File
	}
	sink, err := accesslog.Open(name)
	if err != nil {
		return fmt.Errorf("log.access: %w\nlet the user that Sluice runs as write there, or write another path, \"stdout\" or \"off\"", err)
	}
	s.access = accesslog.New(sink)
	s.access.Notify = s.accessLogEvent
	return nil
}

// ReopenLogs reopens the access log, for logrotate.
func (s *Server) ReopenLogs() {
	if s.access != nil {
		s.access.Reopen()
	}
}
