package acmetest

import (
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// ttl is that of all records, in seconds.
const ttl = 1

// nameServer is resolver and authoritative server of all names at once. Each
// name has the address 127.0.0.1; those of two labels are the apexes of zones,
// which ns1 in them serves.
type nameServer struct {
	udp    *dns.Server
	tcp    *dns.Server
	secret string
	fails  func(name string) bool // whether a question for the name is answered with SERVFAIL

	mu    sync.Mutex
	txt   map[string][]string // by name, as in all maps lower case and with the dot at the end; guarded by mu, as all below
	cname map[string]string
}

// DNS is the address, host:port, of the name server the CA asks, UDP and TCP.
// To it each name has the address 127.0.0.1. It is authoritative for zones of
// two labels, example.com.
func (c *CA) DNS() string { return c.names.address() }

// SetTXT adds a TXT record, with up to 255 bytes, to those of the name.
func (c *CA) SetTXT(name, value string) { c.names.addTXT(dns.CanonicalName(name), value) }

// ClearTXT removes the name's TXT record of that value, if there is one.
func (c *CA) ClearTXT(name, value string) { c.names.removeTXT(dns.CanonicalName(name), value) }

// TXT is the name's TXT records.
func (c *CA) TXT(name string) []string {
	c.names.mu.Lock()
	defer c.names.mu.Unlock()
	return slices.Clone(c.names.txt[dns.CanonicalName(name)])
}

// SetCNAME makes name an alias of target. An empty target ends that.
func (c *CA) SetCNAME(name, target string) {
	c.names.mu.Lock()
	defer c.names.mu.Unlock()
	if name = dns.CanonicalName(name); target == "" {
		delete(c.names.cname, name)
	} else {
		c.names.cname[name] = dns.CanonicalName(target)
	}
}

func startNameServer(tb testing.TB, fails func(name string) bool) *nameServer {
	tb.Helper()
	listener, packets := listenBoth(tb)
	n := &nameServer{
		secret: newSecret(),
		fails:  fails,
		txt:    map[string][]string{},
		cname:  map[string]string{},
	}
	n.tcp = n.start(tb, &dns.Server{Listener: listener})
	n.udp = n.start(tb, &dns.Server{PacketConn: packets})
	return n
}

// listenBoth listens at a port that is free for TCP and UDP.
func listenBoth(tb testing.TB) (net.Listener, net.PacketConn) {
	tb.Helper()
	const tries = 100
	for try := 1; ; try++ {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		packets, err := net.ListenPacket("udp", listener.Addr().String())
		if err == nil {
			return listener, packets
		}
		listener.Close()
		if try == tries {
			tb.Fatal(err)
		}
	}
}

// start completes s, and starts it. It ends with the test.
func (n *nameServer) start(tb testing.TB, s *dns.Server) *dns.Server {
	tb.Helper()
	started := make(chan struct{})
	s.Handler = dns.HandlerFunc(n.serve)
	s.MsgAcceptFunc = acceptMessage
	s.TsigSecret = map[string]string{tsigKey: n.secret}
	s.NotifyStartedFunc = func() { close(started) }
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.ActivateAndServe(); err != nil {
			tb.Error(err)
		}
	})
	<-started // or Shutdown would not know of it
	tb.Cleanup(func() {
		s.Shutdown()
		running.Wait()
	})
	return s
}

func (n *nameServer) address() string { return n.tcp.Listener.Addr().String() }

func (n *nameServer) serve(w dns.ResponseWriter, r *dns.Msg) {
	if r.Opcode == dns.OpcodeUpdate {
		n.update(w, r)
		return
	}
	w.WriteMsg(n.answer(r))
}

// answer answers a question, following aliases.
func (n *nameServer) answer(r *dns.Msg) *dns.Msg {
	m := new(dns.Msg).SetReply(r)
	m.Authoritative, m.RecursionAvailable = true, true
	name, kind := dns.CanonicalName(r.Question[0].Name), r.Question[0].Qtype
	if n.fails(strings.TrimSuffix(name, ".")) {
		return m.SetRcode(r, dns.RcodeServerFailure)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	const longest = 8 // aliases in a row; more are a loop
	for range longest {
		target, ok := n.cname[name]
		if !ok {
			break
		}
		m.Answer = append(m.Answer, &dns.CNAME{Hdr: header(name, dns.TypeCNAME), Target: target})
		if kind == dns.TypeCNAME {
			return m
		}
		name = target
	}
	found := n.records(name, kind)
	m.Answer = append(m.Answer, found...)
	if len(found) == 0 { // RFC 2308: the zone's SOA says for how long there is none
		m.Ns = append(m.Ns, soa(zoneOf(name)))
	}
	return m
}

// records are those of one name and type. n.mu is held.
func (n *nameServer) records(name string, kind uint16) (found []dns.RR) {
	apex := name == zoneOf(name)
	switch {
	case kind == dns.TypeA:
		found = append(found, &dns.A{Hdr: header(name, kind), A: net.IPv4(127, 0, 0, 1)})
	case kind == dns.TypeTXT:
		for _, value := range n.txt[name] {
			found = append(found, &dns.TXT{Hdr: header(name, kind), Txt: []string{value}})
		}
	case kind == dns.TypeSOA && apex:
		found = append(found, soa(name))
	case kind == dns.TypeNS && apex:
		found = append(found, &dns.NS{Hdr: header(name, kind), Ns: serverOf(name)})
	}
	return found
}

func (n *nameServer) addTXT(name, value string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Contains(n.txt[name], value) {
		n.txt[name] = append(n.txt[name], value)
	}
}

func (n *nameServer) removeTXT(name, value string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.txt[name] = slices.DeleteFunc(n.txt[name], func(v string) bool { return v == value })
}

func (n *nameServer) removeAllTXT(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.txt, name)
}

// zoneOf is the apex of the zone of a name: its last two labels.
func zoneOf(name string) string {
	i, short := dns.PrevLabel(name, 2)
	if short {
		return "."
	}
	return name[i:]
}

// serverOf is the name server of a zone.
func serverOf(zone string) string { return dns.CanonicalName("ns1." + strings.TrimPrefix(zone, ".")) }

func soa(zone string) *dns.SOA {
	return &dns.SOA{
		Hdr:     header(zone, dns.TypeSOA),
		Ns:      serverOf(zone),
		Mbox:    dns.CanonicalName("admin." + strings.TrimPrefix(zone, ".")),
		Serial:  1,
		Refresh: ttl,
		Retry:   ttl,
		Expire:  ttl,
		Minttl:  ttl,
	}
}

func header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: ttl}
}
