package server

import (
	"context"
	"fmt"
	"log/slog"

	"sluice/config"
	"sluice/errorlog"
	"sluice/metrics"
)

// telling are the attributes of what happens that tell causes apart: of each
// cause the error log has only so many lines.
var telling = []string{"pool", "upstream", "site", "names", "source", "phase", "cause", "key", "panic"}

// newErrorLog returns the error log that the config asks for. It writes to
// stderr until openErrorLog.
func newErrorLog(c config.Log) *errorlog.Log {
	return errorlog.New(errorlog.Options{Path: c.Error.File, JSON: c.Format == config.ErrorJSON, Causes: telling,
		Journal: errorlog.ToJournal()})
}

// useErrorLog says where what happens is told: to errlog, or if that is nil to
// an error log of our own.
func (s *Server) useErrorLog(c config.Log, errlog *slog.Logger) {
	if s.errlog = errlog; errlog == nil {
		s.errorLog = newErrorLog(c)
		s.errlog = slog.New(s.errorLog.Handler())
	}
}

// openErrorLog opens the error log, if it is ours.
func (s *Server) openErrorLog() error {
	if s.errorLog == nil {
		return nil
	}
	if err := s.errorLog.Open(); err != nil {
		return fmt.Errorf("log.error: %w\nlet the user that Sluice runs as write there, or write another path, or \"stderr\"", err)
	}
	return nil
}

// closeErrorLog closes the error log, when Run is not called.
func (s *Server) closeErrorLog() {
	if s.errorLog != nil {
		s.errorLog.Close()
	}
}

// runErrorLog writes the error log. That it could not be written at the end can
// be told nowhere.
func (s *Server) runErrorLog(ctx context.Context) {
	if s.errorLog != nil {
		s.errorLog.Run(ctx)
	}
}

func (s *Server) reportErrorLog(p *metrics.Page) {
	if s.errorLog == nil {
		return
	}
	n := s.errorLog.Stats()
	lines := p.Counter("sluice_error_log_lines_total", "Lines of the error log; held back ones are summed up, dropped ones are lost.", "outcome")
	lines.Value(float64(n.Written), "written")
	lines.Value(float64(n.HeldBack), "held_back")
	lines.Value(float64(n.Dropped), "dropped")
	p.Gauge("sluice_error_log_failing", "1: the last line could not be written where it belongs.").Value(one(n.Failure != nil))
}
