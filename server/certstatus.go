package server

import (
	"time"

	"sluice/certs"
)

// CertificateStatus is a certificate as "sluice certs" shows it and the admin
// server gives it as JSON. It holds no secrets.
type CertificateStatus struct {
	Names     []string  `json:"names"`
	Source    string    `json:"source"`
	Issuer    string    `json:"issuer,omitempty"`
	Key       string    `json:"key,omitempty"`
	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after,omitzero"` // absent: there is none yet
	NextTry   time.Time `json:"next_renewal,omitzero"`
	Ordering  bool      `json:"ordering,omitempty"`
	StandIn   bool      `json:"stand_in,omitempty"` // a self-signed one is served meanwhile

	Warnings []string  `json:"warnings,omitempty"`
	Faults   []string  `json:"-"` // the Warnings that are a Problem whatever the date
	Failure  string    `json:"last_failure,omitempty"`
	FailedAt time.Time `json:"failed_at,omitzero"`
	Remedy   string    `json:"remedy,omitempty"`
}

// Certificates describes all certificates as they are now. It may be called at
// any time after New, also without Run: then it is what the disk has.
func (s *Server) Certificates() []CertificateStatus {
	all := []CertificateStatus{}
	for _, source := range s.inForce.Load().sources {
		for _, i := range source.Info(time.Now()) {
			all = append(all, certificateStatus(i))
		}
	}
	return all
}

func certificateStatus(i certs.Info) CertificateStatus {
	return CertificateStatus{
		Names: i.Names, Source: i.Source, Issuer: i.Issuer, Key: i.Key, NotBefore: i.NotBefore, NotAfter: i.NotAfter,
		NextTry: i.NextTry, Ordering: i.Ordering, StandIn: i.StandIn,
		Warnings: i.Warnings, Faults: i.Certain, Failure: i.Failure, FailedAt: i.FailedAt, Remedy: i.Remedy,
	}
}
