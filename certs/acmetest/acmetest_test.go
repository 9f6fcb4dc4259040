package acmetest

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

const eabKey = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"

// TestIssues obtains a certificate by each kind of challenge.
func TestIssues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		challenge string
		names     []string
	}{
		{acme.ChallengeTypeHTTP01, []string{"a.example.com", "b.example.com"}},
		{acme.ChallengeTypeTLSALPN01, []string{"a.example.com", "b.example.com"}},
		{acme.ChallengeTypeDNS01, []string{"*.example.com", "example.com"}},
	} {
		t.Run(tt.challenge, func(t *testing.T) {
			t.Parallel()
			ca := Start(t, Options{ChainLength: 2})
			chain, err := newClient(t, ca).register(t).obtain(t.Context(), t, wish{names: tt.names, challenge: tt.challenge})
			if err != nil {
				t.Fatal(err)
			}
			if len(chain) != 3 {
				t.Errorf("%d certificates in the chain, want 3", len(chain))
			}
			intermediates := x509.NewCertPool()
			for _, c := range chain[1:] {
				intermediates.AddCert(c)
			}
			_, err = chain[0].Verify(x509.VerifyOptions{
				DNSName:       "a.example.com",
				Roots:         ca.IssuingRoots(),
				Intermediates: intermediates,
			})
			if err != nil {
				t.Error(err)
			}
			if got := chain[0].DNSNames; !slices.Equal(got, tt.names) {
				t.Errorf("names %q, want %q", got, tt.names)
			}
			if got := ca.TXT("_acme-challenge.example.com"); len(got) > 0 {
				t.Errorf("TXT records %q left over", got)
			}
		})
	}
}

// TestNobodyAnswers orders without a server that could answer.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{})
	c := newClient(t, ca).register(t)
	ca.AnswerHTTP("")
	_, err := c.obtain(t.Context(), t, wish{names: []string{"a.example.com"}})
	if got := problemType(err); got != acme.ProblemTypeConnection {
		t.Errorf("%v, want %s", err, acme.ProblemTypeConnection)
	}
}

// TestPaths compares the paths we know with the directory.
func TestPaths(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{})
	directory, err := newClient(t, ca).GetDirectory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	base, _, _ := strings.Cut(ca.Directory(), PathDirectory)
	for got, want := range map[string]string{
		directory.NewNonce:          PathNonce,
		directory.NewAccount:        PathNewAccount,
		directory.NewOrder:          PathNewOrder,
		directory.RenewalInfo + "/": PathRenewalInfo,
	} {
		if got != base+want {
			t.Errorf("%s, want %s", got, base+want)
		}
	}
}

func TestExternalAccountBinding(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{EAB: map[string]string{"kid-1": eabKey}})
	c := newClient(t, ca)
	account := acme.Account{TermsOfServiceAgreed: true, PrivateKey: newKey(t)}

	_, err := c.NewAccount(t.Context(), account)
	if got := problemType(err); got != acme.ProblemTypeExternalAccountRequired {
		t.Errorf("without: %v", err)
	}
	if err := account.SetExternalAccountBinding(t.Context(), c.Client, acme.EAB{KeyID: "kid-2", MACKey: eabKey}); err != nil {
		t.Fatal(err)
	}
	_, err = c.NewAccount(t.Context(), account)
	if got := problemType(err); got != acme.ProblemTypeUnauthorized {
		t.Errorf("with an unknown key: %v", err)
	}
	if err := account.SetExternalAccountBinding(t.Context(), c.Client, acme.EAB{KeyID: "kid-1", MACKey: eabKey}); err != nil {
		t.Fatal(err)
	}
	if c.account, err = c.NewAccount(t.Context(), account); err != nil {
		t.Fatalf("with the key: %v", err)
	}
	c.mustObtain(t, wish{names: []string{"a.example.com"}})
	if got := ca.Counts().Accounts; got != 1 {
		t.Errorf("%d accounts, want 1", got)
	}
}

// TestProfiles orders by profile. An order without one gets the default: of
// many, none may get another.
func TestProfiles(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{
		Validity: 10 * 24 * time.Hour,
		Profiles: map[string]time.Duration{"sixdays": 6 * 24 * time.Hour, "moment": 3 * time.Second},
	})
	c := newClient(t, ca).register(t)
	for _, tt := range []struct {
		profile string
		want    time.Duration
	}{
		{"sixdays", 6 * 24 * time.Hour},
		{"moment", 3 * time.Second},
		{defaultProfile, 10 * 24 * time.Hour},
		{"", 10 * 24 * time.Hour},
		{"", 10 * 24 * time.Hour},
		{"", 10 * 24 * time.Hour},
		{"", 10 * 24 * time.Hour},
		{"", 10 * 24 * time.Hour},
	} {
		leaf := c.mustObtain(t, wish{names: []string{"a.example.com"}, profile: tt.profile})
		// Both ends belong to it.
		if got := leaf.NotAfter.Sub(leaf.NotBefore) + time.Second; got != tt.want {
			t.Errorf("profile %q: valid for %v, want %v", tt.profile, got, tt.want)
		}
	}
	order, err := c.order(t.Context(), wish{names: []string{"a.example.com"}})
	if err != nil || order.Profile != defaultProfile {
		t.Errorf("an order is told to have profile %q, %v, want %q", order.Profile, err, defaultProfile)
	}
}

// TestReusesAuthorizations orders one name twice.
func TestReusesAuthorizations(t *testing.T) {
	t.Parallel()
	for _, reuse := range []bool{false, true} {
		ca := Start(t, Options{ReuseAuthz: reuse})
		c := newClient(t, ca).register(t)
		c.mustObtain(t, wish{names: []string{"a.example.com"}})
		for range 30 {
			order, err := c.order(t.Context(), wish{names: []string{"a.example.com"}})
			if err != nil {
				t.Fatal(err)
			}
			if ready := order.Status == acme.StatusReady; ready != reuse {
				t.Fatalf("reuse %v: an order for a name that has been proved is %s", reuse, order.Status)
			}
		}
	}
}

// TestRenewalInfo moves the window, and replaces the certificate.
func TestRenewalInfo(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{})
	c := newClient(t, ca).register(t)
	leaf := c.mustObtain(t, wish{names: []string{"a.example.com"}})
	if !leaf.Equal(ca.Certificates()[0]) {
		t.Error("Certificates has another")
	}
	info, err := c.GetRenewalInfo(t.Context(), leaf)
	if err != nil {
		t.Fatal(err)
	}
	if !info.SuggestedWindow.Start.After(leaf.NotBefore) || !info.SuggestedWindow.End.Before(leaf.NotAfter) {
		t.Errorf("at first the window is %v", info.SuggestedWindow)
	}
	start := time.Now().Truncate(time.Second)
	end := start.Add(time.Hour)
	if err := ca.SetRenewalInfo(leaf, start, end); err != nil {
		t.Fatal(err)
	}
	info, err = c.GetRenewalInfo(t.Context(), leaf)
	if err != nil {
		t.Fatal(err)
	}
	if !info.SuggestedWindow.Start.Equal(start) || !info.SuggestedWindow.End.Equal(end) {
		t.Errorf("the window is %v, want %v to %v", info.SuggestedWindow, start, end)
	}
	c.mustObtain(t, wish{names: []string{"a.example.com"}, replaces: leaf})
	_, err = c.order(t.Context(), wish{names: []string{"a.example.com"}, replaces: leaf})
	if got := problemType(err); got != "urn:ietf:params:acme:error:alreadyReplaced" {
		t.Errorf("replaced again: %v", err)
	}
	stranger := Start(t, Options{})
	if err := stranger.SetRenewalInfo(leaf, start, end); err == nil {
		t.Error("a CA has renewal info of another's certificate")
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{})
	c := newClient(t, ca).register(t)
	c.mustObtain(t, wish{names: []string{"a.example.com", "b.example.com"}})
	c.mustObtain(t, wish{names: []string{"b.example.com"}})
	if _, err := c.order(t.Context(), wish{names: []string{"c.example.com"}}); err != nil {
		t.Fatal(err)
	}
	ca.FailValidations(1, 0)
	if _, err := c.obtain(t.Context(), t, wish{names: []string{"d.example.com"}}); err == nil {
		t.Error("a validation succeeded that was to fail")
	}
	want := Counts{Requests: ca.Requests(""), Accounts: 1, Orders: 4, Finalized: 2, Issued: 2, FailedValidations: 1}
	if got := ca.Counts(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for name, want := range map[string][2]int{
		"a.example.com": {1, 1},
		"b.example.com": {2, 2},
		"c.example.com": {1, 0},
		"d.example.com": {1, 0},
		"e.example.com": {0, 0},
	} {
		if got := [2]int{ca.Orders(name), ca.Issued(name)}; got != want {
			t.Errorf("%s: ordered and issued %v, want %v", name, got, want)
		}
	}
	if got := ca.Requests(PathCertificate); got != 2 {
		t.Errorf("%d requests for certificates, want 2", got)
	}
}

// TestManyAtOnce is for the race detector: several clients and who looks on.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{Verbose: testing.Verbose()})
	c := newClient(t, ca).register(t)
	names := []string{"a.example.com", "b.example.com", "c.example.com", "d.example.com", "e.example.com", "f.example.com"}
	var running sync.WaitGroup
	for _, name := range names {
		running.Go(func() {
			for range 3 {
				chain, err := c.obtain(t.Context(), t, wish{names: []string{name}})
				if err != nil {
					t.Error(err)
					return
				}
				if err := ca.SetRenewalInfo(chain[0], time.Now(), time.Now().Add(time.Hour)); err != nil {
					t.Error(err)
				}
				ca.Counts()
			}
		})
	}
	running.Wait()
	if got, want := ca.Counts().Issued, 3*len(names); got != want {
		t.Errorf("%d issued, want %d", got, want)
	}
	if got, want := len(ca.Certificates()), 3*len(names); got != want {
		t.Errorf("%d certificates, want %d", got, want)
	}
}

// TestEnvironment: other tests, and what they start, see nothing of ours.
func TestEnvironment(t *testing.T) {
	t.Setenv("PEBBLE_AUTHZREUSE", "33")
	restore := setEnvironment(t, map[string]string{"PEBBLE_AUTHZREUSE": "1", "PEBBLE_TEST": "2"})
	if got := getenv("PEBBLE_AUTHZREUSE", "PEBBLE_TEST"); got != "1 2" {
		t.Errorf("set to %q", got)
	}
	restore()
	if got := getenv("PEBBLE_AUTHZREUSE", "PEBBLE_TEST"); got != "33 none" {
		t.Errorf("set back to %q", got)
	}
}

// getenv is what variables are set to.
func getenv(names ...string) string {
	var values []string
	for _, name := range names {
		value, ok := os.LookupEnv(name)
		if !ok {
			value = "none"
		}
		values = append(values, value)
	}
	return strings.Join(values, " ")
}

// problemType is the type of the problem that err is, or "".
func problemType(err error) string {
	var p acme.Problem
	errors.As(err, &p)
	return p.Type
}

// problemOf is the problem document that an answer is.
func problemOf(t *testing.T, response *http.Response) (p acme.Problem) {
	t.Helper()
	if got := response.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
	if err := json.NewDecoder(response.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}
