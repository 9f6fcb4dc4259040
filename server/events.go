package server

import (
	"fmt"
	"net"
	"time"

	"sluice/certs"
	"sluice/message"
	"sluice/upstream"
)

// upstreamEvent tells that an Upstream went out of service or came back.
func (s *Server) upstreamEvent(e upstream.Event) {
	if e.State == upstream.StateIn {
		s.errlog.Info("upstream is back", "pool", e.Pool, "upstream", e.Upstream, "away", e.For.Round(time.Millisecond))
		return
	}
	s.errlog.Warn("upstream is out", "pool", e.Pool, "upstream", e.Upstream, "pause", e.For.Round(time.Millisecond), "why", e.Why)
}

// certificateEvent tells that a certificate was replaced or could not be.
func (s *Server) certificateEvent(e certs.Event) {
	if e.Err == nil {
		s.errlog.Info("certificate loaded", "source", e.Info.Source, "names", e.Info.Names, "until", e.Info.NotAfter)
		return
	}
	s.errlog.Error("certificate not loaded, the old one stays", "source", e.Info.Source, "why", e.Err, "do", e.Remedy)
}

// accessLogEvent tells that the access log cannot be written, or can again.
func (s *Server) accessLogEvent(err error) {
	if err == nil {
		s.errlog.Info("access log is written again", "lost_lines", s.access.Stats().Dropped)
		return
	}
	s.errlog.Error("access log cannot be written; requests go on, lines are lost and counted", "why", err)
}

// panicked tells of a bug of ours that has ended one connection.
func (s *Server) panicked(value any, stack []byte) {
	s.errlog.Error("internal error, one connection was cut; please report this", "panic", fmt.Sprint(value), "stack", string(stack))
}

// text returns an address for the log.
func text(a net.Addr) string {
	if a == nil {
		return "off"
	}
	return a.String()
}

// abused tells of an HTTP/2 connection that was ended because its client broke
// the rules or was abusive.
func (s *Server) abused(client *message.Client, f *message.Failure) {
	s.noise.connection(client.Remote, f.Phase.String(), f.Cause.String(), f.Err)
}
