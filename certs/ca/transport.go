package ca

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"sluice/certs"
)

const (
	// maxAnswer bounds what is read of an answer. A chain is 10 KiB.
	maxAnswer = 1 << 20

	// longestPoll is how long a CA can have us wait between two looks at an
	// order. Only what it says when it refuses is obeyed for longer, and not
	// here.
	longestPoll = 15 * time.Second

	maxDetail     = 400 // bytes of a CA's own words
	maxChallenges = 20  // of one authorization; there are five kinds
	maxProofs     = 200 // challenges of one order; it has two, or four if tried again
)

func tlsConfig(roots *x509.CertPool) *tls.Config {
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// problem is a problem document (RFC 9457) as ACME uses it.
type problem struct {
	Type        string    `json:"type"`
	Detail      string    `json:"detail"`
	Status      int       `json:"status"`
	Subproblems []problem `json:"subproblems"`
}

// words is what the CA says, in one line.
func (p problem) words() string {
	text := p.Detail
	for i, sub := range p.Subproblems {
		if i == 3 {
			break
		}
		text += "; " + sub.Detail
	}
	return oneLine(text)
}

// name is the type without the urn before it.
func (p problem) name() string {
	return oneLine(strings.TrimPrefix(p.Type, "urn:ietf:params:acme:error:"))
}

// oneLine is text as it can stand in a log: without control characters, and not
// too long.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) > maxDetail {
		text = strings.ToValidUTF8(text[:maxDetail], "") + "…"
	}
	return strings.TrimSpace(text)
}

// transport carries the requests of one order, and remembers what the CA said.
// An order's requests end with its context; those that are left over then, to
// take back what is not needed any more, have a little time.
type transport struct {
	inner http.RoundTripper // fixed
	life  context.Context   // fixed; requests end with it
	kill  func()            // fixed; ends life
	stop  func() bool       // fixed; life no longer ends with the order's context

	mu       sync.Mutex
	step     string   // what the last request was for
	refused  *problem // the last answer that was one, or what was wrong with a validation
	status   int      // of refused
	retry    time.Duration
	invalid  map[string]bool // URLs of authorizations found invalid
	tried    []string        // what was wrong with each of their challenges
	lost     error           // why the last request had no answer at all
	finalize string          // URL
	proofs   map[string]bool // URLs of challenges

	// committed: the CA has been told to look, or to issue. To go away now
	// would fail its validation or lose its certificate, and both count.
	committed bool
}

// newTransport returns a transport for one order, whose context is ctx. close
// comes at the end.
func newTransport(ctx context.Context, inner http.RoundTripper) *transport {
	t := &transport{inner: inner, invalid: make(map[string]bool), proofs: make(map[string]bool)}
	t.life, t.kill = context.WithCancel(context.WithoutCancel(ctx))
	t.stop = context.AfterFunc(ctx, t.hurry)
	return t
}

// hurry ends what is under way, unless the CA is at work just now: that is
// waited for, a while.
func (t *transport) hurry() {
	t.mu.Lock()
	committed := t.committed
	t.mu.Unlock()
	if committed {
		time.AfterFunc(commitGrace, t.kill)
		return
	}
	t.kill()
}

// close ends the order. What a library still wants to tell the CA has a while.
func (t *transport) close() {
	t.stop()
	time.AfterFunc(commitGrace, t.kill)
}

// errOver: the order has ended.
var errOver = errors.New("the order has been given up")

// RoundTrip is http.RoundTripper's.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.life.Err() != nil {
		return nil, errOver
	}
	t.begin(r.URL)
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	defer context.AfterFunc(t.life, cancel)()
	response, err := t.inner.RoundTrip(r.WithContext(ctx))
	var body []byte
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
		response.Body.Close()
		if err == nil && len(body) > maxAnswer {
			err = errors.New("the CA's answer is larger than 1 MiB")
		}
	}
	if err != nil {
		t.lose(err)
		return nil, err
	}
	t.read(r.URL, response, body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// begin notes what a request is for.
func (t *transport) begin(u *url.URL) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch u.String() {
	case t.finalize:
		t.committed = true
		t.step = "issue the certificate"
	default:
		if t.proofs[u.String()] {
			t.committed = true
			t.step = "prove control of the name"
		}
	}
}

// say sets what is being done, for messages.
func (t *transport) say(step string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.step = step
}

// lose notes that a request had no answer.
func (t *transport) lose(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lost = err
}

// read notes what matters of an answer, and keeps the CA from making us wait
// for long.
func (t *transport) read(u *url.URL, response *http.Response, body []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lost = nil
	retry := retryAfter(response.Header.Get("Retry-After"), time.Now())
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	switch {
	case response.StatusCode >= 400:
		p := problem{Status: response.StatusCode}
		if json.Unmarshal(body, &p) != nil || p.Detail == "" && p.Type == "" {
			p = problem{Detail: fmt.Sprintf("HTTP status %d without an explanation", response.StatusCode)}
		}
		if p.name() != "badNonce" { // which is tried again, and means nothing
			t.refused, t.status, t.retry = &p, response.StatusCode, retry
		}
	case kind == "application/json":
		t.readObject(u, body)
		if retry > longestPoll {
			response.Header.Set("Retry-After", strconv.Itoa(int(longestPoll/time.Second)))
		}
	}
}

// readObject reads an order or an authorization. It needs mu.
func (t *transport) readObject(u *url.URL, body []byte) {
	var object struct {
		Status     string   `json:"status"`
		Finalize   string   `json:"finalize"`
		Error      *problem `json:"error"`
		Challenges []struct {
			Type  string   `json:"type"`
			URL   string   `json:"url"`
			Error *problem `json:"error"`
		} `json:"challenges"`
	}
	if json.Unmarshal(body, &object) != nil {
		return
	}
	if object.Finalize != "" {
		t.finalize = object.Finalize
	}
	for i, c := range object.Challenges {
		if i == maxChallenges || len(t.proofs) >= maxProofs {
			break
		}
		t.proofs[c.URL] = true
		if c.Error != nil && object.Status == "invalid" && !t.invalid[u.String()] {
			t.refused, t.status, t.retry = c.Error, 0, 0
			t.step = "prove control of the name"
			t.tried = append(t.tried, oneLine(c.Type)+": "+c.Error.words())
			t.invalid[u.String()] = true
		}
	}
	if object.Error != nil && object.Finalize != "" && len(t.invalid) == 0 {
		t.refused, t.status, t.retry = object.Error, 0, 0
	}
}

// retryAfter reads the value of a Retry-After field (RFC 9110 section 10.2.3);
// 0 if there is none, or nonsense.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// explain makes an OrderError of what a library returned and the CA said.
func (t *transport) explain(directory string, err error) *certs.OrderError {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := &certs.OrderError{Directory: directory, Step: t.step, Cause: err, Invalid: len(t.invalid)}
	switch {
	case t.lost != nil:
		e.Cause = unreachable(t.lost)
		e.Remedy = "check that this machine can reach the CA: curl -sS " + directory
		if errors.As(t.lost, new(x509.UnknownAuthorityError)) {
			e.Remedy = "name the file of the CA's root as acme.ca_root"
		}
	case t.refused != nil:
		e.Type, e.Status, e.RetryAfter = t.refused.name(), t.status, t.retry
		e.Cause = errors.New(t.refused.words())
		if len(t.tried) > 0 && t.status == 0 {
			e.Cause = errors.New(strings.Join(t.tried, "; "))
		}
		e.Remedy = remedy(e.Type)
	}
	return e
}

// unreachable is a network error without the request that it was for.
func unreachable(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("no answer: %w", err)
}

// remedy is what a person can do about a kind of problem (RFC 8555 section
// 6.7).
func remedy(kind string) string {
	switch kind {
	case "dns":
		return "create an A or AAAA record for the name that leads to this machine"
	case "connection":
		return "let the Internet reach this machine on ports 80 and 443, also in the cloud's firewall; where that cannot be, set acme.challenge = \"dns-01\""
	case "unauthorized", "tls":
		return "check that the name's A and AAAA records lead to this machine and that nothing before it answers in its place; before an ICP filing mainland clouds intercept port 80: set acme.challenge = \"dns-01\""
	case "incorrectResponse":
		return "check that no other machine answers for the name, or that the DNS shows the record everywhere"
	case "caa":
		return "allow this CA in the CAA record of the domain, or remove the record"
	case "rateLimited":
		return "wait; the CA says until when, and sluice certs shows it"
	case "externalAccountRequired":
		return "set acme.eab_key_id and acme.eab_key as the CA hands them out"
	case "rejectedIdentifier":
		return "the CA does not certify this name; use another CA, or files"
	case "invalidContact", "unsupportedContact":
		return "correct acme.email"
	case "userActionRequired":
		return "agree to the CA's terms at the page that it names"
	}
	return ""
}
