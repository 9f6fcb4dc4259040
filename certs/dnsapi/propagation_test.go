package dnsapi

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const (
	awaitedName  = "_acme-challenge.example.com."
	awaitedTXT   = awaitedName + ` TXT "proof"`
	awaitedAsked = "TXT " + awaitedName
)

func awaitedRecord() Record {
	return Record{Zone: "example.com", Name: "_acme-challenge.example.com", Value: "proof"}
}

// twoServers is a resolver's book of a zone with two name servers, of which the
// first has two addresses.
func twoServers(t *testing.T) *dnsBook {
	return dnsBookOf(t, exampleSOA,
		"example.com. NS ns1.example.com.", "example.com. NS NS2.example.net.",
		"ns1.example.com. A 192.0.2.1", "ns1.example.com. AAAA 2001:db8::1", "ns2.example.net. A 192.0.2.2")
}

// nameServerOf is the book of a name server of the zone.
func nameServerOf(t *testing.T, records ...string) *dnsBook {
	b := dnsBookOf(t, append([]string{exampleSOA}, records...)...)
	b.authoritative = true
	return b
}

// late is a name server that has the record from the n-th time on.
func lateServer(t *testing.T, n int) *dnsBook {
	b := nameServerOf(t)
	b.special = func(_ dns.ResponseWriter, _ *dns.Msg, count int) bool {
		if count == n {
			b.add(t, awaitedTXT)
		}
		return false
	}
	return b
}

// always answers everything with that code.
func always(rcode int) *dnsBook {
	return &dnsBook{special: func(w dns.ResponseWriter, m *dns.Msg, _ int) bool {
		w.WriteMsg(new(dns.Msg).SetRcode(m, rcode))
		return true
	}}
}

func TestAwaitWaitsForEveryAddressThatAnswers(t *testing.T) {
	shows := func() *dnsBook { return nameServerOf(t, awaitedTXT) }
	noAuthority := func() *dnsBook { return dnsBookOf(t, exampleSOA) }
	for _, tt := range []struct {
		what        string
		a, aaaa, ns *dnsBook // at 192.0.2.1, 2001:db8::1, 192.0.2.2; nil: dead
	}{
		{"all show it", shows(), shows(), shows()},
		{"the second server is late", shows(), nil, lateServer(t, 3)},
		{"an address of the first server is late", shows(), lateServer(t, 3), shows()},
		{"all are late", lateServer(t, 1), lateServer(t, 4), lateServer(t, 2)},
		{"one is dead", nil, nil, lateServer(t, 2)},
		{"one refuses", always(dns.RcodeRefused), nil, lateServer(t, 2)},
		{"one fails", always(dns.RcodeServerFailure), nil, lateServer(t, 2)},
		{"one has no authority", noAuthority(), nil, lateServer(t, 2)},
	} {
		t.Run(tt.what, func(t *testing.T) {
			n := dnsNet{}
			for address, book := range map[string]*dnsBook{"192.0.2.1:53": tt.a, "[2001:db8::1]:53": tt.aaaa, "192.0.2.2:53": tt.ns} {
				if book != nil {
					n[address] = book.serve(t)
				}
			}
			resolver := twoServers(t)
			if err := finderIn(n, resolver.serve(t)).Await(t.Context(), awaitedRecord()); err != nil {
				t.Fatal(err)
			}
			for _, book := range []*dnsBook{tt.a, tt.aaaa, tt.ns} {
				if book != nil && book.authoritative && book.answer(new(dns.Msg).SetQuestion(awaitedName, dns.TypeTXT)).Rcode != 0 {
					t.Error("a server was not waited for")
				}
			}
			if resolver.count(awaitedAsked) != 0 {
				t.Error("the resolver was asked for the record, which keeps its answer in a cache")
			}
		})
	}
}

func TestAwaitAsksWithoutRecursionAndForTheWholeValue(t *testing.T) {
	ns := nameServerOf(t, awaitedName+` TXT "pro"`, awaitedName+` TXT "proofs"`, awaitedName+` TXT "pr" "oo" "f"`)
	recursed := make(chan bool, 100)
	ns.special = func(_ dns.ResponseWriter, m *dns.Msg, _ int) bool {
		recursed <- m.RecursionDesired
		return false
	}
	n := dnsNet{"192.0.2.1:53": ns.serve(t)}
	if err := finderIn(n, twoServers(t).serve(t)).Await(t.Context(), awaitedRecord()); err != nil {
		t.Fatal(err)
	}
	if <-recursed {
		t.Error("a name server was asked to recurse")
	}
}

func TestAwaitFallsBackToTCP(t *testing.T) {
	ns := nameServerOf(t, awaitedTXT)
	ns.special = func(w dns.ResponseWriter, m *dns.Msg, _ int) bool {
		if w.RemoteAddr().Network() == "tcp" {
			return false
		}
		answer := new(dns.Msg).SetReply(m)
		answer.Truncated, answer.Authoritative = true, true
		w.WriteMsg(answer)
		return true
	}
	n := dnsNet{"192.0.2.1:53": ns.serve(t)}
	if err := finderIn(n, twoServers(t).serve(t)).Await(t.Context(), awaitedRecord()); err != nil || ns.count(awaitedAsked+" tcp") == 0 {
		t.Errorf("got %v, asked %q", err, ns.asked)
	}
}

// As behind a firewall that lets no DNS out, or one that answers for everybody.
func TestAwaitAsksTheResolversWhenNoNameServerIsOfUse(t *testing.T) {
	refuses := always(dns.RcodeRefused).serve(t)
	for what, n := range map[string]dnsNet{
		"all are dead": {},
		"all refuse":   {"192.0.2.1:53": refuses, "[2001:db8::1]:53": refuses, "192.0.2.2:53": refuses},
	} {
		t.Run(what, func(t *testing.T) {
			resolver := twoServers(t)
			resolver.special = func(_ dns.ResponseWriter, m *dns.Msg, count int) bool {
				if count == 3 && m.Question[0].Qtype == dns.TypeTXT {
					resolver.add(t, awaitedTXT)
				}
				return false
			}
			if err := finderIn(n, resolver.serve(t)).Await(t.Context(), awaitedRecord()); err != nil {
				t.Fatal(err)
			}
			if got := resolver.count(awaitedAsked); got != 4 {
				t.Errorf("the resolver was asked %d times, want 4", got)
			}
		})
	}
}

// A server that swallows questions must not hold up what the others show.
func TestAwaitGivesUpSilentServers(t *testing.T) {
	silent := &dnsBook{special: func(dns.ResponseWriter, *dns.Msg, int) bool { return true }}
	resolver := twoServers(t)
	resolver.add(t, awaitedTXT)
	address := silent.serve(t)
	f := finderIn(dnsNet{"192.0.2.1:53": address, "192.0.2.2:53": address}, resolver.serve(t))
	f.query = 50 * time.Millisecond // however slow the machine is, the resolver answers some day
	if err := f.Await(t.Context(), awaitedRecord()); err != nil {
		t.Fatal(err)
	}
	if silent.count(awaitedAsked) == 0 {
		t.Error("the silent server was not asked")
	}
}

// A server whose address cannot be looked up at first counts from when it can.
func TestAwaitLooksUpMissingAddressesAgain(t *testing.T) {
	ns1 := lateServer(t, 9)
	ns2 := lateServer(t, 2)
	resolver := twoServers(t)
	resolver.special = func(w dns.ResponseWriter, m *dns.Msg, count int) bool {
		if !strings.EqualFold(m.Question[0].Name, "ns2.example.net.") || count > 2 {
			return false
		}
		w.WriteMsg(new(dns.Msg).SetRcode(m, dns.RcodeServerFailure))
		return true
	}
	f := finderIn(dnsNet{"192.0.2.1:53": ns1.serve(t), "192.0.2.2:53": ns2.serve(t)}, resolver.serve(t))
	if err := f.Await(t.Context(), awaitedRecord()); err != nil {
		t.Fatal(err)
	}
	if got := ns2.count(awaitedAsked); got < 3 {
		t.Errorf("the second server was asked %d times", got)
	}
}

func TestAwaitSaysWhoLacksTheRecord(t *testing.T) {
	for _, tt := range []struct {
		what   string
		ns2    *dnsBook
		want   []string
		absent []string
	}{
		{"no record", nameServerOf(t), []string{"ns2.example.net (192.0.2.2:53): has no TXT record"}, []string{"ns1", "resolver"}},
		{"another", nameServerOf(t, awaitedName+` TXT "old"`, awaitedName+` TXT "older"`), []string{"ns2.example.net", "has 2 other TXT records"}, []string{"ns1"}},
	} {
		t.Run(tt.what, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			tt.ns2.special = func(_ dns.ResponseWriter, _ *dns.Msg, count int) bool {
				if count == 3 {
					cancel()
				}
				return false
			}
			n := dnsNet{"192.0.2.1:53": nameServerOf(t, awaitedTXT).serve(t), "192.0.2.2:53": tt.ns2.serve(t)}
			err := finderIn(n, twoServers(t).serve(t)).Await(ctx, awaitedRecord())
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
			wantInError(t, err, tt.want, tt.absent)
		})
	}
}

func TestAwaitSaysThatNoServerCanBeAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	resolver := twoServers(t)
	resolver.special = func(_ dns.ResponseWriter, m *dns.Msg, count int) bool {
		if count == 3 && m.Question[0].Qtype == dns.TypeTXT {
			cancel()
		}
		return false
	}
	err := finderIn(nil, resolver.serve(t)).Await(ctx, awaitedRecord())
	wantInError(t, err, []string{"no name server can be asked", "ns2.example.net (192.0.2.2:53)", "connection refused", "resolver (127.0.0.1:", "has no TXT"}, nil)
}

func wantInError(t *testing.T, err error, want, absent []string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%v\ndoes not say %q", err, w)
		}
	}
	for _, a := range absent {
		if strings.Contains(err.Error(), a) {
			t.Errorf("%v\nsays %q", err, a)
		}
	}
	if strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("%q has more than one line", err)
	}
}

func TestAwaitEndsAtItsTimeout(t *testing.T) {
	n := dnsNet{"192.0.2.1:53": nameServerOf(t).serve(t)}
	f := finderIn(n, twoServers(t).serve(t))
	f.options.Timeout = 50 * time.Millisecond
	err := f.Await(t.Context(), awaitedRecord())
	var failed *FinderError
	if !errors.As(err, &failed) || failed.Remedy == "" {
		t.Fatalf("got %v", err)
	}
	wantInError(t, err, []string{"_acme-challenge.example.com: not seen everywhere within 50ms"}, nil)
}

// An answer may list more servers and addresses than anybody needs.
func TestNameServersAreBounded(t *testing.T) {
	resolver := dnsBookOf(t)
	for i := range 40 {
		name := strings.Repeat("x", i+1) + ".test."
		resolver.add(t, "example.com. NS "+name)
		for _, last := range "123456789" {
			resolver.add(t, name+" A 192.0.2."+string(last))
		}
	}
	servers, err := finderIn(nil, resolver.serve(t)).nameServers(t.Context(), "example.com")
	if err != nil || len(servers) != finderServers*finderAddresses {
		t.Errorf("got %d servers, %v", len(servers), err)
	}
}
