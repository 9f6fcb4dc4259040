package server

import (
	"errors"
	"fmt"
	"net"
	"time"

	"sluice/accesslog"
	"sluice/certs"
	"sluice/message"
	"sluice/names"
	"sluice/upstream"
)

// upstreamEvent tells that an Upstream went out of service or came back.
func (s *Server) upstreamEvent(e upstream.Event) {
	s.noteUpstream(e)
	switch {
	case e.Upstream == "" && e.State == upstream.StateIn:
		s.errlog.Info("pool does not fail open any more", "pool", e.Pool)
		return
	case e.Upstream == "":
		s.errlog.Warn("pool fails open: too few upstreams are in service, so some that are out are asked too, one request at a time", "pool", e.Pool)
		return
	case e.State == upstream.StateIn:
		s.errlog.Info("upstream is back", "pool", e.Pool, "upstream", e.Upstream, "away", e.For.Round(time.Millisecond))
		return
	}
	s.lookAgain(e.Pool)
	s.errlog.Warn("upstream is out", "pool", e.Pool, "upstream", e.Upstream, "pause", e.For.Round(time.Millisecond), "why", e.Why)
}

// lookAgain asks where a Pool's Upstreams are: one of them is out, and may have
// moved.
func (s *Server) lookAgain(pool string) {
	if gen := s.inForce.Load(); gen != nil && gen.members[pool] != nil {
		gen.members[pool].wanted()
	}
}

// nameEvent tells of a name or a file that says where Upstreams are.
func (s *Server) nameEvent(e names.Event) {
	s.noteName(e)
	known := len(e.Addresses)
	switch e.News {
	case names.NewsMoved:
		s.errlog.Info("upstreams moved", "source", e.Source, "addresses", known)
	case names.NewsRecovered:
		s.errlog.Info("upstreams are looked up again", "source", e.Source, "addresses", known)
	case names.NewsStored:
		s.errlog.Info("upstreams as they were found earlier, until a resolver answers", "source", e.Source, "addresses", known, "found", e.Since)
	case names.NewsFailing:
		s.errlog.Warn("upstreams cannot be looked up; what was known stays", "source", e.Source, "addresses", known, "why", e.Err)
	case names.NewsGone:
		s.errlog.Error("upstreams are gone: it was said again and again that there are none", "source", e.Source, "why", e.Err)
	case names.NewsDamaged:
		s.errlog.Warn("a stored answer cannot be read and is left out", "source", e.Source, "why", e.Err)
	case names.NewsUnstored:
		s.errlog.Error("where upstreams are could not be stored: after a restart a resolver must answer", "source", e.Source, "why", e.Err)
	}
}

// membersFailed tells that a Pool could not be given what its sources say.
func (s *Server) membersFailed(pool string, err error) {
	s.errlog.Error("upstreams were not changed", "pool", pool, "why", err)
}

// certificateEvent tells what happened to a certificate, or to what keeps them.
func (s *Server) certificateEvent(e certs.Event) {
	s.noteCertificate(e)
	about := []any{"names", e.Info.Names, "source", e.Info.Source}
	why := append(about, "why", e.Err, "do", e.Remedy)
	switch e.News {
	case certs.NewsCertificate:
		s.renewed.Add(1)
		s.errlog.Info("certificate loaded", append(about, "issuer", e.Info.Issuer, "until", e.Info.NotAfter)...)
	case certs.NewsFailure:
		s.unrenewed.Add(1)
		what := "certificate not replaced, the old one stays"
		if e.Info.NotAfter.IsZero() {
			what = "certificate not obtained, and there is none yet"
		}
		if next := e.Info.NextTry; !next.IsZero() {
			why = append(why, "next_try", next)
		}
		s.errlog.Error(what, why...)
	case certs.NewsExpiring:
		s.errlog.Error("certificate "+expiry(e.Info), why...)
	case certs.NewsUnfit:
		s.errlog.Warn("clients may refuse a certificate", append(about, "why", e.Err)...)
	case certs.NewsUnstored:
		s.errlog.Error("certificates cannot be stored; they are served from memory", "why", e.Err, "do", e.Remedy)
	case certs.NewsStored:
		s.errlog.Info("certificates are stored again")
	case certs.NewsFollowing:
		s.errlog.Info("another process on this state_dir orders certificates; this one serves what it obtains", "why", e.Err)
	case certs.NewsTakenOver:
		s.errlog.Info("this process orders certificates from now on")
	case certs.NewsEnded:
		s.errlog.Error("certificates are no longer renewed", why...)
	}
}

func expiry(i certs.Info) string {
	if i.Expired(time.Now()) {
		return "has expired"
	}
	return "expires soon"
}

// accessLogEvent tells that the access log cannot be written where it belongs, or
// can again.
func (s *Server) accessLogEvent(err error) {
	if err == nil {
		s.timeline.add(LevelInfo, "access_log_recovered", "The access log is written again.")
		s.errlog.Info("access log is written again", "lost_lines", s.access.Stats().Dropped)
		return
	}
	if errors.Is(err, accesslog.ErrNotReopened) {
		s.timeline.add(LevelError, "access_log_renamed", "The access log could not be reopened, and goes to the file that was renamed or deleted: "+err.Error()+".", "why", err.Error())
		s.errlog.Error("access log goes to the file that was renamed or deleted; that it can be reopened is tried each second", "why", err,
			"do", "let the user that Sluice runs as make files in its folder")
		return
	}
	s.timeline.add(LevelError, "access_log_failing", "The access log cannot be written: "+err.Error()+".", "why", err.Error())
	s.errlog.Error("access log cannot be written; requests go on, lines are lost and counted", "why", err)
}

// panicked tells of a bug of ours that has ended one connection.
func (s *Server) panicked(value any, stack []byte) {
	s.timeline.add(LevelError, "panic", fmt.Sprintf("An internal error has cut one connection; please report it: %v.", value), "why", fmt.Sprint(value))
	s.errlog.Error("internal error, one connection was cut; please report this", "panic", fmt.Sprint(value), "stack", string(stack))
}

// text returns an address for the log.
func text(a net.Addr) string {
	if a == nil {
		return "off"
	}
	if a.Network() == "unix" {
		return "unix:" + a.String()
	}
	return a.String()
}

// abused tells of an HTTP/2 connection that was ended because its client broke
// the rules or was abusive.
func (s *Server) abused(client *message.Client, f *message.Failure) {
	s.noise.connection(client.Remote, f.Phase.String(), f.Cause.String(), f.Err)
}
