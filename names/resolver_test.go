package names

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// dnsServer is a name server on loopback, by UDP and TCP, that answers what its
// test says.
type dnsServer struct {
	addr   string
	answer func(q dnsmessage.Question, tcp bool) *reaction // nil: silence

	mu    sync.Mutex
	asked []string // "udp A app.test."
	heard chan struct{}
}

// reaction is what a dnsServer answers.
type reaction struct {
	code      dnsmessage.RCode
	truncated bool
	id        uint16 // added to that of the query: 0 is right
	asked     string // the name that it says was asked; "": the right one
	records   []dnsmessage.Resource
	junk      []byte // sent instead
}

func newDNSServer(t testing.TB, answer func(dnsmessage.Question, bool) *reaction) *dnsServer {
	t.Helper()
	s := &dnsServer{answer: answer, heard: make(chan struct{}, 1000)}
	var udp net.PacketConn
	var tcp net.Listener
	for range 20 { // until both are free
		var err error
		if udp, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if tcp, err = net.Listen("tcp", udp.LocalAddr().String()); err == nil {
			break
		}
		udp.Close()
	}
	if tcp == nil {
		t.Fatal("no port is free by UDP and TCP")
	}
	s.addr = udp.LocalAddr().String()
	var wg sync.WaitGroup
	wg.Go(func() { s.serveUDP(udp) })
	wg.Go(func() { s.serveTCP(tcp) })
	t.Cleanup(func() {
		udp.Close()
		tcp.Close()
		wg.Wait()
	})
	return s
}

func (s *dnsServer) serveUDP(c net.PacketConn) {
	b := make([]byte, 4096)
	for {
		n, from, err := c.ReadFrom(b)
		if err != nil {
			return
		}
		if out := s.react(b[:n], false); out != nil {
			c.WriteTo(out, from)
		}
	}
}

func (s *dnsServer) serveTCP(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		var length [2]byte
		io.ReadFull(c, length[:])
		b := make([]byte, binary.BigEndian.Uint16(length[:]))
		io.ReadFull(c, b)
		if out := s.react(b, true); out != nil {
			out = append(binary.BigEndian.AppendUint16(nil, uint16(len(out))), out...)
			c.Write(out[:1]) // a stream may come in pieces
			c.Write(out[1:])
		}
		io.Copy(io.Discard, c)
		c.Close()
	}
}

func (s *dnsServer) react(query []byte, tcp bool) []byte {
	var p dnsmessage.Parser
	h, err := p.Start(query)
	if err != nil {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	network := "udp "
	if tcp {
		network = "tcp "
	}
	s.mu.Lock()
	s.asked = append(s.asked, network+strings.TrimPrefix(q.Type.String(), "Type")+" "+q.Name.String())
	s.mu.Unlock()
	r := s.answer(q, tcp)
	s.heard <- struct{}{}
	if r == nil || r.junk != nil {
		if r != nil {
			return r.junk
		}
		return nil
	}
	return r.message(h, q)
}

func (r *reaction) message(h dnsmessage.Header, q dnsmessage.Question) []byte {
	if r.asked != "" {
		q.Name = dnsmessage.MustNewName(r.asked)
	}
	m := dnsmessage.Message{
		Header: dnsmessage.Header{ID: h.ID + r.id, Response: true, RecursionDesired: true,
			RecursionAvailable: true, Truncated: r.truncated, RCode: r.code},
		Questions: []dnsmessage.Question{q},
		Answers:   r.records,
	}
	out, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return out
}

func (s *dnsServer) log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// record makes one resource record.
func record(name string, ttl uint32, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{Header: dnsmessage.ResourceHeader{
		Name: dnsmessage.MustNewName(name), Class: dnsmessage.ClassINET, TTL: ttl}, Body: body}
}

func recordA(name string, ttl uint32, addr string) dnsmessage.Resource {
	return record(name, ttl, &dnsmessage.AResource{A: netip.MustParseAddr(addr).As4()})
}

func recordAAAA(name string, ttl uint32, addr string) dnsmessage.Resource {
	return record(name, ttl, &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr(addr).As16()})
}

func recordCNAME(name string, ttl uint32, target string) dnsmessage.Resource {
	return record(name, ttl, &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(target)})
}

func recordSRV(name string, ttl uint32, target string, port, priority, weight uint16) dnsmessage.Resource {
	return record(name, ttl, &dnsmessage.SRVResource{Target: dnsmessage.MustNewName(target), Port: port, Priority: priority, Weight: weight})
}

func always(r reaction) func(dnsmessage.Question, bool) *reaction {
	return func(dnsmessage.Question, bool) *reaction { return &r }
}

func TestAResolverTellsAddressesAndTheSmallestTTL(t *testing.T) {
	for _, tt := range []struct {
		name    string
		q       Question
		records []dnsmessage.Resource
		addrs   string
		ttl     time.Duration
	}{
		{"A", Question{"app.test.", TypeA},
			[]dnsmessage.Resource{recordA("app.test.", 60, "192.0.2.1"), recordA("app.test.", 30, "192.0.2.2")},
			"192.0.2.1 192.0.2.2", 30 * time.Second},
		{"AAAA", Question{"app.test.", TypeAAAA},
			[]dnsmessage.Resource{recordAAAA("app.test.", 7, "2001:db8::1")}, "2001:db8::1", 7 * time.Second},
		{"a CNAME counts", Question{"app.test.", TypeA},
			[]dnsmessage.Resource{recordCNAME("app.test.", 5, "lb.test."), recordA("lb.test.", 300, "192.0.2.1")},
			"192.0.2.1", 5 * time.Second},
		{"other records do not", Question{"app.test.", TypeA},
			[]dnsmessage.Resource{recordA("app.test.", 60, "192.0.2.1"), record("app.test.", 1, &dnsmessage.TXTResource{TXT: []string{"x"}})},
			"192.0.2.1", time.Minute},
		{"RFC 2181 section 8: the most significant bit means zero", Question{"app.test.", TypeA},
			[]dnsmessage.Resource{recordA("app.test.", 1<<31+60, "192.0.2.1")}, "192.0.2.1", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newDNSServer(t, always(reaction{records: tt.records}))
			a, err := (&Resolver{Server: s.addr}).Ask(t.Context(), tt.q)
			var addrs []string
			for _, addr := range a.Addrs {
				addrs = append(addrs, addr.Unmap().String())
			}
			slices.Sort(addrs)
			if err != nil || strings.Join(addrs, " ") != tt.addrs || a.TTL != tt.ttl || a.Queries != 1 || a.Detour {
				t.Errorf("got %+v, %v", a, err)
			}
		})
	}
}

// RFC 2782: the records of a service have priority, weight, port and target.
func TestAResolverTellsServices(t *testing.T) {
	s := newDNSServer(t, always(reaction{records: []dnsmessage.Resource{
		recordSRV("_http._tcp.test.", 20, "a.test.", 8001, 1, 5),
		recordSRV("_http._tcp.test.", 10, "b.test.", 8002, 2, 0),
	}}))
	a, err := (&Resolver{Server: s.addr}).Ask(t.Context(), Question{"_http._tcp.test.", TypeSRV})
	want := []Service{service("a.test.", 8001, 1, 5), service("b.test.", 8002, 2, 0)}
	if err != nil || !slices.Equal(a.Services, want) || a.TTL != 10*time.Second {
		t.Errorf("got %+v, %v", a, err)
	}
}

// RFC 7766 section 5: an answer that is truncated is asked for again by TCP.
// The TTL is that of the whole answer.
func TestATruncatedAnswerComesByTCP(t *testing.T) {
	s := newDNSServer(t, func(_ dnsmessage.Question, tcp bool) *reaction {
		if !tcp {
			return &reaction{truncated: true, records: []dnsmessage.Resource{recordA("app.test.", 1, "192.0.2.66")}}
		}
		r := &reaction{}
		for i := range 200 {
			r.records = append(r.records, recordA("app.test.", uint32(40+i), netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}).String()))
		}
		return r
	})
	a, err := (&Resolver{Server: s.addr}).Ask(t.Context(), Question{"app.test.", TypeA})
	if err != nil || len(a.Addrs) != 200 || a.TTL != 40*time.Second || a.Queries != 2 {
		t.Errorf("%d addresses, TTL %v, %d queries, %v", len(a.Addrs), a.TTL, a.Queries, err)
	}
}

// What a name server may do instead of answering, and how that is told.
func TestAResolverTellsItsFailures(t *testing.T) {
	good := []dnsmessage.Resource{recordA("app.test.", 60, "192.0.2.1")}
	for _, tt := range []struct {
		name              string
		answer            func(dnsmessage.Question, bool) *reaction
		timeout, notFound bool
	}{
		{"silence", func(dnsmessage.Question, bool) *reaction { return nil }, true, false},
		{"SERVFAIL", always(reaction{code: dnsmessage.RCodeServerFailure}), false, false},
		{"REFUSED", always(reaction{code: dnsmessage.RCodeRefused}), false, false},
		{"NXDOMAIN", always(reaction{code: dnsmessage.RCodeNameError}), false, true},
		{"no data", always(reaction{}), false, true},
		{"a wrong ID", always(reaction{id: 1, records: good}), true, false},
		{"an answer to another question", always(reaction{asked: "evil.test.", records: good}), true, false},
		{"junk", always(reaction{junk: []byte("not DNS at all, but long enough")}), true, false},
		{"one byte", always(reaction{junk: []byte{0}}), true, false},
		{"truncated by UDP, silence by TCP", func(_ dnsmessage.Question, tcp bool) *reaction {
			if tcp {
				return nil
			}
			return &reaction{truncated: true}
		}, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newDNSServer(t, tt.answer)
			try := 10 * time.Second
			if tt.timeout {
				try = 50 * time.Millisecond
			}
			a, err := (&Resolver{Server: s.addr, Try: try}).Ask(t.Context(), Question{"app.test.", TypeA})
			if err == nil || len(a.Addrs) != 0 {
				t.Fatalf("got %+v", a)
			}
			var dns *net.DNSError
			if !errors.As(err, &dns) || IsTimeout(err) != tt.timeout || isNotFound(err) != tt.notFound {
				t.Errorf("got %v; timeout %v, not found %v", err, IsTimeout(err), isNotFound(err))
			}
			if a.TTL != NoTTL {
				t.Errorf("TTL %v without an answer", a.TTL)
			}
		})
	}
}

// Ask returns when its context ends, though the server is silent, and leaves no
// connection: TestMain sees to the goroutines.
func TestAskEndsWithItsContext(t *testing.T) {
	for _, typ := range []Type{TypeA, TypeSRV} {
		s := newDNSServer(t, func(dnsmessage.Question, bool) *reaction { return nil })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := (&Resolver{Server: s.addr, Try: time.Hour}).Ask(ctx, Question{"app.test.", typ})
			done <- err
		}()
		<-s.heard
		cancel()
		select {
		case err := <-done:
			if err == nil {
				t.Error("no error")
			}
		case <-time.After(3 * time.Second): // net's own wait is 5 s
			t.Fatal("still waiting")
		}
	}
}

// The end of a witness wakes what waits for a server, waits until that has let
// go, and lets nothing begin.
func TestTheEndOfAWitnessWaitsForItsConnections(t *testing.T) {
	s := newDNSServer(t, func(dnsmessage.Question, bool) *reaction { return nil })
	w := &witness{server: s.addr, try: time.Hour, open: map[string]bool{}}
	c, err := w.dial(t.Context(), "udp", "")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		w.end()
		close(ended)
	}()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("read from a silent server")
	}
	if err := c.SetDeadline(time.Now().Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("read again")
	}
	select {
	case <-ended:
		t.Error("ended with a connection open")
	default:
	}
	c.Close()
	c.Close()
	<-ended
	if _, err := w.dial(t.Context(), "tcp", ""); err == nil {
		t.Error("dialed after the end")
	}
}

// A name server that is not there is a failure, not a timeout.
func TestANameServerThatIsNotThereIsAFailure(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	_, err = (&Resolver{Server: c.LocalAddr().String()}).Ask(t.Context(), Question{"app.test.", TypeA})
	if err == nil || IsTimeout(err) || isNotFound(err) {
		t.Errorf("got %v", err)
	}
}

// An IP in place of a name needs no server and leads to its own family.
func TestAnAddressIsItsOwnAnswer(t *testing.T) {
	r := &Resolver{Server: "127.0.0.1:1"}
	a, err := r.Ask(t.Context(), Question{"192.0.2.1", TypeA})
	if err != nil || len(a.Addrs) != 1 || a.TTL != NoTTL || a.Queries != 0 {
		t.Errorf("got %+v, %v", a, err)
	}
	if _, err := r.Ask(t.Context(), Question{"192.0.2.1", TypeAAAA}); !isNotFound(err) {
		t.Errorf("got %v", err)
	}
}

// A whole way: a Directory, its Resolver, a name server that dies.
func TestADirectoryServesOnWhenItsNameServerDies(t *testing.T) {
	var mu sync.Mutex
	dead := false
	s := newDNSServer(t, func(q dnsmessage.Question, _ bool) *reaction {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case dead:
			return &reaction{code: dnsmessage.RCodeServerFailure}
		case q.Type == dnsmessage.TypeSRV:
			return &reaction{records: []dnsmessage.Resource{recordSRV("_http._tcp.test.", 9, "a.test.", 8001, 0, 0)}}
		case q.Type == dnsmessage.TypeA:
			return &reaction{records: []dnsmessage.Resource{recordA("a.test.", 9, "192.0.2.1")}}
		}
		return &reaction{}
	})
	d := New(Options{Ask: (&Resolver{Server: s.addr}).Ask, StateDir: t.TempDir()})
	n := d.Follow(Query{Form: FormSRV, Host: "_http._tcp.test."}, nothing)
	defer running(t, d)()
	if err := d.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, n, "192.0.2.1:8001@a.test.")
	mu.Lock()
	dead = true
	mu.Unlock()
	failed := d.Stats().Failed
	deadline := time.After(5 * time.Second)
	for d.Stats().Failed == failed {
		n.Wanted()
		select {
		case <-s.heard:
		case <-deadline:
			t.Fatal("nobody asked again")
		}
	}
	want(t, n, "192.0.2.1:8001@a.test.")
	if log := s.log(); !slices.Contains(log, "udp SRV _http._tcp.test.") || !slices.Contains(log, "udp AAAA a.test.") {
		t.Errorf("asked %q", log)
	}
}
