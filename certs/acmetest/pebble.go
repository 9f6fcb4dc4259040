package acmetest

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/core"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// defaultProfile is what an order gets that names no profile.
const defaultProfile = "default"

// patience is how long Pebble gets to issue a certificate. It needs
// milliseconds; it issues none at all only to a key it cannot certify.
const patience = 10 * time.Second

// setting is what a Pebble is made of.
type setting struct {
	log        *log.Logger
	httpPort   int
	tlsPort    int
	resolver   string
	eab        map[string]string
	validities map[string]time.Duration // by profile, defaultProfile among them
	badNonces  int
	reuseAuthz bool
	chain      int
}

// pebble is Pebble, made as predictable as a test needs it:
//
//   - It answers one request at a time. Pebble reads and writes some of an
//     order without its lock, and holds some locks twice, so that two requests
//     for one order can race or block each other for good.
//   - A finalization is answered when the certificate has been issued. The
//     answer still says "processing", as Pebble's always does: the client has
//     to ask for the order again, and finds it valid the first time.
//   - Authorizations are reused always or never. Pebble's "0 percent" is one.
//   - An order that names no profile gets "default", not any.
//   - Validations begin at once.
type pebble struct {
	db         *db.MemoryStore
	ca         *ca.CAImpl
	handler    http.Handler
	management http.Handler
	reuseAuthz bool
	ledger     *ledger

	mu sync.Mutex // held while Pebble answers
}

func newPebble(tb testing.TB, s setting, l *ledger) *pebble {
	tb.Helper()
	store := db.NewMemoryStore()
	for id, key := range s.eab {
		if err := store.AddExternalAccountKeyByID(id, key); err != nil {
			tb.Fatal(err)
		}
	}
	profiles := map[string]ca.Profile{}
	for name, validity := range s.validities {
		// Zero is 90 days to Pebble; less than a second must not become that.
		seconds := (validity + time.Second - 1) / time.Second
		profiles[name] = ca.Profile{Description: name, ValidityPeriod: uint64(seconds)}
	}
	issuer := ca.New(s.log, store, "", "ecdsa", 0, s.chain, profiles)

	defer setEnvironment(tb, map[string]string{
		"PEBBLE_VA_NOSLEEP":      "1",
		"PEBBLE_VA_ALWAYS_VALID": "0",
		"PEBBLE_AUTHZREUSE":      percent(s.reuseAuthz),
		"PEBBLE_WFE_NONCEREJECT": fmt.Sprint(s.badNonces),
	})()
	// Its goroutine that waits for validations to do never ends: there is no
	// way to tell it to.
	validator := va.New(s.log, s.httpPort, s.tlsPort, false, s.resolver, store)
	front := wfe.New(s.log, store, validator, issuer, []string{"ca.test"}, true, len(s.eab) > 0, 0, 0)
	return &pebble{
		db:         store,
		ca:         issuer,
		handler:    front.Handler(),
		management: front.ManagementHandler(),
		reuseAuthz: s.reuseAuthz,
		ledger:     l,
	}
}

func percent(always bool) string {
	if always {
		return "100"
	}
	return "0"
}

func (p *pebble) root() *x509.Certificate { return p.ca.GetRootCert(0).Cert }

// authorization is that of the challenge of the given id, or nil.
func (p *pebble) authorization(challenge string) *core.Authorization {
	if c := p.db.GetChallengeByID(challenge); c != nil {
		return c.Authz
	}
	return nil
}

// serve lets Pebble answer r, whose payload is asked.
func (p *pebble) serve(r *http.Request, asked []byte) *httptest.ResponseRecorder {
	p.mu.Lock()
	defer p.mu.Unlock()
	answer := httptest.NewRecorder()
	switch {
	case r.URL.Path == PathNewAccount:
		p.handler.ServeHTTP(answer, r)
		if answer.Code == http.StatusCreated {
			p.ledger.account()
		}
	case r.URL.Path == PathNewOrder:
		p.order(answer, r, asked)
	case strings.HasPrefix(r.URL.Path, PathFinalize):
		p.finalize(answer, r)
	default:
		p.handler.ServeHTTP(answer, r)
	}
	return answer
}

func (p *pebble) order(answer *httptest.ResponseRecorder, r *http.Request, asked []byte) {
	if !p.reuseAuthz {
		defer hide(p.ledger.authorizations())()
	}
	p.handler.ServeHTTP(answer, r)
	if answer.Code != http.StatusCreated {
		return
	}
	o := p.db.GetOrderByID(path.Base(answer.Header().Get("Location")))
	var request struct {
		Profile string `json:"profile"`
	}
	if json.Unmarshal(asked, &request); request.Profile == "" {
		o.Lock()
		o.Profile = defaultProfile
		o.Unlock()
		answer.Body = withProfile(answer.Body.Bytes(), defaultProfile)
	}
	p.ledger.order(o)
}

// withProfile is an order's JSON with another profile.
func withProfile(order []byte, profile string) *bytes.Buffer {
	var fields map[string]any
	if err := json.Unmarshal(order, &fields); err != nil {
		panic("internal error: Pebble's order: " + err.Error())
	}
	fields["profile"] = profile
	b, err := json.Marshal(fields)
	if err != nil {
		panic("internal error: an order: " + err.Error())
	}
	return bytes.NewBuffer(b)
}

// hide makes authorizations look expired, so that none is reused, until the
// function it returns is called. Nothing but a new order looks at the expiry
// without holding pebble.mu.
func hide(authorizations []*core.Authorization) (show func()) {
	expiries := make([]time.Time, len(authorizations))
	for i, a := range authorizations {
		a.Lock()
		expiries[i], a.ExpiresDate = a.ExpiresDate, time.Time{}
		a.Unlock()
	}
	return func() {
		for i, a := range slices.Backward(authorizations) { // should one be there twice
			a.Lock()
			a.ExpiresDate = expiries[i]
			a.Unlock()
		}
	}
}

func (p *pebble) finalize(answer *httptest.ResponseRecorder, r *http.Request) {
	p.handler.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		return
	}
	p.ledger.finalization()
	o := p.db.GetOrderByID(path.Base(r.URL.Path))
	// Pebble issues in a goroutine of its own, and tells nobody when it has.
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if p.issued(o) {
			p.ledger.issue(o)
			return
		}
	}
}

// issued reports whether Pebble has issued what o asks for, and has done all
// its bookkeeping.
func (p *pebble) issued(o *core.Order) bool {
	o.RLock()
	c := o.CertificateObject
	o.RUnlock()
	if c == nil {
		return false
	}
	if _, err := p.db.GetOrderByIssuedSerial(c.ID); err != nil {
		return false
	}
	if o.Replaces == "" {
		return true
	}
	_, serial, _ := strings.Cut(o.Replaces, ".") // RFC 9773 section 4.1: key id, ".", serial
	id, err := base64.RawURLEncoding.DecodeString(serial)
	if err != nil {
		return true
	}
	replaced, err := p.db.GetOrderByIssuedSerial(hex.EncodeToString(id))
	if err != nil {
		return true
	}
	replaced.RLock()
	defer replaced.RUnlock()
	return replaced.IsReplaced
}

func (p *pebble) setRenewalInfo(leaf *x509.Certificate, start, end time.Time) error {
	window := core.RenewalInfo{SuggestedWindow: core.SuggestedWindow{Start: start.UTC(), End: end.UTC()}}
	info, err := json.Marshal(window)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{
		"Certificate": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})),
		"ARIResponse": string(info),
	})
	if err != nil {
		return err
	}
	r := httptest.NewRequest(http.MethodPost, "/set-renewal-info/", bytes.NewReader(body))
	r.Header.Set("User-Agent", "acmetest") // Pebble refuses requests without
	answer := httptest.NewRecorder()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.management.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		return fmt.Errorf("set renewal info: %s", answer.Body)
	}
	return nil
}
