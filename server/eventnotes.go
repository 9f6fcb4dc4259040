package server

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sluice/certs"
	"sluice/names"
	"sluice/upstream"
)

// noteUpstream remembers that an Upstream went out of service or came back, or
// that a Pool fails open or does not any more.
func (s *Server) noteUpstream(e upstream.Event) {
	why := whyOut(e.Why)
	about := []string{"pool", e.Pool, "upstream", e.Upstream, "why", why}
	switch {
	case e.Upstream == "" && e.State == upstream.StateIn:
		s.timeline.add(LevelInfo, "pool_recovered", "The Pool "+e.Pool+" does not fail open any more.", about...)
	case e.Upstream == "":
		s.timeline.add(LevelError, "pool_fails_open",
			"The Pool "+e.Pool+" fails open: too few Upstreams are in service, so some that are out are asked too.", about...)
	case e.State == upstream.StateIn:
		s.timeline.add(LevelInfo, "upstream_back", fmt.Sprintf("The Upstream %s of the Pool %s is back.", e.Upstream, e.Pool),
			"pool", e.Pool, "upstream", e.Upstream)
	default:
		s.timeline.add(LevelWarn, "upstream_out", fmt.Sprintf("The Upstream %s of the Pool %s is out: %s.", e.Upstream, e.Pool, why), about...)
	}
}

// noteName remembers news of a name or a file that says where Upstreams are.
func (s *Server) noteName(e names.Event) {
	why := ""
	if e.Err != nil {
		why = e.Err.Error()
	}
	about := []string{"names", e.Source, "why", why, "count", strconv.Itoa(len(e.Addresses))}
	switch e.News {
	case names.NewsMoved:
		s.timeline.add(LevelInfo, "upstreams_moved", fmt.Sprintf("The Upstreams of %s have moved; it has %d now.", e.Source, len(e.Addresses)), about...)
	case names.NewsRecovered:
		s.timeline.add(LevelInfo, "names_recovered", "The Upstreams of "+e.Source+" are looked up again.", about...)
	case names.NewsFailing:
		s.timeline.add(LevelWarn, "names_failing", fmt.Sprintf("The Upstreams of %s cannot be looked up; what was known stays: %s.", e.Source, why), about...)
	case names.NewsGone:
		s.timeline.add(LevelError, "names_failing", fmt.Sprintf("The Upstreams of %s are gone: %s.", e.Source, why), about...)
	}
}

// noteCertificate remembers what happened to a certificate, or to what keeps
// them.
func (s *Server) noteCertificate(e certs.Event) {
	names, why := strings.Join(e.Info.Names, ", "), ""
	if e.Err != nil {
		why = e.Err.Error()
	}
	about := []string{"names", names, "why", why, "until", timeText(e.Info.NotAfter)}
	switch e.News {
	case certs.NewsCertificate:
		s.timeline.add(LevelInfo, "certificate_loaded", "The certificate of "+names+" was loaded.", about...)
	case certs.NewsFailure:
		s.timeline.add(LevelError, "certificate_failed", "There is no new certificate for "+names+": "+why+".", about...)
	case certs.NewsExpiring:
		code := "certificate_expiring"
		if e.Info.Expired(time.Now()) {
			code = "certificate_expired"
		}
		s.timeline.add(LevelError, code, "The certificate of "+names+" "+expiry(e.Info)+".", about...)
	case certs.NewsUnfit:
		s.timeline.add(LevelWarn, "certificate_unfit", "Clients may refuse the certificate of "+names+": "+why+".", about...)
	case certs.NewsEnded:
		s.timeline.add(LevelError, "certificate_failed", "The certificate of "+names+" is no longer renewed: "+why+".", about...)
	case certs.NewsUnstored:
		s.timeline.add(LevelError, "certificates_unstored", "Certificates cannot be stored: "+why+".", "why", why)
	case certs.NewsStored:
		s.timeline.add(LevelInfo, "certificates_stored", "Certificates are stored again.")
	}
}
