package proxy

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/message"
	"sluice/upstream"
)

// A request that the wire has refused is answered by its failure's status, and
// nothing else of it is believed.
func TestRefusedRequestsAreAnsweredByCause(t *testing.T) {
	p := newProxy(t, newPool(t, upstream.Config{}, refusing(t)))
	for _, tt := range []struct {
		cause  message.Cause
		status int
		kind   string
	}{
		{message.CauseRequestInvalid, 400, "http_request_error"},
		{message.CauseRequestHeadSize, 431, "http_request_error"},
		{message.CauseRequestTargetSize, 414, "http_request_error"},
		{message.CauseRequestVersion, 505, "http_request_error"},
		{message.CauseRequestMethod, 405, "http_request_denied"},
		{message.CauseRequestFraming, 501, "http_request_error"},
		{message.CauseRequestTimeout, 408, "http_request_error"},
	} {
		t.Run(tt.cause.String(), func(t *testing.T) {
			r := &message.Request{Client: testClient, Start: time.Now(),
				Refused: &message.Failure{Party: message.PartyClient, Phase: message.PhaseHead, Cause: tt.cause, Err: errors.New("secret 10.0.0.9")}}
			// What else stands there is another client's of an hour ago.
			r.Fields = fieldLines("Request-Id: another", "Accept: text/html", "User-Agent: another")
			w := newWire(t, "GET")
			l := p.serve(r, w)
			l.want(t, w, strconv.Itoa(tt.status), "client head "+tt.cause.String())
			if l.status != tt.status || l.attempts != 0 || l.site != "" {
				t.Errorf("logged: %+v", l)
			}
			if got := w.one("Proxy-Status"); got != "sluice; error="+tt.kind {
				t.Errorf("Proxy-Status: %s", got)
			}
			if id := w.one("Request-Id"); id != l.id || id == "another" {
				t.Errorf("Request-Id: %s", id)
			}
			if strings.Contains(w.body.String(), "10.0.0.9") {
				t.Error("the body tells the details")
			}
			// RFC 9110 section 15.5.6: "The origin server MUST generate an Allow
			// header field in a 405 response".
			if allow := w.field("Allow"); (len(allow) == 1) != (tt.status == 405) {
				t.Errorf("Allow: %q", allow)
			}
			checkJSON(t, w, tt.status)
		})
	}
}

// checkJSON fails unless the body is JSON with this code and the Request-Id.
func checkJSON(t *testing.T, w *wire, status int) {
	t.Helper()
	var body struct {
		Code int
		ID   string
	}
	if err := json.Unmarshal(w.body.Bytes(), &body); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, w.body.String())
	}
	if body.Code != status || body.ID != w.one("Request-Id") || w.one("Content-Type") != "application/json" {
		t.Errorf("%s as %s", w.body.String(), w.one("Content-Type"))
	}
}

// RFC 9110 section 15.5.20: 421 "indicates that the request was directed at a
// server that is unable or unwilling to produce an authoritative response".
func TestAHostOfNoSiteIsMisdirected(t *testing.T) {
	p := newProxy(t, newPool(t, upstream.Config{}, refusing(t)))
	r, w := request("GET", "/", "Accept: text/html"), newWire(t, "GET")
	r.Authority = []byte("other.test")
	l := p.serve(r, w)
	l.want(t, w, "421", "client head misdirected")
	if l.host != "other.test" || l.site != "" || l.pool != "" {
		t.Errorf("logged: %+v", l)
	}
	if w.one("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(w.body.String(), "<html") {
		t.Errorf("a browser got %s", w.one("Content-Type"))
	}
}

func TestTheAnswerToHEADHasNoBody(t *testing.T) {
	p := newProxy(t, newPool(t, upstream.Config{}, refusing(t)))
	w := newWire(t, "HEAD")
	p.serve(request("HEAD", "/"), w).want(t, w, "503", "upstream dial destination_unavailable")
	if w.body.Len() != 0 || w.length <= 0 {
		t.Errorf("%d bytes of body, %d declared", w.body.Len(), w.length)
	}
}

// Design section 7: "details only to trusted clients or with debug".
func TestAllUpstreamsDown(t *testing.T) {
	for _, tt := range []struct {
		name, accept, client string
		html, details        bool
	}{
		{"an app", "", "203.0.113.7:1", false, false},
		{"a browser", "text/html,*/*;q=0.8", "203.0.113.7:1", true, false},
		{"a trusted client", "application/json", "10.0.0.1:1", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first, second := refusing(t), refusing(t)
			p := newProxy(t, newPool(t, upstream.Config{}, first, second))
			p.gen.Trusted = trustedNet
			began := time.Now()
			r, w := request("GET", "/?token=secret", "Cookie: session=secret"), newWire(t, "GET")
			if tt.accept != "" {
				r.Fields = append(r.Fields, fieldLines("Accept: "+tt.accept)...)
			}
			r.Client = clientAt(tt.client)
			l := p.serve(r, w)
			l.want(t, w, "503", "upstream dial destination_unavailable")
			if l.attempts != 2 || l.degraded == "" || l.upstream != second && l.upstream != first || l.detail == "" {
				t.Errorf("logged: %+v", l)
			}
			if isHTML := strings.HasPrefix(w.one("Content-Type"), "text/html"); isHTML != tt.html {
				t.Errorf("Content-Type %s", w.one("Content-Type"))
			}
			if s, err := strconv.Atoi(w.one("Retry-After")); err != nil || s < 1 {
				t.Errorf("Retry-After %q", w.field("Retry-After"))
			}
			if w.one("Cache-Control") != "no-store" {
				t.Error("the answer may be cached")
			}
			status := w.one("Proxy-Status")
			if strings.Contains(status, "details") != tt.details || strings.Contains(status, l.upstream) != tt.details {
				t.Errorf("Proxy-Status: %s", status)
			}
			if strings.Contains(status+w.body.String(), "secret") {
				t.Error("the answer shows what the client had sent")
			}
			// "quick": nothing waits for a time-out when it is refused.
			if took := time.Since(began); took > patience/2 {
				t.Errorf("took %v", took)
			}
		})
	}
}

// With all out for a moment nobody is dialled: 503 with Retry-After, at once.
func TestWithAllOutTheAnswerIs503(t *testing.T) {
	pool := newPool(t, upstream.Config{}, refusing(t))
	p := newProxy(t, pool)
	w := newWire(t, "GET")
	l := p.serve(request("GET", "/"), w)
	l.want(t, w, "503", "upstream dial destination_unavailable")
	if l.attempts != 1 || !strings.Contains(l.detail, "connection refused") {
		t.Errorf("logged: %+v", l) // the log still says why
	}
	w = newWire(t, "POST")
	l = p.serve(withBody(request("POST", "/"), w, wholeUpload("body"), 4), w)
	if l.attempts == 0 { // else its pause is over already, on a slow machine
		l.want(t, w, "503", "upstream dial destination_unavailable")
		if w.one("Retry-After") == "" || l.pool != "app" || l.degraded == "" {
			t.Errorf("logged: %+v", l)
		}
	}
}

func TestAClientThatIsGoneGetsNothing(t *testing.T) {
	p := newProxy(t, newPool(t, upstream.Config{}, refusing(t)))
	r := request("GET", "/")
	r.Refused = &message.Failure{Party: message.PartyClient, Phase: message.PhaseHead, Cause: message.CauseClientGone, Err: io.EOF}
	w := newWire(t, "GET")
	l := p.serve(r, w)
	l.want(t, w, "aborted", "client head client_gone")
	if l.status != 499 {
		t.Errorf("logged status %d, want 499", l.status)
	}
}
