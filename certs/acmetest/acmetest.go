// Package acmetest runs a real ACME CA (RFC 8555), Let's Encrypt's Pebble,
// inside a test, with the name server it asks and switches for all that a CA
// can do wrong.
//
//	ca := acmetest.Start(t, acmetest.Options{})
//	ca.AnswerHTTP(listener.Addr().String()) // where http-01 is answered
//	client := acme.Client{DirectoryURL: ca.Directory(), …trusting ca.RootPEM()}
//	ca.Refuse(acmetest.Refusal{Path: acmetest.PathNewOrder, Status: 429, Type: "rateLimited"})
//
// A request meets, in this order: the count, Hold, Down, Refuse, Pebble,
// HoldAnswer. Where Pebble rolls dice that would make tests flicker, package
// acmetest takes them away (see pebble), or throws its own, seeded.
//
// Only tests import the package.
package acmetest

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sluice/certs/certstest"
)

// Options say what CA to start. The zero value is good for most tests.
type Options struct {
	EAB         map[string]string        // key id → base64url HMAC key; not empty: an external account binding is required
	Validity    time.Duration            // of certificates of the profile "default"; 0: 90 days
	Profiles    map[string]time.Duration // validities of further profiles, by name
	BadNonces   int                      // percent of good nonces that are refused
	ReuseAuthz  bool                     // a name that an account has proved is not to be proved again: always, rather than never
	ChainLength int                      // intermediates in the chain of a certificate; 0: 1
	Verbose     bool                     // Pebble's log goes to the test's
}

// CA is a running CA. Its methods may be called from several goroutines.
//
// A validity is whole seconds and counts, as at Let's Encrypt, the last one: a
// certificate of 3 s ends 2 s after its beginning, which is the second of its
// issue, rounded down.
type CA struct {
	server  *httptest.Server
	place   string // the path of the directory
	rootPEM []byte // what certifies server
	pebble  *pebble
	names   *nameServer
	http    *relay
	tls     *relay
	faults  *faults
	lottery *lottery
	ledger  *ledger
}

// Start starts a CA, which ends with the test. Validations fail until
// AnswerHTTP, AnswerTLS or SetTXT.
func Start(tb testing.TB, o Options) *CA {
	tb.Helper()
	c := &CA{
		place:   PathDirectory + "/" + rand.Text(),
		faults:  newFaults(),
		lottery: newLottery(),
		ledger:  &ledger{},
	}
	// Cleanups run last in, first out: the CA goes before what it depends on.
	c.names = startNameServer(tb, c.lottery.dooms)
	c.http = startRelay(tb)
	c.tls = startRelay(tb)

	logger := log.New(io.Discard, "", 0)
	if o.Verbose {
		logger = log.New(startTestLog(tb), "pebble: ", 0)
	}
	validities := map[string]time.Duration{defaultProfile: o.Validity}
	maps.Copy(validities, o.Profiles)
	c.pebble = newPebble(tb, setting{
		log:        logger,
		httpPort:   c.http.port(),
		tlsPort:    c.tls.port(),
		resolver:   c.names.address(),
		eab:        o.EAB,
		validities: validities,
		badNonces:  o.BadNonces,
		reuseAuthz: o.ReuseAuthz,
		chain:      max(o.ChainLength, 1),
	}, c.ledger)

	root := certstest.NewCA(tb)
	c.rootPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate.Raw})
	pair := root.Issue(tb, certstest.Leaf{Names: []string{"127.0.0.1", "localhost"}})
	c.server = httptest.NewUnstartedServer(http.HandlerFunc(c.serve))
	c.server.TLS = &tls.Config{Certificates: []tls.Certificate{*pair.TLS}}
	c.server.Config.ErrorLog = log.New(panicLog{tb}, "", 0)
	c.server.StartTLS()
	tb.Cleanup(func() {
		c.faults.end() // or the server would wait for what is held
		c.server.Close()
	})
	return c
}

// Directory is the URL of the directory, where a client begins. No two CAs have
// the same: ports come round again, and clients remember directories by URL for
// as long as the process runs, as acmez does.
func (c *CA) Directory() string { return c.server.URL + c.place }

// RootPEM is the certificate a client has to trust to talk with the CA. It has
// nothing to do with what the CA issues.
func (c *CA) RootPEM() []byte { return bytes.Clone(c.rootPEM) }

// IssuingRoots has the root of what the CA issues.
func (c *CA) IssuingRoots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(c.pebble.root())
	return pool
}

// AnswerHTTP says where http-01 is answered: at the address host:port, whatever
// the name. Empty: its connections are reset.
func (c *CA) AnswerHTTP(address string) { c.http.lead(address) }

// AnswerTLS is AnswerHTTP for tls-alpn-01.
func (c *CA) AnswerTLS(address string) { c.tls.lead(address) }

// SetRenewalInfo sets the window in which the CA would like the certificate to
// be renewed (ARI, RFC 9773), at first the 48 hours around two thirds of its
// life. The CA must have issued it.
func (c *CA) SetRenewalInfo(leaf *x509.Certificate, start, end time.Time) error {
	return c.pebble.setRenewalInfo(leaf, start, end)
}

// serve answers one request, or panics with http.ErrAbortHandler, by which the
// server cuts the connection.
func (c *CA) serve(w http.ResponseWriter, r *http.Request) {
	// The whole body: the server notices that a client goes away, which ends a
	// hold, only once nothing is left to be read.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	asked := payload(body)
	if r.URL.Path == c.place {
		r.URL.Path = PathDirectory
	}

	c.ledger.request(r)
	c.faults.hold(r, before)
	if c.faults.isDown() {
		panic(http.ErrAbortHandler)
	}
	if refusal, ok := c.faults.refusal(r); ok {
		refusal.write(w)
		return
	}
	if id, ok := strings.CutPrefix(r.URL.Path, PathChallenge); ok && len(asked) > 0 {
		c.lottery.draw(c.pebble.authorization(id))
	}
	answer := c.pebble.serve(r, asked)
	c.faults.hold(r, after)
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes())
}

// payload is what a signed request says: nothing when it only reads
// (POST-as-GET), or is not signed.
func payload(body []byte) []byte {
	var jws struct {
		Payload string `json:"payload"`
	}
	if json.Unmarshal(body, &jws) != nil {
		return nil
	}
	p, err := base64.RawURLEncoding.DecodeString(jws.Payload)
	if err != nil {
		return nil
	}
	return p
}
