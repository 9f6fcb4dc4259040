package server

import (
	"crypto/x509"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"sluice/certs"
	"sluice/certs/ca"
	"sluice/certs/dnsapi"
	"sluice/config"
)

// addManaged makes the Source of all certificates that are ordered from CAs, if
// any Site wants one. A new one finds in the Vault what was obtained before, and
// what the CAs' limits still forbid.
func (s *Server) addManaged(g *generation, cfg *config.Config, now time.Time) error {
	names := orderedNames(cfg.Sites)
	if len(names) == 0 {
		return nil
	}
	was := g.before.cfg
	if g.before.managed != nil && slices.Equal(names, orderedNames(was.Sites)) &&
		reflect.DeepEqual(cfg.ACME, was.ACME) && cfg.Server.HTTP.On == was.Server.HTTP.On {
		g.managed = g.before.managed // orders that are under way go on
		g.sources = append(g.sources, g.managed)
		return nil
	}
	ports, dns := s.authorities(cfg)
	options := certs.ManagedOptions{Vault: s.vault, StandIn: cfg.ACME.StandIn}
	for _, name := range names {
		subject := certs.Subject{Name: name, Authorities: ports}
		if cfg.ACME.ByDNS || strings.HasPrefix(name, "*.") {
			subject.Authorities = dns
		}
		options.Subjects = append(options.Subjects, subject)
	}
	managed, err := certs.NewManaged(options, now)
	if err != nil {
		return err
	}
	g.managed = managed
	g.sources = append(g.sources, managed)
	return nil
}

// orderedNames returns the names to order certificates for, one each: all hosts
// of Sites with tls = "auto", but for those that a wildcard among them covers.
func orderedNames(sites []config.Site) []string {
	var all, names []string
	for _, site := range sites {
		if site.TLS.Mode == config.TLSAuto {
			all = append(all, site.Hosts...)
		}
	}
	for _, name := range all {
		_, parent, _ := strings.Cut(name, ".")
		if strings.HasPrefix(name, "*.") || !slices.Contains(all, "*."+parent) {
			names = append(names, name)
		}
	}
	return names
}

// authorities makes those who certify names by our ports and by the DNS: the CA
// of [acme] first, then the one to fall back to.
func (s *Server) authorities(cfg *config.Config) (ports, dns []certs.Authority) {
	solver := ca.DNSOptions{
		Provider: dnsProvider(cfg.ACME.DNS),
		Finder:   dnsapi.NewFinder(dnsapi.FinderOptions{Resolvers: cfg.ACME.DNS.Resolvers, Timeout: cfg.ACME.DNS.Timeout}),
		Profile:  cfg.ACME.Profile,
	}
	for _, d := range []config.Directory{cfg.ACME.Directory, cfg.ACME.Fallback} {
		if d.URL == "" {
			continue
		}
		account := ca.NewAccount(s.directory(cfg.ACME, d))
		ports = append(ports, ca.NewPorts(account, ca.PortsOptions{Answers: s.answers, HTTP: cfg.Server.HTTP.On}))
		dns = append(dns, ca.NewDNS(account, solver))
		solver.Profile = "" // profiles are the first CA's
	}
	return ports, dns
}

func (s *Server) directory(acme config.ACME, d config.Directory) ca.Directory {
	v := ca.Directory{URL: d.URL, Email: acme.Email, Agent: "sluice/" + Version(), Vault: s.vault}
	if d.CARoot != "" {
		v.Roots = x509.NewCertPool()
		v.Roots.AppendCertsFromPEM([]byte(d.CARoot)) // config has tried it
	}
	if d.EABKeyID != "" {
		v.EAB = &ca.EAB{KeyID: d.EABKeyID, Key: d.EABKey.Read}
	}
	return v
}

// dnsProvider makes who changes DNS records; nil if nobody does.
func dnsProvider(d config.DNS) dnsapi.Provider {
	literal := func(text string) dnsapi.Secret { return func() (string, error) { return text, nil } }
	var token dnsapi.Secret
	if d.Token.On() {
		token = d.Token.Read
	}
	switch d.Provider {
	case config.DNSPod:
		return dnsapi.NewTencent(dnsapi.TencentOptions{SecretID: literal(d.KeyID), SecretKey: d.Key.Read, SessionToken: token})
	case config.DNSAlidns:
		return dnsapi.NewAliyun(dnsapi.AliyunOptions{AccessKeyID: literal(d.KeyID), AccessKeySecret: d.Key.Read, SecurityToken: token})
	case config.DNSCloudflare:
		return dnsapi.NewCloudflare(dnsapi.CloudflareOptions{Token: d.Key.Read})
	case config.DNSUpdate:
		return dnsapi.NewUpdate(dnsapi.UpdateOptions{Server: d.Server, KeyName: d.KeyID, KeySecret: d.Key.Read, Algorithm: d.Algorithm})
	case config.DNSExec:
		return dnsapi.NewCommand(dnsapi.CommandOptions{Command: d.Command})
	}
	return nil
}

// checkSecrets tells of secrets that are not there now. That is no error: they
// are asked for when they are needed, and "sluice check" may run without them.
func (s *Server) checkSecrets(acme config.ACME) {
	for key, secret := range map[string]config.Secret{
		"acme.eab_key":          acme.Directory.EABKey,
		"acme.fallback.eab_key": acme.Fallback.EABKey,
		"acme.dns.key":          acme.DNS.Key,
		"acme.dns.token":        acme.DNS.Token,
	} {
		if !secret.On() {
			continue
		}
		if _, err := secret.Read(); err != nil {
			s.errlog.Warn("a secret is missing; certificates that need it will not be obtained", "key", key, "why", err)
		}
	}
}

// challenge answers a CA's validation by http-01.
func (s *Server) challenge(_, token string) ([]byte, bool) {
	body, ok := s.answers.HTTP(token)
	return []byte(body), ok
}

// RenewCertificate asks that the certificate of name be ordered anew, and says
// why not if it is not. It may be called by anyone while the Server runs.
func (s *Server) RenewCertificate(name string) error {
	managed := s.inForce.Load().managed
	if managed == nil {
		return fmt.Errorf(`%s: no certificate is ordered from a CA; that is done for Sites with tls = "auto"`, name)
	}
	_, err := managed.Renew(name, time.Now())
	return err
}
