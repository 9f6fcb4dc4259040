package dnsapi

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// hostile answers questions with what a fuzzer's bytes say, over and over.
type hostile struct {
	mu    sync.Mutex
	bytes []byte
	next  int
	asked int
}

// take is the next byte, less than n.
func (h *hostile) take(n int) int {
	if len(h.bytes) == 0 {
		return 0
	}
	b := h.bytes[h.next%len(h.bytes)]
	h.next++
	return int(b) % n
}

func (h *hostile) name() string {
	names := []string{"_acme-challenge.example.com.", "_no-such-name.example.com.", "example.com.", "x.example.com.",
		"ns1.example.com.", "com.", ".", "EXAMPLE.com.", `a\.b\000.example.com.`, "-.example.com.", "_acme-challenge.shop.example.com."}
	if i := h.take(len(names) + 1); i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("c%d.example.com.", h.take(20))
}

func (h *hostile) record(asked string) dns.RR {
	name := asked
	if h.take(4) == 0 {
		name = h.name()
	}
	header := func(rrtype uint16) dns.RR_Header {
		return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET}
	}
	switch h.take(8) {
	case 0, 1:
		return &dns.CNAME{Hdr: header(dns.TypeCNAME), Target: h.name()}
	case 2:
		return &dns.SOA{Hdr: header(dns.TypeSOA), Ns: h.name(), Mbox: "."}
	case 3:
		return &dns.NS{Hdr: header(dns.TypeNS), Ns: h.name()}
	case 4:
		return &dns.A{Hdr: header(dns.TypeA), A: net.IPv4(192, 0, 2, byte(h.take(256)))}
	case 5:
		return &dns.AAAA{Hdr: header(dns.TypeAAAA), AAAA: net.ParseIP("2001:db8::1")}
	case 6:
		return &dns.TXT{Hdr: header(dns.TypeTXT), Txt: []string{"proof"}}
	}
	return &dns.RFC3597{Hdr: header(uint16([]int{1, 2, 5, 6, 16, 28, 41, 250}[h.take(8)])), Rdata: strings.Repeat("c0", h.take(40))}
}

// packet is the answer to a question: garbage, or a message of many records.
func (h *hostile) packet(question []byte) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked++
	asked := new(dns.Msg)
	if asked.Unpack(question) != nil {
		panic("internal error: the question cannot be read")
	}
	answer := new(dns.Msg).SetReply(asked)
	answer.Rcode = []int{0, 0, 0, 3, 2, 5}[h.take(6)]
	answer.Authoritative, answer.Truncated = h.take(4) > 0, h.take(8) == 7
	for range h.take(40) {
		answer.Answer = append(answer.Answer, h.record(asked.Question[0].Name))
	}
	for range h.take(3) {
		answer.Ns = append(answer.Ns, h.record(asked.Question[0].Name))
	}
	packet, err := answer.Pack()
	if err != nil {
		packet = append(question[:12:12], h.bytes...)
	}
	for range h.take(3) {
		packet[h.take(256)*len(packet)/256] = byte(h.take(256))
	}
	copy(packet[:2], question[:2])
	return packet
}

// hostileConn is a connection to the hostile, without a network.
type hostileConn struct {
	net.Conn // nil
	h        *hostile
	tcp      bool
	answer   []byte
}

func (c *hostileConn) Write(p []byte) (int, error) {
	question := p
	if c.tcp {
		question = p[2:]
	}
	c.answer = c.h.packet(question)
	if c.tcp {
		c.answer = append(binary.BigEndian.AppendUint16(nil, uint16(len(c.answer))), c.answer...)
	}
	return len(p), nil
}

func (c *hostileConn) Read(p []byte) (int, error) {
	if len(c.answer) == 0 {
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(p, c.answer)
	c.answer = c.answer[n:]
	if !c.tcp {
		c.answer = nil
	}
	return n, nil
}

func (c *hostileConn) Close() error                { return nil }
func (c *hostileConn) SetDeadline(time.Time) error { return nil }

// FuzzFinder lets everybody who is asked answer as badly as can be. The Finder
// must end by itself, after a bounded number of questions, and with what it
// promises.
func FuzzFinder(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x00\x01\x00\x01\x01\x00\x00\x00\x00"))
	for i := range 20 {
		seed := make([]byte, 64)
		for j := range seed {
			seed[j] = byte((i*64 + j) * 167 >> 3)
		}
		f.Add(seed)
	}
	const resolvers = 2
	// Of each lookup: all resolvers, all tries, UDP and TCP.
	const lookup = resolvers * finderTries * 2
	f.Fuzz(func(t *testing.T, data []byte) {
		h := &hostile{bytes: data}
		finder := NewFinder(FinderOptions{Resolvers: []string{"192.0.2.1", "192.0.2.2"}})
		finder.dial = func(_ context.Context, network, address string) (net.Conn, error) {
			if _, _, err := net.SplitHostPort(address); err != nil {
				return nil, err
			}
			return &hostileConn{h: h, tcp: network == "tcp"}, nil
		}
		r, err := finder.Place(t.Context(), "shop.example.com")
		if err == nil && (r.Zone == "" || !dnsPlain(r.Name) || r.Name != r.Zone && !strings.HasSuffix(r.Name, "."+r.Zone)) {
			t.Errorf("placed at %+v", r)
		}
		const placing = lookup * (2*(finderAliases+1) + 127)
		if h.asked > placing {
			t.Errorf("Place asked %d times", h.asked)
		}

		h.asked = 0
		servers, _ := finder.nameServers(t.Context(), "example.com")
		if most := lookup * (1 + 2*finderServers); h.asked > most || len(servers) > finderServers*finderAddresses {
			t.Errorf("asked %d times for %d name servers", h.asked, len(servers))
		}

		h.asked = 0
		s := finder.look(t.Context(), awaitedRecord(), servers)
		if most := 2 * finderTries * (finderServers*finderAddresses + resolvers); h.asked > most {
			t.Errorf("one look asked %d times", h.asked)
		}
		if text := s.String(); !s.shown() && strings.ContainsAny(text, "\n\x00") || len(text) > 1<<14 {
			t.Errorf("seen: %q", text)
		}
	})
}

// FuzzUpdateAnswer lets a server answer an update with anything.
func FuzzUpdateAnswer(f *testing.F) {
	key := updateKey{updateKeyName, dns.HmacSHA256, updateSecret}
	update := new(dns.Msg).SetUpdate("example.com.")
	update.Id = 1
	_, mac, err := key.sign(update, time.Now())
	if err != nil {
		f.Fatal(err)
	}
	for _, code := range []uint16{0, dns.RcodeBadTime, dns.RcodeBadSig} {
		answer := new(dns.Msg).SetRcode(update, dns.RcodeNotAuth).SetTsig(updateKeyName, dns.HmacSHA256, 300, 1)
		t := answer.IsTsig()
		t.Error, t.OtherLen, t.OtherData = code, 6, "ffffffffffff"
		packet, err := answer.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packet)
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		answer, err := readUpdateAnswer(packet, 1, key, mac)
		if err != nil {
			return
		}
		if e := updateRefusal(answer, "example.com", time.Now()); e == nil {
			t.Error("a success that the key has not signed is believed")
		} else if e.Cause == nil || e.Code == "" {
			t.Errorf("got %+v", e)
		}
	})
}
