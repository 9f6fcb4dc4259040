package acmetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/mholt/acmez/v3/acme"
)

func TestNameServer(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{})
	ca.SetTXT("_acme-challenge.example.com", "one")
	ca.SetTXT("_ACME-challenge.example.com.", "two")
	ca.SetTXT("_acme-challenge.example.com", "two") // is there already
	ca.SetTXT("_acme-challenge.example.com", "three")
	ca.ClearTXT("_acme-challenge.example.com", "three")
	ca.SetCNAME("alias.example.com", "_acme-challenge.example.com")
	ca.SetCNAME("away.example.com", "shop.example.net")
	ca.SetCNAME("loop.example.com", "loop.example.com")
	ca.SetCNAME("was.example.com", "elsewhere.example.com")
	ca.SetCNAME("was.example.com", "")
	for _, tt := range []struct {
		name   string
		kind   uint16
		answer string // contents, blank between them
		zone   string // of the SOA that says there is none
	}{
		{"www.example.com.", dns.TypeA, "127.0.0.1", ""},
		{"ns1.example.com.", dns.TypeA, "127.0.0.1", ""},
		{"www.example.com.", dns.TypeAAAA, "", "example.com."},
		{"www.example.com.", dns.TypeTXT, "", "example.com."},
		{"_acme-challenge.example.com.", dns.TypeTXT, `"one" "two"`, ""},
		{"_Acme-Challenge.Example.com.", dns.TypeTXT, `"one" "two"`, ""},
		{"alias.example.com.", dns.TypeTXT, `_acme-challenge.example.com. "one" "two"`, ""},
		{"alias.example.com.", dns.TypeCNAME, `_acme-challenge.example.com.`, ""},
		{"away.example.com.", dns.TypeSOA, "shop.example.net.", "example.net."},
		{"away.example.com.", dns.TypeA, "shop.example.net. 127.0.0.1", ""},
		{"was.example.com.", dns.TypeA, "127.0.0.1", ""},
		{"a.b.example.com.", dns.TypeSOA, "", "example.com."},
		{"example.com.", dns.TypeSOA, "ns1.example.com. admin.example.com. 1 1 1 1 1", ""},
		{"example.com.", dns.TypeNS, "ns1.example.com.", ""},
		{"www.example.com.", dns.TypeNS, "", "example.com."},
		{"com.", dns.TypeSOA, "", "."},
		{".", dns.TypeNS, "ns1.", ""},
	} {
		for _, network := range []string{"udp", "tcp"} {
			question := new(dns.Msg).SetQuestion(tt.name, tt.kind)
			reply, _, err := (&dns.Client{Net: network}).Exchange(question, ca.DNS())
			if err != nil {
				t.Fatal(err)
			}
			if got := contents(reply.Answer); got != tt.answer {
				t.Errorf("%s %s over %s: %q, want %q", tt.name, dns.TypeToString[tt.kind], network, got, tt.answer)
			}
			zone := ""
			if len(reply.Ns) == 1 {
				zone = reply.Ns[0].(*dns.SOA).Hdr.Name
			}
			if reply.Rcode != dns.RcodeSuccess || zone != tt.zone {
				t.Errorf("%s %s over %s: %s, zone %q, want %q", tt.name, dns.TypeToString[tt.kind], network, dns.RcodeToString[reply.Rcode], zone, tt.zone)
			}
		}
	}
	// An endless alias is no endless answer.
	if _, err := dns.Exchange(new(dns.Msg).SetQuestion("loop.example.com.", dns.TypeA), ca.DNS()); err != nil {
		t.Error(err)
	}
}

func contents(records []dns.RR) string {
	var all []string
	for _, r := range records {
		all = append(all, strings.TrimPrefix(r.String(), r.Header().String()))
	}
	return strings.Join(all, " ")
}

// TestUpdate sends updates that are to be refused, and checks those that are
// not.
func TestUpdate(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{})
	name, secret := ca.TSIG()
	const other = "c2VjcmV0"
	record := func(s string) []dns.RR {
		r, err := dns.NewRR(s)
		if err != nil {
			t.Fatal(err)
		}
		return []dns.RR{r}
	}
	for _, tt := range []struct {
		what      string
		zone      string
		change    func(*dns.Msg)
		key       string
		secret    string
		algorithm string
		want      int
		left      []string // TXT records of t.example.com
	}{
		{"add", "example.com.", func(m *dns.Msg) { m.Insert(record(`t.example.com. 1 TXT "one"`)) }, name, secret, dns.HmacSHA256, dns.RcodeSuccess, []string{"one"}},
		{"add another", "example.com.", func(m *dns.Msg) { m.Insert(record(`t.example.com. 1 TXT "two"`)) }, name, secret, dns.HmacSHA256, dns.RcodeSuccess, []string{"one", "two"}},
		{"remove one", "example.com.", func(m *dns.Msg) { m.Remove(record(`t.example.com. 1 TXT "one"`)) }, name, secret, dns.HmacSHA256, dns.RcodeSuccess, []string{"two"}},
		{"unsigned", "example.com.", func(m *dns.Msg) { m.Insert(record(`t.example.com. 1 TXT "bad"`)) }, "", "", "", dns.RcodeRefused, []string{"two"}},
		{"wrong secret", "example.com.", func(m *dns.Msg) { m.Insert(record(`t.example.com. 1 TXT "bad"`)) }, name, other, dns.HmacSHA256, dns.RcodeNotAuth, []string{"two"}},
		{"wrong key", "example.com.", func(m *dns.Msg) { m.Insert(record(`t.example.com. 1 TXT "bad"`)) }, "stranger.", secret, dns.HmacSHA256, dns.RcodeNotAuth, []string{"two"}},
		{"wrong algorithm", "example.com.", func(m *dns.Msg) { m.Insert(record(`t.example.com. 1 TXT "bad"`)) }, name, secret, dns.HmacSHA512, dns.RcodeNotAuth, []string{"two"}},
		{"no zone of its own", "t.example.com.", func(m *dns.Msg) { m.Insert(record(`t.example.com. 1 TXT "bad"`)) }, name, secret, dns.HmacSHA256, dns.RcodeNotAuth, []string{"two"}},
		{"another zone's", "example.net.", func(m *dns.Msg) { m.Insert(record(`t.example.com. 1 TXT "bad"`)) }, name, secret, dns.HmacSHA256, dns.RcodeNotZone, []string{"two"}},
		{"another type", "example.com.", func(m *dns.Msg) { m.Insert(record(`t.example.com. 1 A 127.0.0.2`)) }, name, secret, dns.HmacSHA256, dns.RcodeRefused, []string{"two"}},
		{"all or nothing", "example.com.", func(m *dns.Msg) {
			m.Insert(record(`t.example.com. 1 TXT "bad"`))
			m.Insert(record(`t.example.com. 1 A 127.0.0.2`))
		}, name, secret, dns.HmacSHA256, dns.RcodeRefused, []string{"two"}},
		{"prerequisite", "example.com.", func(m *dns.Msg) { m.NameUsed(record(`t.example.com. 1 TXT "bad"`)) }, name, secret, dns.HmacSHA256, dns.RcodeNotImplemented, []string{"two"}},
		{"remove all TXT", "example.com.", func(m *dns.Msg) { m.RemoveRRset(record(`t.example.com. 1 TXT ""`)) }, name, secret, dns.HmacSHA256, dns.RcodeSuccess, nil},
		{"nothing there", "example.com.", func(m *dns.Msg) { m.RemoveName(record(`t.example.com. 1 TXT ""`)) }, name, secret, dns.HmacSHA256, dns.RcodeSuccess, nil},
	} {
		m := new(dns.Msg).SetUpdate(tt.zone)
		tt.change(m)
		sender := &dns.Client{Net: "tcp"}
		if tt.key != "" {
			m.SetTsig(tt.key, tt.algorithm, 300, time.Now().Unix())
			sender.TsigSecret = map[string]string{tt.key: tt.secret}
		}
		reply, _, err := sender.Exchange(m, ca.DNS())
		if reply == nil {
			t.Fatalf("%s: %v", tt.what, err)
		}
		if reply.Rcode != tt.want {
			t.Errorf("%s: %s, want %s", tt.what, dns.RcodeToString[reply.Rcode], dns.RcodeToString[tt.want])
		}
		if got := ca.TXT("t.example.com"); !slices.Equal(got, tt.left) {
			t.Errorf("%s: TXT records %q, want %q", tt.what, got, tt.left)
		}
	}
}

// TestFollowsAlias proves a name by a TXT record that is somewhere else.
func TestFollowsAlias(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{})
	c := newClient(t, ca).register(t)
	ca.SetCNAME("_acme-challenge.shop.example.net", "_acme-challenge.delegated.example.com")
	order, err := c.order(t.Context(), wish{names: []string{"shop.example.net"}})
	if err != nil {
		t.Fatal(err)
	}
	authorization, err := c.GetAuthorization(t.Context(), c.account, order.Authorizations[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, challenge := range authorization.Challenges {
		if challenge.Type == acme.ChallengeTypeDNS01 {
			ca.SetTXT("_acme-challenge.delegated.example.com", challenge.DNS01KeyAuthorization())
			if _, err := c.InitiateChallenge(t.Context(), c.account, challenge); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := c.PollAuthorization(t.Context(), c.account, authorization); err != nil {
		t.Error(err)
	}
}
