package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/certs/acmetest"
	"sluice/certs/certstest"
)

// shop is the name that certificates are ordered for.
const shop = "shop.example.com"

// obtaining is how long an order may take that nothing is in the way of. Our
// side of it looks once a second; the rest is patience.
const obtaining = 3 * patience

// ordering is a Sluice that orders certificates from a CA: its configuration,
// its folder, and addresses that stay the same over restarts.
type ordering struct {
	t     *testing.T
	ca    *acmetest.CA
	dir   string
	file  string // the configuration, written by each run
	state string // server.state_dir
	log   string // the access log

	http, https, admin string // addresses

	hosts    []string // of the Site with tls = "auto"
	upstream string   // its
	acme     string   // more keys of [acme], and tables below it
	sites    string   // more Sites
	env      []string // more of the environment
	within   []string // a program and arguments, which runs the command after them
}

// newOrdering is the four-line configuration with a CA of the test's, whose
// validations lead here.
func newOrdering(t *testing.T, ca *acmetest.CA) *ordering {
	t.Helper()
	o := anotherOrdering(t, ca, filepath.Join(t.TempDir(), "state"))
	ca.AnswerHTTP(o.http)
	ca.AnswerTLS(o.https)
	return o
}

// anotherOrdering is one on a state directory that others may have, too. The CA
// does not know of it.
func anotherOrdering(t *testing.T, ca *acmetest.CA, state string) *ordering {
	t.Helper()
	dir := t.TempDir()
	certstest.WriteFile(t, filepath.Join(dir, "ca_root.pem"), ca.RootPEM())
	return &ordering{
		t: t, ca: ca, dir: dir, file: filepath.Join(dir, "sluice.toml"), state: state, log: filepath.Join(dir, accessLog),
		http: reserve(t), https: reserve(t), admin: reserve(t),
		hosts: []string{shop}, upstream: serve(t, nil).address,
	}
}

// byDNS has all names proved by the DNS, with a secret that stands where the
// configuration says.
func (o *ordering) byDNS(secret string) {
	key, _ := o.ca.TSIG()
	o.acme += fmt.Sprintf("challenge = \"dns-01\"\n%s", o.dnsTable(key, secret))
}

// dnsTable is [acme.dns].
func (o *ordering) dnsTable(key, secret string) string {
	return fmt.Sprintf("[acme.dns]\nprovider = \"rfc2136\"\nserver = %q\nkey_id = %q\nkey = %q\nresolvers = [%q]\n",
		o.ca.DNS(), key, secret, o.ca.DNS())
}

// tsigVariable is where the secret for the DNS stands in the environment.
const tsigVariable = "SLUICE_E2E_TSIG"

// byDNSWithEnvironment is byDNS with the right secret in the environment.
func (o *ordering) byDNSWithEnvironment() {
	_, secret := o.ca.TSIG()
	o.env = append(o.env, tsigVariable+"="+secret)
	o.byDNS("env:" + tsigVariable)
}

// byDNSWithFile is byDNS with the right secret in a file.
func (o *ordering) byDNSWithFile() {
	_, secret := o.ca.TSIG()
	certstest.WriteFile(o.t, filepath.Join(o.dir, "tsig"), []byte(secret+"\n"))
	o.byDNS("file:tsig")
}

// text is the configuration.
func (o *ordering) text() string {
	return fmt.Sprintf(`[[site]]
hosts    = ["%s"]
upstream = %q

%s
[server]
http = %q
https = %q
admin = %q
state_dir = %q
drain_timeout = "3s"

[log]
access = %q

[acme]
directory = %q
ca_root = "ca_root.pem"
%s`, strings.Join(o.hosts, `", "`), o.upstream, o.sites, o.http, o.https, o.admin, o.state, o.log, o.ca.Directory(), o.acme)
}

// run starts the program and waits until it serves.
func (o *ordering) run() *sluice {
	o.t.Helper()
	certstest.WriteFile(o.t, o.file, []byte(o.text()))
	return launchCommand(o.t, o.dir, o.command("run"))
}

// command is a command of the program on this configuration.
func (o *ordering) command(args ...string) *exec.Cmd {
	words := append(append(append([]string(nil), o.within...), built), args...)
	words = append(words, "--config", o.file)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), o.env...)
	return cmd
}

// certs runs "sluice certs" with these arguments to its end.
func (o *ordering) certs(args ...string) result {
	o.t.Helper()
	return command(o.t, "", built, append([]string{"certs", "--config", o.file}, args...)...)
}

// renew runs "sluice certs renew", which must begin an order.
func (o *ordering) renew(name string) {
	o.t.Helper()
	if r := o.certs("renew", name); r.status != 0 || !strings.Contains(r.stdout, name) {
		o.t.Fatalf("sluice certs renew %s: exit status %d\n%s%s", name, r.status, r.stdout, r.stderr)
	}
}

// certificateStatus is what "sluice certs --json" says of a certificate.
type certificateStatus struct {
	Names    []string  `json:"names"`
	Source   string    `json:"source"`
	Issuer   string    `json:"issuer"`
	Key      string    `json:"key"`
	NotAfter time.Time `json:"not_after"`
	NextTry  time.Time `json:"next_renewal"`
	Ordering bool      `json:"ordering"`
	Warnings []string  `json:"warnings"`
	Failure  string    `json:"last_failure"`
	Remedy   string    `json:"remedy"`
}

// status is what "sluice certs --json" says of a name.
func (o *ordering) status(name string) certificateStatus {
	o.t.Helper()
	r := o.certs("--json")
	var all []certificateStatus
	if err := json.Unmarshal([]byte(r.stdout), &all); err != nil || r.status != 0 {
		o.t.Fatalf("sluice certs --json: exit status %d, %v\n%s%s", r.status, err, r.stdout, r.stderr)
	}
	for _, c := range all {
		if len(c.Names) == 1 && c.Names[0] == name {
			return c
		}
	}
	o.t.Fatalf("sluice certs --json has no %s:\n%s", name, r.stdout)
	panic("unreachable")
}

// ask gets a page of the admin server.
func (o *ordering) ask(path string) string {
	o.t.Helper()
	return get(o.t, &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}, "http://"+o.admin+path).body
}

// metric is the value of a metric, spelt with its labels; empty if there is
// none.
func (o *ordering) metric(name string) string {
	o.t.Helper()
	for line := range strings.Lines(o.ask("/metrics")) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// tls is how clients speak TLS with a name that the CA has certified.
func (o *ordering) tls(name string) *tls.Config {
	return &tls.Config{ServerName: name, RootCAs: o.ca.IssuingRoots(), NextProtos: []string{"http/1.1"}}
}

// shake does a handshake for a name. The error may be that the certificate is
// not one that the CA has issued for it, with its whole chain.
func (o *ordering) shake(name string) (tls.ConnectionState, error) {
	d := &net.Dialer{Timeout: patience}
	conn, err := tls.DialWithDialer(d, "tcp", o.https, o.tls(name))
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	return conn.ConnectionState(), nil
}

// serial is that of the certificate served for a name.
func (o *ordering) serial(name string) *big.Int {
	o.t.Helper()
	state, err := o.shake(name)
	if err != nil {
		o.t.Fatal(err)
	}
	return state.PeerCertificates[0].SerialNumber
}

// obtained waits until a certificate of the CA is served for a name, and
// returns what a handshake shows. Nothing but the program itself orders it: no
// client connects before the log tells of it.
func (o *ordering) obtained(s *sluice, name string) tls.ConnectionState {
	o.t.Helper()
	eventually(o.t, obtaining, "the log tells of a certificate for "+name, func() bool {
		return s.stderr.has(`msg="certificate loaded" names=[` + name + "]")
	})
	state, err := o.shake(name)
	if err != nil {
		o.t.Fatal(err)
	}
	return state
}

// wantIssued compares how much the CA has done for a name.
func (o *ordering) wantIssued(name string, orders, issued int) {
	o.t.Helper()
	if got := o.ca.Orders(name); got != orders {
		o.t.Errorf("the CA was asked for %d certificates of %s, want %d", got, name, orders)
	}
	if got := o.ca.Issued(name); got != issued {
		o.t.Errorf("the CA has issued %d certificates of %s, want %d", got, name, issued)
	}
}

// wantAnswer asks the Site by a name over TLS for the upstream's answer.
func (o *ordering) wantAnswer(s *sluice, name string) {
	o.t.Helper()
	a := get(o.t, s.clientBy(o.tls(name)), "https://"+name+"/")
	if a.StatusCode != 200 || a.body != "ok" || a.Header.Get("X-Upstream") != o.upstream {
		o.t.Errorf("https://%s/: %d %q from %q", name, a.StatusCode, a.body, a.Header.Get("X-Upstream"))
	}
}

// rootFile writes the root of what the CA issues, as a handshake has found it.
func (o *ordering) rootFile(state tls.ConnectionState) (path string) {
	o.t.Helper()
	chain := state.VerifiedChains[0]
	path = filepath.Join(o.dir, "issuing_root.pem")
	certstest.WriteFile(o.t, path, certificatePEM(chain[len(chain)-1]))
	return path
}

func certificatePEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// reached waits until a request is held.
func reached(t *testing.T, held <-chan struct{}) {
	t.Helper()
	timer := time.NewTimer(obtaining)
	defer timer.Stop()
	select {
	case <-held:
	case <-timer.C:
		t.Fatalf("no request to hold came within %v", obtaining)
	}
}

// port is that of an address.
func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// plain gets an URL over plain HTTP.
func (o *ordering) plain(s *sluice, url string) answer {
	o.t.Helper()
	return get(o.t, s.clientBy(nil), url)
}
