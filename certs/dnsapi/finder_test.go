package dnsapi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const exampleSOA = "example.com. SOA ns1.example.com. admin.example.com. 1 2 3 4 5"

func soaOf(zone string) string {
	return strings.ReplaceAll(exampleSOA, "example.com. SOA", zone+" SOA")
}

func TestPlaceFindsNameAndZone(t *testing.T) {
	chain := func(n int) []string {
		records := []string{soaOf("c.test."), "_acme-challenge.c.test. CNAME c1.c.test."}
		for i := 1; i < n; i++ {
			records = append(records, fmt.Sprintf("c%d.c.test. CNAME c%d.c.test.", i, i+1))
		}
		return records
	}
	for _, tt := range []struct {
		what    string
		domain  string
		bare    bool
		records []string
		want    string // "name in zone", or of the error
	}{
		{"at the apex", "example.com", false, []string{exampleSOA}, "_acme-challenge.example.com in example.com"},
		{"in mixed case", "Example.COM.", false, []string{exampleSOA}, "_acme-challenge.example.com in example.com"},
		{"of a wildcard", "*.example.com", false, []string{exampleSOA}, "_acme-challenge.example.com in example.com"},
		{"below the apex", "a.b.example.com", false, []string{exampleSOA}, "_acme-challenge.a.b.example.com in example.com"},
		{"walking up", "a.b.example.com", true, []string{exampleSOA}, "_acme-challenge.a.b.example.com in example.com"},
		{"walking up past existing names", "a.b.example.com", true,
			[]string{exampleSOA, "a.b.example.com. A 192.0.2.9"}, "_acme-challenge.a.b.example.com in example.com"},
		{"in the deepest zone", "a.b.example.com", true, []string{exampleSOA, soaOf("b.example.com.")},
			"_acme-challenge.a.b.example.com in b.example.com"},
		{"a zone of its own", "example.com", true, []string{exampleSOA, soaOf("_acme-challenge.example.com.")},
			"_acme-challenge.example.com in _acme-challenge.example.com"},
		{"in a zone of one label", "host.lan", true, []string{soaOf("lan.")}, "_acme-challenge.host.lan in lan"},
		{"delegated to another zone", "example.com", true,
			[]string{exampleSOA, soaOf("acme.test."), "_acme-challenge.example.com. CNAME Shop.ACME.test."},
			"shop.acme.test in acme.test"},
		{"delegated twice", "example.com", false,
			[]string{exampleSOA, soaOf("acme.test."), "_acme-challenge.example.com. CNAME x.example.com.", "x.example.com. CNAME y.acme.test."},
			"y.acme.test in acme.test"},
		{"by as many CNAME records as may be", "c.test", false, chain(8), "c8.c.test in c.test"},
		{"by one more", "c.test", false, chain(9), "more than 8 CNAME"},
		{"in a circle", "example.com", false,
			[]string{exampleSOA, "_acme-challenge.example.com. CNAME x.example.com.", "x.example.com. CNAME _acme-challenge.example.com."},
			"in a circle"},
		{"to itself", "example.com", false, []string{exampleSOA, "_acme-challenge.example.com. CNAME _acme-challenge.example.com."}, "in a circle"},
		{"to what a shell might run", "example.com", false, []string{exampleSOA, `_acme-challenge.example.com. CNAME $(id).example.com.`}, "no host name"},
		{"to the root", "example.com", false, []string{exampleSOA, `_acme-challenge.example.com. CNAME .`}, "no host name"},
		{"under a wildcard", "example.com", true,
			[]string{exampleSOA, soaOf("cdn.test."), "*.example.com. CNAME lb.cdn.test."}, "_acme-challenge.example.com in example.com"},
		{"delegated beside a wildcard", "example.com", true,
			[]string{exampleSOA, soaOf("acme.test."), "*.example.com. CNAME lb.cdn.test.", "_acme-challenge.example.com. CNAME x.acme.test."},
			"x.acme.test in acme.test"},
		{"in no zone", "example.com", true, []string{soaOf("test.")}, "no zone"},
		{"in no zone but the root", "example.com", false, []string{soaOf(".")}, "no zone"},
		{"of no name", "*.", false, []string{exampleSOA}, "is no domain name"},
		{"of spaces", "a b.example.com", false, []string{exampleSOA}, "is no domain name"},
		{"of a name too long", strings.Repeat("a.", 120) + "com", false, []string{exampleSOA}, "is no domain name"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			resolver := dnsBookOf(t, tt.records...)
			resolver.bare = tt.bare
			r, err := finderIn(nil, resolver.serve(t)).Place(t.Context(), tt.domain)
			if err == nil {
				if got := r.Name + " in " + r.Zone; got != tt.want || r.Value != "" {
					t.Errorf("got %s with value %q, want %s", got, r.Value, tt.want)
				}
				return
			}
			var failed *FinderError
			if !errors.As(err, &failed) || !strings.Contains(err.Error(), tt.want) || failed.Remedy == "" {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// An answer that there is no such name may be about a CNAME record's target (RFC
// 2308 section 2.1); the zone it tells of is the target's.
func TestZoneOfACNAMETargetIsNotTaken(t *testing.T) {
	asked := "_acme-challenge.example.com"
	answer := new(dns.Msg)
	for _, text := range []string{"_acme-challenge.example.com. CNAME com.", soaOf("com.")} {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		if rr.Header().Rrtype == dns.TypeSOA {
			answer.Ns = append(answer.Ns, rr)
		} else {
			answer.Answer = append(answer.Answer, rr)
		}
	}
	if got := apexIn(answer, asked); got != "" {
		t.Errorf("got %s behind the CNAME record, want none", got)
	}
	answer.Answer = nil
	if got := apexIn(answer, asked); got != "com" {
		t.Errorf("got %q without it, want com", got)
	}
}

func TestResolversAreAskedInTurnUntilOneAnswers(t *testing.T) {
	broken := func(rcode int) *dnsBook {
		return &dnsBook{special: func(w dns.ResponseWriter, m *dns.Msg, _ int) bool {
			w.WriteMsg(new(dns.Msg).SetRcode(m, rcode))
			return true
		}}
	}
	servfail, refused, good := broken(dns.RcodeServerFailure), broken(dns.RcodeRefused), dnsBookOf(t, exampleSOA)
	gone := "192.0.2.1:53"
	resolvers := []string{servfail.serve(t), refused.serve(t), gone, good.serve(t)}
	r, err := finderIn(nil, resolvers...).Place(t.Context(), "example.com")
	if err != nil || r.Zone != "example.com" {
		t.Fatalf("got %+v, %v", r, err)
	}
	if servfail.count("CNAME _acme-challenge.example.com.") != 1 || refused.count("CNAME _acme-challenge.example.com.") != 1 {
		t.Errorf("asked %v and %v, want both first", servfail.asked, refused.asked)
	}

	_, err = finderIn(nil, resolvers[:3]...).Place(t.Context(), "example.com")
	if err == nil {
		t.Fatal("no resolver answered, but there is no error")
	}
	for _, want := range []string{"SERVFAIL", "REFUSED", gone, "connection refused", resolvers[0]} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not tell of %s", err, want)
		}
	}
	if got := servfail.count("CNAME _acme-challenge.example.com."); got != 3 {
		t.Errorf("it was asked %d times, want once, and twice when nobody answered", got)
	}
}

func TestResolvConfIsReadAtEachUse(t *testing.T) {
	f := NewFinder(FinderOptions{})
	f.resolvConf = filepath.Join(t.TempDir(), "resolv.conf")
	for _, tt := range []struct{ text, want string }{
		{"", "127.0.0.1:53 [::1]:53"},
		{"nameserver 192.0.2.1\nnameserver 2001:db8::1\n", "192.0.2.1:53 [2001:db8::1]:53"},
		{"# none\n", "127.0.0.1:53 [::1]:53"},
		{strings.Repeat("nameserver 192.0.2.1\n", 99), strings.TrimSpace(strings.Repeat("192.0.2.1:53 ", finderResolvers))},
	} {
		if tt.text != "" {
			if err := os.WriteFile(f.resolvConf, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(f.resolvers(), " "); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.text, got, tt.want)
		}
	}
}

func TestServersWithoutPortHavePort53(t *testing.T) {
	for _, tt := range []struct{ server, want string }{
		{"ns1.example.com", "ns1.example.com:53"}, {"192.0.2.1:5353", "192.0.2.1:5353"}, {"2001:db8::1", "[2001:db8::1]:53"},
		{"[2001:db8::1]", "[2001:db8::1]:53"}, {"[2001:db8::1]:54", "[2001:db8::1]:54"}, {"fe80::1%eth0", "[fe80::1%eth0]:53"},
	} {
		if got := dnsAddress(tt.server); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.server, got, tt.want)
		}
	}
}

func TestTruncatedAnswersAreAskedForAgainByTCP(t *testing.T) {
	resolver := dnsBookOf(t, exampleSOA, "_acme-challenge.example.com. CNAME x.example.com.")
	resolver.special = func(w dns.ResponseWriter, m *dns.Msg, _ int) bool {
		if w.RemoteAddr().Network() == "tcp" {
			return false
		}
		answer := new(dns.Msg).SetReply(m)
		answer.Truncated = true
		w.WriteMsg(answer)
		return true
	}
	r, err := finderIn(nil, resolver.serve(t)).Place(t.Context(), "example.com")
	if err != nil || r.Name != "x.example.com" {
		t.Fatalf("got %+v, %v", r, err)
	}
	if resolver.count("SOA x.example.com. tcp") != 1 {
		t.Errorf("asked %q", resolver.asked)
	}
}

// spoof is an answer with a zone that is not ours, changed by change.
func spoof(m *dns.Msg, change func(*dns.Msg)) *dns.Msg {
	answer := new(dns.Msg).SetReply(m)
	answer.Ns = []dns.RR{&dns.SOA{Hdr: dns.RR_Header{Name: "com.", Rrtype: dns.TypeSOA, Class: dns.ClassINET}, Ns: ".", Mbox: "."}}
	change(answer)
	return answer
}

func strangeAnswers() map[string]func(*dns.Msg) {
	return map[string]func(*dns.Msg){
		"another ID":       func(m *dns.Msg) { m.Id++ },
		"a question":       func(m *dns.Msg) { m.Response = false },
		"another opcode":   func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate },
		"another name":     func(m *dns.Msg) { m.Question[0].Name = "_acme-challenge.example.org." },
		"another type":     func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeMX },
		"another class":    func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS },
		"no question":      func(m *dns.Msg) { m.Question = nil },
		"a question more":  func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) },
		"no such name of?": func(m *dns.Msg) { m.Question, m.Rcode = nil, dns.RcodeNameError },
	}
}

func TestAnswersToSomethingElseAreWaitedPast(t *testing.T) {
	for what, change := range strangeAnswers() {
		t.Run(what, func(t *testing.T) {
			resolver := dnsBookOf(t, exampleSOA)
			resolver.special = func(w dns.ResponseWriter, m *dns.Msg, _ int) bool {
				w.Write([]byte("garbage"))
				w.WriteMsg(spoof(m.Copy(), change))
				return false // and then the book's
			}
			r, err := finderIn(nil, resolver.serve(t)).Place(t.Context(), "example.com")
			if err != nil || r.Zone != "example.com" {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
}

func TestAnswersToSomethingElseAreErrorsByTCP(t *testing.T) {
	asked := new(dns.Msg).SetQuestion("example.com.", dns.TypeSOA)
	message, err := asked.Pack()
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range strangeAnswers() {
		book := &dnsBook{special: func(w dns.ResponseWriter, m *dns.Msg, _ int) bool {
			w.WriteMsg(spoof(m.Copy(), change))
			return true
		}}
		f := finderIn(nil)
		e := dnsExchange{dial: f.dial, timeout: f.query, accept: func(packet []byte) (*dns.Msg, error) { return readFinderAnswer(packet, asked) }}
		var stray *dnsStray
		if answer, err := e.do(t.Context(), "tcp", book.serve(t), message); !errors.As(err, &stray) {
			t.Errorf("%s: got %v, %v", what, answer, err)
		}
	}
}

// Some servers send nothing but the header when they refuse.
func TestRefusalMayLeaveTheQuestionOut(t *testing.T) {
	asked := new(dns.Msg).SetQuestion("example.com.", dns.TypeSOA)
	bare := new(dns.Msg).SetRcode(asked, dns.RcodeRefused)
	bare.Question = nil
	packet, err := bare.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := readFinderAnswer(packet, asked); err != nil || answer.Rcode != dns.RcodeRefused {
		t.Errorf("got %v, %v", answer, err)
	}
}

func TestPlaceEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	silent := &dnsBook{special: func(dns.ResponseWriter, *dns.Msg, int) bool { cancel(); return true }}
	f := finderIn(nil, silent.serve(t))
	f.query = 1 << 60
	if r, err := f.Place(ctx, "example.com"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestSilentResolverIsGivenUp(t *testing.T) {
	silent := &dnsBook{special: func(dns.ResponseWriter, *dns.Msg, int) bool { return true }}
	f := finderIn(nil, silent.serve(t))
	f.query = 20 * time.Millisecond
	if r, err := f.Place(t.Context(), "example.com"); err == nil || !strings.Contains(err.Error(), "no answer by udp within 20ms") {
		t.Errorf("got %+v, %v", r, err)
	}
}
