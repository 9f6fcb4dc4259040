package certs

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"sluice/certs/certstest"
)

func TestInfoDescribesTheCertificate(t *testing.T) {
	ca := certstest.NewCA(t).Intermediate(t, "Test Intermediate")
	pair := ca.Issue(t, certstest.Leaf{Names: []string{"shop.example.com"}})
	f := open(t, pair)
	infos := storeOf(f).Info(time.Now())
	if len(infos) != 1 {
		t.Fatalf("got %d infos", len(infos))
	}
	i := infos[0]
	if i.Source != "files "+f.options.Cert || i.Issuer != "Test Intermediate" || i.Key != "ECDSA P-256" ||
		!i.NotBefore.Equal(pair.Leaf.NotBefore) || !i.NotAfter.Equal(pair.Leaf.NotAfter) ||
		len(i.Names) != 1 || i.Names[0] != "shop.example.com" ||
		i.Warnings != nil || i.Failure != "" {
		t.Errorf("got %+v", i)
	}
}

func TestExpiryIsWarnedOf(t *testing.T) {
	day := 24 * time.Hour
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		lifetime, age time.Duration
		want          string
	}{
		{90 * day, -day, "not valid before 2026-01-01"},
		{90 * day, 0, ""},
		{90 * day, 75 * day, ""},
		{90 * day, 77 * day, "expires soon, on 2026-04-01"},
		{90 * day, 91 * day, "expired on 2026-04-01"},
		{6 * day, 4 * day, ""},
		{6 * day, 5 * day, "expires soon"},
		{398 * day, 380 * day, ""},
		{398 * day, 385 * day, "expires soon"},
	} {
		i := Info{NotBefore: begin, NotAfter: begin.Add(tt.lifetime)}
		got := strings.Join(i.validityWarnings(begin.Add(tt.age)), "; ")
		if !strings.HasPrefix(got, tt.want) || (got == "") != (tt.want == "") {
			t.Errorf("%v into %v: got %q, want %q", tt.age, tt.lifetime, got, tt.want)
		}
	}
	if none := (Info{}); none.Expired(begin) || none.Expiring(begin) {
		t.Error("what is not there expires")
	}
}

func TestIncompleteChainIsWarnedOfWithTheMissingIssuer(t *testing.T) {
	root := certstest.NewCA(t)
	outer := root.Intermediate(t, "Outer CA")
	inner := outer.Intermediate(t, "Inner CA")
	pair := inner.Issue(t, certstest.Leaf{Names: []string{"shop.example.com"}})
	gap := *pair.TLS
	gap.Certificate = [][]byte{pair.Leaf.Raw, outer.Certificate.Raw}
	alone := *pair.TLS
	alone.Certificate = [][]byte{pair.Leaf.Raw}

	// As a public CA does it, it says where its issuer's certificate is.
	public := alone
	leaf := *alone.Leaf
	leaf.IssuingCertificateURL = []string{"http://ca.example/inner.der"}
	public.Leaf = &leaf

	names := []string{"shop.example.com"}
	for c, want := range map[*tls.Certificate]int{pair.TLS: 0, &alone: 0, &public: 1, &gap: 1} {
		if got := describe("files", Certificate{names, c}, time.Now()).Certain; len(got) != want {
			t.Errorf("%d certificates: sure faults %q, want %d", len(c.Certificate), got, want)
		}
	}
	for _, tt := range []struct {
		name string
		c    Certificate
		want []string
	}{
		{"whole", Certificate{names, pair.TLS}, nil},
		{"leaf alone", Certificate{names, &alone}, []string{"incomplete", `"Inner CA"`}},
		{"gap", Certificate{names, &gap}, []string{"broken", `"Outer CA"`, `"Inner CA"`}},
	} {
		got := strings.Join(describe("files", tt.c, time.Now()).Warnings, "; ")
		if (got == "") != (tt.want == nil) {
			t.Errorf("%s: got %q", tt.name, got)
		}
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: got %q, want %s", tt.name, got, want)
			}
		}
	}
}

func TestIncompleteChainIsLoadedNonetheless(t *testing.T) {
	ca := certstest.NewCA(t).Intermediate(t, "Test Intermediate")
	f := open(t, ca.Issue(t, certstest.Leaf{Names: []string{shop}}))
	renewed := ca.Issue(t, certstest.Leaf{Names: []string{shop}})
	certstest.WriteFile(t, f.options.Cert, renewed.LeafPEM)
	certstest.WriteFile(t, f.options.Key, renewed.KeyPEM)
	events := looks(f, 2)
	if len(events) != 1 || events[0].Err != nil || len(events[0].Info.Warnings) != 1 {
		t.Fatalf("got %+v", events)
	}
	if got := events[0].Info.Warnings[0]; !strings.Contains(got, `"Test Intermediate"`) {
		t.Errorf("got %q", got)
	}
	serves(t, f, renewed)
}

func TestNamesTheCertificateDoesNotCarryAreWarnedOf(t *testing.T) {
	pair := certstest.NewCA(t).Intermediate(t, "I").Issue(t, certstest.Leaf{Names: []string{"shop.example.com", "*.example.org"}})
	for _, tt := range []struct {
		names []string
		want  string
	}{
		{[]string{"shop.example.com", "a.example.org", "*.example.org"}, ""},
		{[]string{"a.b.example.org"}, "not issued for a.b.example.org: it carries shop.example.com, *.example.org"},
		{[]string{"*.example.com"}, "not issued for *.example.com"},
		{nil, "carries no names"},
	} {
		got := strings.Join(nameWarnings(Certificate{tt.names, pair.TLS}), "; ")
		if !strings.Contains(got, tt.want) || (got == "") != (tt.want == "") {
			t.Errorf("%v: got %q, want %q", tt.names, got, tt.want)
		}
	}
}

// A machine whose clock is slow takes new certificates for early: that is told of
// once, as what clients refuse is.
func TestACertificateThatIsEarlyIsToldOf(t *testing.T) {
	now := time.Now()
	i := Info{Source: "files", Names: []string{shop}, NotBefore: now.Add(time.Hour), NotAfter: now.Add(1000 * time.Hour)}
	w := newWatch()
	got := w.look([]Info{i}, now)
	if len(got) != 1 || got[0].News != NewsUnfit || !strings.HasPrefix(got[0].Err.Error(), "not valid before ") {
		t.Errorf("got %+v", got)
	}
	if again := w.look([]Info{i}, now.Add(time.Minute)); len(again) != 0 {
		t.Errorf("again: %+v", again)
	}
}
