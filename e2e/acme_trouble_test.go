package e2e

import (
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/certs/acmetest"
)

// What crypto/tls says of alerts (RFC 8446 section 6.2, RFC 6066 section 3).
const (
	alertInternalError    = "remote error: tls: internal error"
	alertUnrecognizedName = "remote error: tls: unrecognized name"
)

// atOnce is how long something takes at most that waits for nobody.
const atOnce = 2 * time.Second

// wantPending does handshakes for the name that has no certificate yet. Each
// must fail at once by an alert: who would be kept waiting, waits for minutes.
func (o *ordering) wantPending() {
	o.t.Helper()
	for range 20 {
		began := time.Now()
		_, err := o.shake(shop)
		if took := time.Since(began); took > atOnce {
			o.t.Fatalf("a handshake has failed after %v, want within %v", took, atOnce)
		}
		if err == nil || !strings.Contains(err.Error(), alertInternalError) {
			o.t.Fatalf("a handshake without a certificate: %v, want the alert internal_error", err)
		}
	}
}

// others are Sites that need no CA.
func (o *ordering) others() string {
	return fmt.Sprintf("[[site]]\nhosts = [\"plain.example.com\"]\ntls = \"off\"\nupstream = %q\n"+
		"[[site]]\nhosts = [\"self.example.com\"]\ntls = \"self-signed\"\nupstream = %q\n", o.upstream, o.upstream)
}

// wantOthers asks the Sites that need no CA.
func (o *ordering) wantOthers(s *sluice) {
	o.t.Helper()
	c := s.clientBy(&tls.Config{InsecureSkipVerify: true})
	for _, url := range []string{"http://plain.example.com/", "https://self.example.com/"} {
		if a := get(o.t, c, url); a.StatusCode != 200 || a.body != "ok" {
			o.t.Errorf("%s: %d %q", url, a.StatusCode, a.body)
		}
	}
}

// "CA down for a while": handshakes get an alert at once, other Sites are
// served, the log and "sluice certs" say what is wrong and what to do, and when
// the CA is back its certificate is obtained and served.
func TestACMEWithACAThatIsDown(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	ca.Down(true)
	o := newOrdering(t, ca)
	o.sites = o.others()
	s := o.run()
	o.wantPending()
	o.wantOthers(s)
	eventually(t, obtaining, "the log tells why", func() bool {
		return s.stderr.has(`msg="certificate not obtained, and there is none yet" names=[` + shop + "]")
	})
	for _, part := range []string{"level=ERROR", "no answer: ", "check that this machine can reach the CA: curl -sS " + ca.Directory(), "next_try=",
		"cause=no_certificate_yet", "is still being obtained; sluice certs says how it goes"} {
		if !s.stderr.has(part) {
			t.Errorf("the log has no %q", part)
		}
	}
	o.wantPending()
	o.wantOthers(s)
	r := o.certs()
	for _, part := range []string{shop, "none yet", "the last try failed", "no answer: ", "what to do: check that this machine can reach the CA"} {
		if !strings.Contains(r.stdout, part) {
			t.Errorf("sluice certs has no %q:\n%s", part, r.stdout)
		}
	}
	if next := time.Until(o.status(shop).NextTry); next <= 0 || next > 70*time.Second {
		t.Errorf("the next try is %v away, want about a minute", next)
	}

	ca.Down(false)
	o.renew(shop)
	o.obtained(s, shop)
	o.wantAnswer(s, shop)
	if c := o.status(shop); c.Failure != "" {
		t.Errorf("the failure is still shown: %+v", c)
	}
	o.wantIssued(shop, 1, 1)
}

// A CA that takes connections and does not answer keeps nobody waiting but
// itself.
func TestACMEWithACAThatIsSilent(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	release, held := ca.Hold("/")
	o := newOrdering(t, ca)
	o.sites = o.others()
	s := o.run()
	reached(t, held)
	o.wantPending()
	o.wantOthers(s)
	if r := o.certs("renew", shop); r.status == 0 || !strings.Contains(r.stderr, "is being ordered just now") {
		t.Errorf("renew: exit status %d, %q", r.status, r.stderr)
	}
	if !o.status(shop).Ordering {
		t.Error("sluice certs does not show that an order is under way")
	}
	release()
	o.obtained(s, shop)
	o.wantIssued(shop, 1, 1)
}

// "CA answering 429 with Retry-After": people see the CA's own words and when
// it is asked again, and neither a restart nor they themselves make it be asked
// before.
func TestACMEWithACAThatLimitsUs(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	const words = "too many certificates already issued for example.com"
	const pause = 3 * time.Hour
	ca.Refuse(acmetest.Refusal{Path: acmetest.PathNewOrder, Status: 429, Type: "rateLimited", Detail: words, RetryAfter: pause, Times: -1})
	o := newOrdering(t, ca)
	s := o.run()
	eventually(t, obtaining, "the log tells why", func() bool { return s.stderr.has("certificate not obtained") })
	if !s.stderr.has("rateLimited: " + words) {
		t.Error("the log does not have the CA's words")
	}
	wantWaiting := func() {
		t.Helper()
		c := o.status(shop)
		if left := time.Until(c.NextTry); left < pause-2*obtaining || left > pause {
			t.Errorf("the next try is %v away, want about %v", left, pause)
		}
		if !strings.Contains(c.Failure, words) || !strings.Contains(c.Remedy, "wait") {
			t.Errorf("the failure is %q, what to do %q", c.Failure, c.Remedy)
		}
		if r := o.certs(); !strings.Contains(r.stdout, words) || !strings.Contains(r.stdout, "in 2 hours") {
			t.Errorf("sluice certs:\n%s", r.stdout)
		}
		if r := o.certs("renew", shop); r.status == 0 || !strings.Contains(r.stderr, "limits do not allow another order before") {
			t.Errorf("renew: exit status %d, %q", r.status, r.stderr)
		}
	}
	wantWaiting()
	o.wantPending()
	if n := ca.Requests(acmetest.PathNewOrder); n != 1 {
		t.Errorf("the CA was asked %d times, want once", n)
	}

	// A name that is new, and comes behind in the alphabet, shows that the next
	// life has looked at what is due.
	for _, end := range []func(){s.kill, func() { s.stop() }} {
		end()
		ca.Accept()
		o.hosts = append(o.hosts, fmt.Sprintf("zoo%d.example.com", len(o.hosts)))
		s = o.run()
		o.obtained(s, o.hosts[len(o.hosts)-1])
		wantWaiting()
		o.wantIssued(shop, 0, 0)
	}
}

// "5 failed validations an hour": neither the process nor an impatient person
// goes beyond.
func TestACMEWithValidationsThatFail(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	o := newOrdering(t, ca)
	ca.AnswerHTTP("")
	ca.AnswerTLS("")
	s := o.run()
	failures := func() int { return strings.Count(s.stderr.text(), "certificate not obtained, and there is none yet") }
	eventually(t, obtaining, "the first failure is told", func() bool { return failures() == 1 })
	for _, part := range []string{"tls-alpn-01: ", "http-01: ", "let the Internet reach this machine on ports 80 and 443"} {
		if !s.stderr.has(part) {
			t.Errorf("the log has no %q", part)
		}
	}
	refused := result{}
	for n := 2; refused.stderr == ""; n++ {
		if n > 5 {
			t.Fatalf("%d tries, and no end", n-1)
		}
		if r := o.certs("renew", shop); r.status != 0 {
			refused = r
			break
		}
		eventually(t, obtaining, "the next failure is told", func() bool { return failures() == n })
	}
	if !strings.Contains(refused.stderr, "limits do not allow another order before") {
		t.Errorf("renew: %q", refused.stderr)
	}
	if n := ca.Counts().FailedValidations; n < 3 || n > 5 {
		t.Errorf("%d validations have failed, want the most that is possible within 5", n)
	}
	before := ca.Orders(shop)
	s.kill()
	ca.AnswerTLS(o.https)
	o.hosts = append(o.hosts, "zoo.example.com")
	s = o.run()
	o.obtained(s, "zoo.example.com")
	o.wantIssued(shop, before, 0)
	if r := o.certs("renew", shop); r.status == 0 {
		t.Error("restarts count anew")
	}
}
