package config

import (
	"crypto/x509"
	"net/mail"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// ACME says how certificates of Sites with TLSAuto are obtained.
type ACME struct {
	Email     string // empty: the CA knows nobody to write to
	Directory Directory
	Fallback  Directory // asked when the first fails for long; no URL: none
	ByDNS     bool      // all names are proved by dns-01, not only wildcards
	Profile   string    // of the CA's certificates; empty: its default; only by dns-01
	StandIn   bool      // a self-signed certificate stands in until the first is obtained
	DNS       DNS
}

// Directory is a CA.
type Directory struct {
	URL      string
	CARoot   string // PEM of who may certify the CA's own server; empty: those whom the system trusts
	EABKeyID string // of an external account binding; empty: none
	EABKey   Secret
}

// DNSProvider is who changes DNS records.
type DNSProvider string

// The providers.
const (
	DNSNone       DNSProvider = ""
	DNSPod        DNSProvider = "dnspod"
	DNSAlidns     DNSProvider = "alidns"
	DNSCloudflare DNSProvider = "cloudflare"
	DNSUpdate     DNSProvider = "rfc2136"
	DNSExec       DNSProvider = "exec"
)

// DNS says how DNS records are changed.
type DNS struct {
	Provider  DNSProvider
	KeyID     string // of DNSPod and Alidns: the key's; of RFC 2136: its name
	Key       Secret
	Token     Secret   // of a session, for DNSPod and Alidns; off: none
	Server    string   // of RFC 2136: host:port
	Algorithm string   // of RFC 2136
	Command   []string // of exec
	Resolvers []string // host:port; none: the system's
	Timeout   time.Duration
}

// acme reads [acme].
func (d *decoder) acme(s section) ACME {
	v := ACME{
		Email:     read(s, "email", parseEmail),
		Directory: s.directory(),
		ByDNS:     read(s, "challenge", choice(`write "auto" or "dns-01"`, []string{"auto", "dns-01"})) == "dns-01",
		Profile:   read(s, "profile", parseProfile),
		StandIn:   s.boolean("stand_in"),
	}
	if s.written("fallback") {
		f := s.table("fallback")
		if !f.written("directory") {
			f.missing("directory")
		}
		v.Fallback = f.directory()
		if v.Fallback.URL != "" && v.Fallback.URL == v.Directory.URL {
			f.fail("directory", "name another CA's", "is the one of [acme] already")
		}
	}
	if d.hasDNS = s.written("dns"); d.hasDNS {
		v.DNS = s.table("dns").dns()
	}
	if v.ByDNS && !s.written("dns") {
		s.fail("challenge", "write [acme.dns] with provider and key", `"dns-01" needs somebody who changes the DNS`)
	}
	if v.Profile != "" && !v.ByDNS {
		s.fail("profile", `write challenge = "dns-01", or delete it`, "is possible with dns-01 only")
	}
	return v
}

// directory reads what [acme] and [acme.fallback] have in common.
func (s section) directory() Directory {
	v := Directory{URL: read(s, "directory", parseDirectory), CARoot: s.pem("ca_root"), EABKey: s.secret("eab_key")}
	if v.CARoot != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(v.CARoot)) {
		s.fail("ca_root", "name a PEM file of certificates", "has no certificate")
	}
	if s.written("eab_key_id") {
		v.EABKeyID = read(s, "eab_key_id", oneWord)
	}
	if s.written("eab_key") != s.written("eab_key_id") {
		s.fail("eab_key_id", "write both eab_key_id and eab_key", "one is of no use without the other")
	}
	return v
}

func parseEmail(text string) (string, *flaw) {
	if text == "" {
		return "", nil
	}
	a, err := mail.ParseAddress(text)
	if err != nil || a.Address != text {
		return "", flawed(`write an address such as "ops@example.com"`, "%s is not an email address", shorten(text))
	}
	return text, nil
}

// parseDirectory reads the URL of an ACME directory, which must be HTTPS (RFC
// 8555 section 6.1).
func parseDirectory(text string) (string, *flaw) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return "", flawed(`write a URL such as "https://acme-v02.api.letsencrypt.org/directory"`, "%s is not the HTTPS URL of a directory", shorten(text))
	}
	return text, nil
}

func parseProfile(text string) (string, *flaw) {
	if text == "" {
		return "", nil
	}
	return oneWord(text)
}

// oneWord reads a text without white space or control characters.
func oneWord(text string) (string, *flaw) {
	if text == "" || len(text) > 200 || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "", flawed("write 1 to 200 printable ASCII characters without spaces", "%s cannot be right", shorten(text))
	}
	return text, nil
}

// dnsNeeds says which keys each provider needs, and may have.
var dnsNeeds = map[DNSProvider]struct{ must, may []string }{
	DNSPod:        {[]string{"key_id", "key"}, []string{"token"}},
	DNSAlidns:     {[]string{"key_id", "key"}, []string{"token"}},
	DNSCloudflare: {[]string{"key"}, nil},
	DNSUpdate:     {[]string{"server", "key_id", "key"}, []string{"algorithm"}},
	DNSExec:       {[]string{"command"}, nil},
}

// dns reads [acme.dns].
func (s section) dns() DNS {
	v := DNS{
		Provider: required(s, "provider", choice(`write "dnspod", "alidns", "cloudflare", "rfc2136" or "exec"`,
			[]DNSProvider{DNSPod, DNSAlidns, DNSCloudflare, DNSUpdate, DNSExec})),
		Algorithm: read(s, "algorithm", choice(`write "hmac-sha256"`,
			[]string{"hmac-sha256", "hmac-sha224", "hmac-sha384", "hmac-sha512", "hmac-sha1"})),
		Timeout: read(s, "timeout", durationBetween(time.Second, time.Hour)),
		Key:     s.secret("key"),
		Token:   s.secret("token"),
	}
	if s.written("key_id") {
		v.KeyID = read(s, "key_id", oneWord)
	}
	if s.written("server") {
		v.Server = read(s, "server", nameServer)
	}
	if s.written("command") {
		v.Command = s.command()
	}
	for _, item := range s.texts("resolvers") {
		resolver, bad := nameServer(item.text)
		if bad != nil {
			s.d.add(item.line, s.key("resolvers"), bad.remedy, "%s", bad.problem)
			continue
		}
		v.Resolvers = append(v.Resolvers, resolver)
	}
	s.checkNeeds(v.Provider)
	return v
}

// checkNeeds reports keys that the provider lacks, and those that mean nothing
// to it.
func (s section) checkNeeds(p DNSProvider) {
	needs, known := dnsNeeds[p]
	if !known {
		return // reported
	}
	meant := map[string]bool{"provider": true, "resolvers": true, "timeout": true}
	for _, name := range needs.must {
		meant[name] = true
		if !s.written(name) {
			s.missing(name)
		}
	}
	for _, name := range needs.may {
		meant[name] = true
	}
	for _, name := range s.node.order {
		if s.spec.key(name) != nil && !meant[name] {
			s.fail(name, "delete it", "has no meaning with provider %q", p)
		}
	}
}

// command returns a program and its arguments; a path with a slash is looked
// for from the folder of the configuration file.
func (s section) command() []string {
	var words []string
	for _, item := range s.texts("command") {
		words = append(words, item.text)
	}
	if len(words) == 0 || words[0] == "" {
		s.fail("command", s.spec.key("command").howTo(), "names no program")
		return nil
	}
	if strings.Contains(words[0], "/") {
		words[0] = s.d.resolve(words[0])
	}
	return words
}

// nameServer reads "host:port" or "host", whose port is 53.
func nameServer(text string) (string, *flaw) {
	const remedy = `write a host or IP, maybe with a port, such as "223.5.5.5:53"`
	if ip, err := netip.ParseAddr(text); err == nil {
		return netip.AddrPortFrom(ip, 53).String(), nil
	}
	if at, err := netip.ParseAddrPort(text); err == nil && at.Port() != 0 {
		return at.String(), nil
	}
	host, port, found := strings.Cut(text, ":")
	if !found {
		port = "53"
	}
	if checkName(strings.ToLower(host)) != nil {
		return "", flawed(remedy, "%s is not a name server", shorten(text))
	}
	if _, _, bad := parsePorts(port); bad != nil || strings.Contains(port, "-") {
		return "", flawed(remedy, "%s is not a name server", shorten(text))
	}
	return strings.ToLower(host) + ":" + port, nil
}

// checkACME holds a Site that wants certificates from a CA against what is
// there to obtain them.
func (s section) checkACME(v Site, server Server) {
	if v.TLS.Mode != TLSAuto || s.misspelt("tls") {
		return
	}
	if server.StateDir == "" {
		s.fail("tls", `write server.state_dir = "/var/lib/sluice"`, `"auto" has to keep certificates and keys, and server.state_dir is ""`)
	}
	for _, host := range v.Hosts {
		s.checkCertifiable(host)
	}
}

// checkCertifiable reports a host that no public CA certifies, or not in the
// way that is configured.
func (s section) checkCertifiable(host string) {
	const remedy = `write tls = "self-signed" or files for a Site of such hosts`
	line := s.d.hosts[host]
	_, err := netip.ParseAddr(host)
	name := strings.TrimPrefix(host, "*.")
	switch {
	case err == nil:
		s.d.add(line, s.key("hosts"), remedy, `no certificate can be ordered for the IP %s with tls = "auto"`, host)
	case !strings.Contains(name, ".") || strings.Contains(name, "_"):
		s.d.add(line, s.key("hosts"), remedy, `no CA certifies %q, which tls = "auto" asks for`, host)
	case name != host && !s.d.hasDNS:
		s.d.add(line, s.key("hosts"), "write [acme.dns] with provider and key, or name the hosts one by one",
			`a wildcard such as %q can only be certified by dns-01`, host)
	}
}
