package dnsapi

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// dnsServe runs a DNS server on loopback until the test ends, on one port by
// the networks given; none: UDP and TCP. It returns the server's address.
func dnsServe(t testing.TB, configure func(*dns.Server), networks ...string) string {
	t.Helper()
	if networks == nil {
		networks = []string{"tcp", "udp"}
	}
	for range 50 {
		servers, address, err := dnsListen(networks)
		if err != nil {
			continue // the port is free by one network only
		}
		for _, server := range servers {
			dnsRun(t, server, configure)
		}
		return address
	}
	t.Fatal("no port is free by all networks")
	return ""
}

// dnsListen takes a free port by all networks.
func dnsListen(networks []string) (servers []*dns.Server, address string, err error) {
	address = "127.0.0.1:0"
	for _, network := range networks {
		server := &dns.Server{}
		if network == "tcp" {
			if server.Listener, err = net.Listen("tcp", address); err == nil {
				address = server.Listener.Addr().String()
			}
		} else if server.PacketConn, err = net.ListenPacket("udp", address); err == nil {
			address = server.PacketConn.LocalAddr().String()
		}
		if err != nil {
			for _, earlier := range servers {
				if earlier.Listener != nil {
					earlier.Listener.Close()
				} else {
					earlier.PacketConn.Close()
				}
			}
			return nil, "", err
		}
		servers = append(servers, server)
	}
	return servers, address, nil
}

func dnsRun(t testing.TB, server *dns.Server, configure func(*dns.Server)) {
	started := make(chan struct{})
	ended := make(chan error, 1)
	server.NotifyStartedFunc = func() { close(started) }
	server.MsgAcceptFunc = func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept }
	configure(server)
	go func() { ended <- server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		server.Shutdown()
		if err := <-ended; err != nil && !strings.Contains(err.Error(), "closed") {
			t.Errorf("DNS server: %v", err)
		}
	})
}

// dnsBook answers questions from the records it has. It stands for a resolver,
// and for a name server when it is authoritative.
type dnsBook struct {
	authoritative bool
	bare          bool // no SOA record goes with the answer that there is nothing

	// special, when not nil, answers before the book does and reports whether
	// it did. Its count is how often that question was asked before.
	special func(w dns.ResponseWriter, asked *dns.Msg, count int) bool

	mu      sync.Mutex
	records []dns.RR
	asked   []string // "TXT name.", "TXT name. tcp"
}

// dnsBookOf is a book of records in zone file format.
func dnsBookOf(t testing.TB, records ...string) *dnsBook {
	t.Helper()
	b := &dnsBook{}
	for _, text := range records {
		b.add(t, text)
	}
	return b
}

func (b *dnsBook) add(t testing.TB, text string) {
	t.Helper()
	rr, err := dns.NewRR(text)
	if err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records = append(b.records, rr)
}

// serve runs a server for the book and returns its address.
func (b *dnsBook) serve(t testing.TB, networks ...string) string {
	t.Helper()
	return dnsServe(t, func(s *dns.Server) { s.Handler = b }, networks...)
}

// count is how often that was asked.
func (b *dnsBook) count(asked string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, a := range b.asked {
		if a == asked {
			n++
		}
	}
	return n
}

func (b *dnsBook) ServeDNS(w dns.ResponseWriter, m *dns.Msg) {
	q := m.Question[0]
	name := dns.TypeToString[q.Qtype] + " " + q.Name
	if w.RemoteAddr().Network() == "tcp" {
		name += " tcp"
	}
	count := b.count(name)
	b.mu.Lock()
	b.asked = append(b.asked, name)
	b.mu.Unlock()
	if b.special == nil || !b.special(w, m, count) {
		w.WriteMsg(b.answer(m))
	}
}

// answer follows no CNAME records, but gives them for any type.
func (b *dnsBook) answer(m *dns.Msg) *dns.Msg {
	b.mu.Lock()
	defer b.mu.Unlock()
	answer := new(dns.Msg).SetReply(m)
	answer.Authoritative = b.authoritative
	q := m.Question[0]
	exists := false
	for _, rr := range b.records {
		h := rr.Header()
		exists = exists || dns.IsSubDomain(q.Name, h.Name)
		if !strings.EqualFold(h.Name, q.Name) && !b.covers(h.Name, q.Name) {
			continue
		}
		if h.Rrtype == q.Qtype || h.Rrtype == dns.TypeCNAME {
			rr = dns.Copy(rr)
			rr.Header().Name = strings.ToUpper(q.Name) // who compares has to fold
			answer.Answer = append(answer.Answer, rr)
		}
	}
	if len(answer.Answer) == 0 && !exists {
		answer.Rcode = dns.RcodeNameError
	}
	if len(answer.Answer) == 0 && !b.bare {
		answer.Ns = b.soa(q.Name)
	}
	return answer
}

// covers reports whether owner is a wildcard for a name that the book has no
// record of.
func (b *dnsBook) covers(owner, name string) bool {
	parent, ok := strings.CutPrefix(owner, "*.")
	return ok && dns.IsSubDomain(parent, name) && parent != name &&
		!slices.ContainsFunc(b.records, func(rr dns.RR) bool { return rr.Header().Name == name })
}

// soa is the SOA record of the deepest zone that name is in.
func (b *dnsBook) soa(name string) []dns.RR {
	var deepest []dns.RR
	for _, rr := range b.records {
		if rr.Header().Rrtype == dns.TypeSOA && dns.IsSubDomain(rr.Header().Name, name) &&
			(deepest == nil || len(deepest[0].Header().Name) < len(rr.Header().Name)) {
			deepest = []dns.RR{rr}
		}
	}
	return deepest
}

// dnsNet is where addresses lead in a test: to servers on loopback. Others
// refuse connections, except those of loopback itself.
type dnsNet map[string]string

func (n dnsNet) dial(ctx context.Context, network, address string) (net.Conn, error) {
	to, ok := n[address]
	if host, _, _ := net.SplitHostPort(address); !ok && host != "127.0.0.1" {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	} else if !ok {
		to = address
	}
	return new(net.Dialer).DialContext(ctx, network, to)
}

// finderIn is a Finder in that net that asks resolvers and waits for nothing
// longer than it has to.
func finderIn(n dnsNet, resolvers ...string) *Finder {
	f := NewFinder(FinderOptions{Resolvers: resolvers, Timeout: time.Minute})
	f.dial = n.dial
	f.query = 10 * time.Second // a slow machine is no dead server
	f.pause, f.pauseMax = time.Millisecond, 5*time.Millisecond
	return f
}
