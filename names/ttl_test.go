package names

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// query packs a question as a resolver sends it.
func query(id uint16, name string, t dnsmessage.Type) []byte {
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: t, Class: dnsmessage.ClassINET}}}
	b, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return b
}

// respond packs what a server answers to a query.
func respond(query []byte, r reaction) []byte {
	var p dnsmessage.Parser
	h, err := p.Start(query)
	if err != nil {
		panic(err)
	}
	q, err := p.Question()
	if err != nil {
		panic(err)
	}
	return r.message(h, q)
}

var aQuery = query(7, "app.test.", dnsmessage.TypeA)

func TestOnlyAResponseToTheQueryIsRead(t *testing.T) {
	good := []dnsmessage.Resource{recordA("app.test.", 60, "192.0.2.1")}
	whole := respond(aQuery, reaction{records: good})
	for _, tt := range []struct {
		name     string
		response []byte
		ok       bool
		want     sighting
	}{
		{"good", whole, true, sighting{"app.test.", true, true, 60}},
		{"another case of the name", respond(aQuery, reaction{asked: "APP.test.", records: good}), true, sighting{"app.test.", true, true, 60}},
		{"no records", respond(aQuery, reaction{}), true, sighting{"app.test.", true, false, 0}},
		{"NXDOMAIN", respond(aQuery, reaction{code: dnsmessage.RCodeNameError}), true, sighting{"app.test.", true, false, 0}},
		{"SERVFAIL", respond(aQuery, reaction{code: dnsmessage.RCodeServerFailure}), true, sighting{"app.test.", false, false, 0}},
		{"truncated", respond(aQuery, reaction{truncated: true}), true, sighting{"app.test.", false, false, 0}},
		{"a wrong ID", respond(aQuery, reaction{id: 1, records: good}), false, sighting{}},
		{"another name", respond(aQuery, reaction{asked: "evil.test.", records: good}), false, sighting{}},
		{"the query itself", aQuery, false, sighting{}},
		{"nothing", nil, false, sighting{}},
		{"cut short", whole[:len(whole)-3], false, sighting{}},
		{"more answers named than there are", more(whole), false, sighting{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := inspect(aQuery, tt.response)
			if ok != tt.ok || ok && got != tt.want {
				t.Errorf("got %+v, %v; want %+v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

// more names 65535 answers in a message.
func more(message []byte) []byte {
	b := append([]byte(nil), message...)
	b[6], b[7] = 0xff, 0xff
	return b
}

// Names of the search list that got no answer make what comes later doubtful.
func TestAWitnessKnowsADetour(t *testing.T) {
	for _, tt := range []struct {
		name   string
		first  *reaction
		detour bool
	}{
		{"no answer to the first name", nil, true},
		{"SERVFAIL to the first name", &reaction{code: dnsmessage.RCodeServerFailure}, true},
		{"cut short and nothing by TCP", &reaction{truncated: true}, true},
		{"NXDOMAIN to the first name", &reaction{code: dnsmessage.RCodeNameError}, false},
		{"no data of the first name", &reaction{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &witness{ttl: NoTTL, open: map[string]bool{}}
			first, second := query(1, "app.corp.test.", dnsmessage.TypeA), query(2, "app.", dnsmessage.TypeA)
			w.question(first)
			w.question(first) // of another server
			if tt.first != nil {
				w.answer(first, respond(first, *tt.first))
			}
			w.question(second)
			w.answer(second, respond(second, reaction{records: []dnsmessage.Resource{recordA("app.", 60, "192.0.2.1")}}))
			var a Answer
			w.report(&a)
			if a.Detour != tt.detour || a.TTL != time.Minute || a.Queries != 3 {
				t.Errorf("got %+v, want detour %v", a, tt.detour)
			}
		})
	}
}

// A stream is read as it comes, and no byte of it is taken for a promise.
func TestTheFirstMessageOfAStreamIsReadWhenItIsWhole(t *testing.T) {
	stream := "\x00\x03abcdef"
	for n := range len(stream) {
		got, want := firstMessage([]byte(stream[:n])), ""
		if n >= 5 {
			want = "abc"
		}
		if string(got) != want {
			t.Errorf("of %q got %q, want %q", stream[:n], got, want)
		}
	}
}

// FuzzInspect: whatever bytes come, there is no panic, and what is read of them
// is what dnsmessage reads of the whole message.
func FuzzInspect(f *testing.F) {
	for _, r := range []reaction{
		{records: []dnsmessage.Resource{recordCNAME("app.test.", 5, "lb.test."), recordA("lb.test.", 300, "192.0.2.1")}},
		{code: dnsmessage.RCodeNameError}, {truncated: true},
		{records: []dnsmessage.Resource{recordA("app.test.", 1<<31, "192.0.2.1")}},
	} {
		f.Add(aQuery, respond(aQuery, r))
		f.Add(aQuery, more(respond(aQuery, r)))
	}
	srv := query(1, "_http._tcp.test.", dnsmessage.TypeSRV)
	f.Add(srv, respond(srv, reaction{records: []dnsmessage.Resource{recordSRV("_http._tcp.test.", 20, "a.test.", 1, 1, 1)}}))
	f.Add([]byte{}, []byte("\xc0\x0c"))
	f.Fuzz(func(t *testing.T, query, response []byte) {
		w := &witness{ttl: NoTTL, open: map[string]bool{}}
		w.question(query)
		w.answer(query, response)
		s, ok := inspect(query, response)
		if !ok {
			return
		}
		if s.ttl >= 1<<31 || s.name != questionName(query) || s.name != strings.ToLower(s.name) {
			t.Errorf("got %+v", s)
		}
		var m dnsmessage.Message
		if m.Unpack(response) != nil {
			return
		}
		least, any := uint32(0), false
		for _, r := range m.Answers {
			if r.Header.Type == m.Questions[0].Type || r.Header.Type == dnsmessage.TypeCNAME || r.Header.Type == 39 {
				ttl := r.Header.TTL
				if ttl > 1<<31-1 {
					ttl = 0
				}
				if !any || ttl < least {
					least, any = ttl, true
				}
			}
		}
		if any != s.timed || least != s.ttl {
			t.Errorf("TTL %d (%v), want %d (%v)", s.ttl, s.timed, least, any)
		}
	})
}
