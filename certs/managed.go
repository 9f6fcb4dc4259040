package certs

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"
)

// DefaultParallel is how many orders are under way at a time when the options
// do not say.
const DefaultParallel = 4

// Subject is a name and who may certify it.
type Subject struct {
	Name        string      // host name in lower case, or a wildcard of one label
	Authorities []Authority // at least one; the others are asked when the first fails for long
}

// ManagedOptions say what a Managed is for.
type ManagedOptions struct {
	Subjects []Subject // each name once
	Vault    *Vault
	Parallel int  // orders under way at a time; 0: DefaultParallel
	StandIn  bool // a self-signed certificate stands in until the first is obtained
}

// Managed is a Source of certificates that are ordered from CAs and renewed in
// time, one for each name. It decides when; Authorities know how.
//
//	Vault ──▶ subject ──due──▶ Authority.Obtain ──▶ Vault ──▶ served
//	            ▲  record of tries, quotas, wishes      │
//	            └───────────────────────────────────────┘
//
// Nothing that a client does makes it order anything: what is ordered is what
// the configuration names. All tries are recorded on disk, and spaced by that
// record. Of several processes with one Vault one orders; the others serve
// what it has obtained, and take over when it ends.
type Managed struct {
	options ManagedOptions // fixed
	wake    chan struct{}  // holds one token when Run has to look at what is due

	mu       sync.Mutex
	subjects []*subject          // sorted by name; the slice is fixed
	byName   map[string]*subject // fixed
	holder   error               // why we do not order; nil: we do, or do not run
}

// subject is what is known of one name. Managed.mu guards it all.
type subject struct {
	Subject
	record  record
	pem     []byte           // that current is from
	current *tls.Certificate // nil: none yet
	standIn *tls.Certificate // nil: none, or not needed any more
	busy    bool             // an order is under way
	asking  bool             // its CA is being asked when to renew
	forced  bool             // a person wants it renewed now

	// postponed is until when an order waits for the disk.
	postponed time.Time
}

// NewManaged takes over what the Vault has; it starts nothing, and asks nobody.
// What is damaged there is left out, and ordered again.
func NewManaged(o ManagedOptions, now time.Time) (*Managed, error) {
	o.Parallel = cmp.Or(o.Parallel, DefaultParallel)
	m := &Managed{options: o, wake: make(chan struct{}, 1), byName: make(map[string]*subject)}
	for _, wanted := range o.Subjects {
		wanted.Name = normalize(wanted.Name)
		s := &subject{Subject: wanted, record: record{Name: wanted.Name}}
		m.subjects = append(m.subjects, s)
		m.byName[wanted.Name] = s
		if data, err := o.Vault.Get(recordKey(s.Name)); err == nil {
			s.record, _ = parseRecord(s.Name, data)
		}
		if pem, err := o.Vault.Get(certificateKey(s.Name)); err == nil {
			s.take(pem)
		}
		if s.current == nil && o.StandIn {
			c, err := selfSign(SelfSignedOptions{Names: []string{s.Name}, Validity: DefaultValidity}, now)
			if err != nil {
				return nil, fmt.Errorf("make a self-signed certificate to stand in for %s: %w", s.Name, err)
			}
			s.standIn = c.TLS
		}
	}
	slices.SortFunc(m.subjects, func(a, b *subject) int { return cmp.Compare(a.Name, b.Name) })
	return m, nil
}

// take takes over the certificate that the Vault has, if it is another than
// ours, and reports whether it is. It needs mu.
func (s *subject) take(text []byte) bool {
	if string(text) == string(s.pem) {
		return false
	}
	c, err := parseObtained(s.Name, text)
	if err != nil {
		return false
	}
	s.pem, s.current, s.standIn = text, c, nil
	return true
}

// parseObtained makes a certificate of the PEM text of its key and chain.
func parseObtained(name string, text []byte) (*tls.Certificate, error) {
	c, bad := parse(FileOptions{Cert: "the certificate", Key: "its key"}, text, text)
	if bad != nil {
		return nil, bad.Cause
	}
	if !covers(c.Leaf, name) {
		return nil, fmt.Errorf("the certificate is for %v, not for %s", namesOf(c.Leaf), name)
	}
	return c, nil
}

// covers reports whether leaf carries name, which may be a wildcard.
func covers(leaf *x509.Certificate, name string) bool {
	return slices.Contains(namesOf(leaf), name) || leaf.VerifyHostname(name) == nil
}

// Certificates are those obtained, and stand-ins. A name that has neither yet
// is there with no certificate.
func (m *Managed) Certificates() []Certificate {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]Certificate, len(m.subjects))
	for i, s := range m.subjects {
		all[i] = s.certificate()
	}
	return all
}

func (s *subject) certificate() Certificate {
	return Certificate{Names: []string{s.Name}, TLS: cmp.Or(s.current, s.standIn)}
}

// Info describes the certificates in the order of their names.
func (m *Managed) Info(now time.Time) []Info {
	m.mu.Lock()
	defer m.mu.Unlock()
	infos := make([]Info, len(m.subjects))
	for i, s := range m.subjects {
		infos[i] = m.info(s, now)
	}
	return infos
}

// info needs mu.
func (m *Managed) info(s *subject, now time.Time) Info {
	source := "acme " + shortDirectory(cmp.Or(s.record.Directory, s.Authorities[0].Directory()))
	i := Info{Source: source, Names: []string{s.Name}}
	switch {
	case s.current != nil:
		i = describe(source, s.certificate(), now)
	case s.standIn != nil:
		i.StandIn = true
	}
	i.Ordering = s.busy
	i.NextTry = m.due(s, now)
	if last := s.record.Last; last != nil {
		i.Failure, i.FailedAt, i.Remedy = last.Words, last.At, last.Remedy
	}
	if m.holder != nil {
		i.Warnings = append(i.Warnings, "not ordered here: "+m.holder.Error())
	}
	if since, err := m.options.Vault.Failure(); err != nil {
		i.Warnings = append(i.Warnings, fmt.Sprintf("what was obtained is in memory only since %s: %v", stamped(since), err))
	}
	return i
}

// renewAt is when s should be renewed, on which no limit bears yet. It needs
// mu.
func (s *subject) renewAt() time.Time {
	if s.current == nil || s.foreign() {
		return time.Time{}
	}
	at := renewalOf(s.current.Leaf)
	if wish := s.wish(); !wish.IsZero() && wish.Before(at) {
		return wish
	}
	return at
}

// foreign reports whether the certificate is from a directory that is not
// asked any more, as when the CA's test directory was tried first.
func (s *subject) foreign() bool {
	return s.record.Directory != "" && !slices.ContainsFunc(s.Authorities, func(a Authority) bool {
		return a.Directory() == s.record.Directory
	})
}

// wish is when the CA wishes that the certificate be renewed, zero if it has
// no wish, or had one yesterday that we followed.
func (s *subject) wish() time.Time {
	if s.record.AskedAbout != serialOf(s.current.Leaf) {
		return time.Time{}
	}
	at := s.record.RenewAt
	if again := s.record.RenewedByCA.Add(obeyEvery); !at.IsZero() && again.After(at) {
		return again
	}
	return at
}

func serialOf(leaf *x509.Certificate) string { return leaf.SerialNumber.Text(16) }

// due is when the next order for s should begin; maybe in the past. It needs
// mu.
func (m *Managed) due(s *subject, now time.Time) time.Time {
	at := s.renewAt()
	if s.forced {
		at = time.Time{}
	} else if s.record.NextTry.After(at) {
		at = s.record.NextTry
	}
	life := week
	if s.current != nil {
		life = s.current.Leaf.NotAfter.Sub(s.current.Leaf.NotBefore)
	}
	if limit := s.record.earliest(now, life); limit.After(at) {
		at = limit
	}
	if _, free := s.authority(now); free.After(at) {
		at = free
	}
	return at
}

const (
	// A second directory is asked when the first has failed for longer than
	// patience, or than haste when the certificate in use ends soon or is
	// missing.
	patience = 24 * time.Hour
	haste    = time.Hour
)

// authority is whom to order from next, and when it may be asked.
func (s *subject) authority(now time.Time) (Authority, time.Time) {
	first := s.Authorities[0]
	free := s.record.blocked(first.Directory())
	if len(s.Authorities) == 1 {
		return first, free
	}
	bear := patience
	if s.current == nil || s.current.Leaf.NotAfter.Sub(now) < 2*patience {
		bear = haste
	}
	// Once it is clear that the first one fails, all are asked by turns.
	failing := s.record.Failures > 0 && now.Sub(s.record.Since) > bear
	if !failing && free.Sub(now) < bear {
		return first, free
	}
	turn := s.record.Failures % len(s.Authorities)
	for i := range s.Authorities {
		a := s.Authorities[(turn+i)%len(s.Authorities)]
		if until := s.record.blocked(a.Directory()); !until.After(now) {
			return a, until
		}
	}
	return first, free
}

// RenewError is why a certificate cannot be renewed just now.
type RenewError struct {
	Name   string
	Reason string
}

func (e *RenewError) Error() string { return e.Name + ": " + e.Reason }

// Renew asks that the certificate of name be ordered anew as soon as the CA's
// limits allow, whether it is time or not, and returns when that will be. The
// error is a *RenewError. It may be called by anyone, while Run runs.
func (m *Managed) Renew(name string, now time.Time) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.byName[normalize(name)]
	switch {
	case s == nil:
		return time.Time{}, &RenewError{name, "no certificate is ordered for this name"}
	case s.busy:
		return time.Time{}, &RenewError{name, "is being ordered just now"}
	case m.holder != nil:
		return time.Time{}, &RenewError{name, "not ordered here: " + m.holder.Error()}
	}
	s.forced = true
	at := m.due(s, now)
	if at.After(now) {
		s.forced = false
		return at, &RenewError{name, "the CA's limits do not allow another order before " + stamped(at)}
	}
	select {
	case m.wake <- struct{}{}:
	default: // Run has yet to look
	}
	return now, nil
}

// orderError makes an *OrderError of any error of an Authority.
func orderError(a Authority, err error) *OrderError {
	var e *OrderError
	if errors.As(err, &e) {
		return e
	}
	return &OrderError{Directory: a.Directory(), Step: "order", Cause: err}
}

// unfinished is what a former order for name has kept.
func (m *Managed) unfinished(name string) []byte {
	b, err := m.options.Vault.Get(orderKey(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil // it will be ordered anew
	}
	return b
}

// Run orders and renews until ctx ends, and returns nil when the orders under
// way have ended.
func (m *Managed) Run(ctx context.Context, tell func(Event)) error {
	r := &managing{Managed: m, tell: tell, outcomes: make(chan outcome), answers: make(chan answer)}
	return r.run(ctx)
}
