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
	if c.Access.To == config.LogOff {
		return s.observe
	}
	return func(e *accesslog.Entry) {
		s.observe(e)
		s.access.Log(e)
	}
}

// checkLog tells of a log that can never be written, without making it: a check
// may be run by another user than the service.
func checkLog(key string, c config.LogPlace, remedy string) error {
	if c.To != config.LogFile {
		return nil
	}
	folder := filepath.Dir(c.File)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("%s: there is no folder %s\nmake it (mkdir -p), or write another path, %s", key, folder, remedy)
	}
	return nil
}

// checkLogs tells of the first of the logs that can never be written.
func checkLogs(c config.Log) error {
	if err := checkLog("log.error", c.Error, `or "stderr"`); err != nil {
		return err
	}
	return checkLog("log.access", c.Access, `"stdout" or "off"`)
}

// openAccessLog opens the access log, if there is one.
func (s *Server) openAccessLog() error {
	c := s.inForce.Load().cfg.Log
	if c.Access.To == config.LogOff {
		return nil
	}
	name := string(c.Access.To)
	if c.Access.To == config.LogFile {
		name = c.Access.File
	}
	sink, err := accesslog.Open(name)
	if err != nil {
		return fmt.Errorf("log.access: %w\nlet the user that Sluice runs as write there, or write another path, \"stdout\" or \"off\"", err)
	}
	s.access = accesslog.New(sink)
	s.access.Notify = s.accessLogEvent
	s.access.Deleted = func() {
		s.errlog.Warn("access log was deleted; lines go to a new file in its place", "file", name)
	}
	s.sample(c.Sample)
	return nil
}

// sample puts rules in force for which lines of the access log are written.
func (s *Server) sample(rules []config.Sample) {
	if s.access == nil {
		return
	}
	all := make([]accesslog.Rule, len(rules))
	for i, r := range rules {
		all[i] = accesslog.Rule{Keep: r.Keep, Site: r.Site, Path: r.Path, Least: r.Status.Least, Most: r.Status.Most, SlowerThan: r.SlowerThan}
	}
	s.access.Sample(all)
}

// ReopenLogs reopens the access log and the error log, for logrotate.
func (s *Server) ReopenLogs() {
	if s.access != nil {
		s.access.Reopen()
	}
	if s.errorLog != nil {
		s.errorLog.Reopen()
	}
}
