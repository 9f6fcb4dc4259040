package dnsapi

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const (
	updateKeyName = "sluice-key."
	updateSecret  = "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
)

// updateServer is a zone that the holder of one key may change.
type updateServer struct {
	zone   string
	secret string
	rcode  int // what it refuses every update with; 0: none

	// special, when not nil, answers instead.
	special func(w dns.ResponseWriter, m *dns.Msg)

	mu      sync.Mutex
	records []string // in zone file format
	came    []string // networks that updates came by
}

func newUpdateServer() *updateServer {
	return &updateServer{zone: "example.com.", secret: updateSecret}
}

func (s *updateServer) serve(t testing.TB, networks ...string) string {
	t.Helper()
	return dnsServe(t, func(d *dns.Server) {
		d.Handler, d.TsigSecret = s, map[string]string{updateKeyName: s.secret}
	}, networks...)
}

func (s *updateServer) ServeDNS(w dns.ResponseWriter, m *dns.Msg) {
	s.mu.Lock()
	s.came = append(s.came, w.RemoteAddr().Network())
	s.mu.Unlock()
	if s.special != nil {
		s.special(w, m)
		return
	}
	answer := new(dns.Msg).SetReply(m)
	t := m.IsTsig()
	switch err := w.TsigStatus(); {
	case t == nil:
		answer.Rcode = dns.RcodeRefused
	case errors.Is(err, dns.ErrTime):
		s.refuse(answer, t, dns.RcodeBadTime)
	case errors.Is(err, dns.ErrSecret):
		s.refuse(answer, t, dns.RcodeBadKey)
	case err != nil:
		s.refuse(answer, t, dns.RcodeBadSig)
	default:
		answer.Rcode = s.rcode
		if s.rcode == 0 {
			answer.Rcode = s.apply(m)
		}
		answer.SetTsig(t.Hdr.Name, t.Algorithm, 300, time.Now().Unix())
	}
	w.WriteMsg(answer)
}

// refuse says which check of the TSIG failed (RFC 8945 section 5.2).
func (s *updateServer) refuse(answer *dns.Msg, t *dns.TSIG, code uint16) {
	answer.Rcode = dns.RcodeNotAuth
	answer.SetTsig(t.Hdr.Name, t.Algorithm, 300, int64(t.TimeSigned))
	t = answer.IsTsig()
	t.Error = code
	if code == dns.RcodeBadTime {
		t.OtherLen, t.OtherData = 6, fmt.Sprintf("%012x", time.Now().Unix())
	}
}

// apply does what an update of one record asks for (RFC 2136 section 3.4.2).
func (s *updateServer) apply(m *dns.Msg) int {
	if len(m.Question) != 1 || m.Question[0].Name != s.zone || m.Question[0].Qtype != dns.TypeSOA {
		return dns.RcodeNotAuth
	}
	if len(m.Ns) != 1 || len(m.Answer) != 0 {
		return dns.RcodeFormatError
	}
	rr := dns.Copy(m.Ns[0])
	if !dns.IsSubDomain(s.zone, rr.Header().Name) {
		return dns.RcodeNotZone
	}
	class := rr.Header().Class
	rr.Header().Class = dns.ClassINET
	s.mu.Lock()
	defer s.mu.Unlock()
	same := func(text string) bool {
		old, _ := dns.NewRR(text)
		return dns.IsDuplicate(old, rr)
	}
	switch class {
	case dns.ClassINET:
		if !slices.ContainsFunc(s.records, same) {
			s.records = append(s.records, rr.String())
		}
	case dns.ClassNONE:
		s.records = slices.DeleteFunc(s.records, same)
	default:
		return dns.RcodeFormatError
	}
	return dns.RcodeSuccess
}

// texts are the values at the tests' name, with their TTLs.
func (s *updateServer) texts() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var texts []string
	for _, record := range s.records {
		rr, _ := dns.NewRR(record)
		texts = append(texts, fmt.Sprintf("%s %d %s", rr.Header().Name, rr.Header().Ttl, rr.(*dns.TXT).Txt[0]))
	}
	return strings.Join(texts, ", ")
}

// updateTo is an Update for the server there, changed by change.
func updateTo(address string, change ...func(*UpdateOptions)) *Update {
	o := UpdateOptions{Server: address, KeyName: "Sluice-Key", KeySecret: func() (string, error) { return updateSecret + "\n", nil }}
	for _, c := range change {
		c(&o)
	}
	return NewUpdate(o)
}

func updateRecord(value string) Record {
	return Record{Zone: "example.com", Name: "_acme-challenge.example.com", Value: value}
}

func TestUpdateAddsAndRemovesOneRecordAtATime(t *testing.T) {
	s := newUpdateServer()
	u := updateTo(s.serve(t))
	steps := []struct {
		do    func(context.Context, Record) error
		value string
		want  string
	}{
		{u.Add, "one", "_acme-challenge.example.com. 60 one"},
		{u.Add, "two", "_acme-challenge.example.com. 60 one, _acme-challenge.example.com. 60 two"},
		{u.Add, "two", "_acme-challenge.example.com. 60 one, _acme-challenge.example.com. 60 two"},
		{u.Remove, "one", "_acme-challenge.example.com. 60 two"},
		{u.Remove, "one", "_acme-challenge.example.com. 60 two"},
		{u.Remove, "two", ""},
		{u.Add, `\"`, `_acme-challenge.example.com. 60 \\\"`},
	}
	for i, step := range steps {
		if err := step.do(t.Context(), updateRecord(step.value)); err != nil {
			t.Fatalf("step %d: %v", i+1, err)
		}
		if got := s.texts(); got != step.want {
			t.Fatalf("step %d: got %s, want %s", i+1, got, step.want)
		}
	}
	if slices.Contains(s.came, "udp") {
		t.Errorf("came by %v, want TCP", s.came)
	}
}

func TestUpdateSignsWithTheAlgorithmChosen(t *testing.T) {
	for _, tt := range []struct{ algorithm, want string }{
		{"", dns.HmacSHA256}, {"hmac-sha256", dns.HmacSHA256}, {"HMAC-SHA512.", dns.HmacSHA512},
		{"hmac-sha384", dns.HmacSHA384}, {"hmac-sha224", dns.HmacSHA224}, {"hmac-sha1", dns.HmacSHA1},
	} {
		s := newUpdateServer()
		used := make(chan string, 1)
		s.special = func(w dns.ResponseWriter, m *dns.Msg) {
			used <- m.IsTsig().Algorithm
			if w.TsigStatus() == nil {
				w.WriteMsg(new(dns.Msg).SetReply(m).SetTsig(updateKeyName, tt.want, 300, time.Now().Unix()))
			}
		}
		u := updateTo(s.serve(t), func(o *UpdateOptions) { o.Algorithm = tt.algorithm })
		if err := u.Add(t.Context(), updateRecord("x")); err != nil {
			t.Errorf("%q: %v", tt.algorithm, err)
		}
		if got := <-used; got != tt.want {
			t.Errorf("%q: signed with %s, want %s", tt.algorithm, got, tt.want)
		}
	}
}

// signed answers every update with success, signed like that.
func signed(secret, algorithm, key string, at time.Time) func(dns.ResponseWriter, *dns.Msg) {
	return func(w dns.ResponseWriter, m *dns.Msg) {
		answer := new(dns.Msg).SetReply(m).SetTsig(key, algorithm, 300, at.Unix())
		packet, _, err := dns.TsigGenerate(answer, secret, m.IsTsig().MAC, false)
		if err == nil {
			w.Write(packet)
		}
	}
}

func unsigned(w dns.ResponseWriter, m *dns.Msg) { w.WriteMsg(new(dns.Msg).SetReply(m)) }

func TestUpdateBelievesNoSuccessThatTheKeyHasNotSigned(t *testing.T) {
	other := base64.StdEncoding.EncodeToString([]byte("another secret"))
	for _, tt := range []struct {
		what, want string
		special    func(dns.ResponseWriter, *dns.Msg)
	}{
		{"as it should be", "", signed(updateSecret, dns.HmacSHA256, updateKeyName, time.Now())},
		{"unsigned", "not signed", unsigned},
		{"another secret", "signature is wrong", signed(other, dns.HmacSHA256, updateKeyName, time.Now())},
		{"another key", "another key or algorithm", signed(updateSecret, dns.HmacSHA256, "other-key.", time.Now())},
		{"another algorithm", "another key or algorithm", signed(updateSecret, dns.HmacSHA1, updateKeyName, time.Now())},
		{"an hour ago", "at another time", signed(updateSecret, dns.HmacSHA256, updateKeyName, time.Now().Add(-time.Hour))},
		{"not for this update", "signature is wrong", func(w dns.ResponseWriter, m *dns.Msg) {
			m.IsTsig().MAC = strings.Repeat("00", 32)
			signed(updateSecret, dns.HmacSHA256, updateKeyName, time.Now())(w, m)
		}},
		{"another ID", "to something else", func(w dns.ResponseWriter, m *dns.Msg) {
			m.Id++
			unsigned(w, m)
		}},
		{"garbage", "cannot be read", func(w dns.ResponseWriter, m *dns.Msg) { w.Write([]byte("garbage")) }},
	} {
		t.Run(tt.what, func(t *testing.T) {
			s := newUpdateServer()
			s.special = tt.special
			err := updateTo(s.serve(t)).Add(t.Context(), updateRecord("x"))
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantUpdateError(t, err, "", tt.want)
			if slices.Contains(s.came, "udp") {
				t.Error("UDP was tried, though the server had answered")
			}
		})
	}
}

func TestUpdateSaysWhatARefusalMeans(t *testing.T) {
	for _, tt := range []struct {
		what       string
		server     func(*updateServer)
		update     func(*Update)
		record     Record
		code, want string
	}{
		{"policy", func(s *updateServer) { s.rcode = dns.RcodeRefused }, nil, updateRecord("x"), "REFUSED", "policy"},
		{"another zone", func(s *updateServer) { s.zone = "example.org." }, nil, updateRecord("x"), "NOTAUTH", "not the primary of zone example.com"},
		{"outside of the zone", nil, nil, Record{Zone: "example.com", Name: "example.org", Value: "x"}, "NOTZONE", "not in zone"},
		{"secret", func(s *updateServer) { s.secret = "b3RoZXI=" }, nil, updateRecord("x"), "BADSIG", "signature"},
		{"key", nil, func(u *Update) { u.options.KeyName = "unknown" }, updateRecord("x"), "BADKEY", "does not know the key"},
		{"clock behind", nil, func(u *Update) { u.now = func() time.Time { return time.Now().Add(-time.Hour) } }, updateRecord("x"), "BADTIME", "ahead of ours"},
		{"clock ahead", nil, func(u *Update) { u.now = func() time.Time { return time.Now().Add(time.Hour) } }, updateRecord("x"), "BADTIME", "behind ours"},
		{"unable", func(s *updateServer) { s.rcode = dns.RcodeServerFailure }, nil, updateRecord("x"), "SERVFAIL", "could not"},
		{"no updates", func(s *updateServer) {
			s.special = func(w dns.ResponseWriter, m *dns.Msg) {
				w.WriteMsg(new(dns.Msg).SetRcode(m, dns.RcodeNotImplemented)) // without a signature
			}
		}, nil, updateRecord("x"), "NOTIMP", "does not do dynamic updates"},
		{"a code of the future", func(s *updateServer) { s.rcode = 12 }, nil, updateRecord("x"), "RCODE 12", "refused"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			s := newUpdateServer()
			if tt.server != nil {
				tt.server(s)
			}
			u := updateTo(s.serve(t))
			if tt.update != nil {
				tt.update(u)
			}
			wantUpdateError(t, u.Remove(t.Context(), tt.record), tt.code, tt.want)
		})
	}
}

// wantUpdateError wants an *Error with that code, text and a remedy, which does
// not tell the secret.
func wantUpdateError(t *testing.T, err error, code, text string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	if e.Provider != "rfc2136" || e.Action == "" || e.Record.Name == "" || e.Code != code || e.Remedy == "" {
		t.Errorf("got %+v, want code %q", e, code)
	}
	if !strings.Contains(err.Error(), text) {
		t.Errorf("%v\ndoes not say %q", err, text)
	}
	if all := fmt.Sprintf("%v %+v", err, e); strings.Contains(all, updateSecret) || strings.Contains(all, "secret of the tests") {
		t.Errorf("%s tells the secret", all)
	}
}

func TestUpdateRefusesOptionsThatCannotBeRight(t *testing.T) {
	for _, tt := range []struct {
		what, want string
		change     func(*UpdateOptions)
	}{
		{"algorithm", "unknown TSIG algorithm", func(o *UpdateOptions) { o.Algorithm = "hmac-md5" }},
		{"no key", "is no name", func(o *UpdateOptions) { o.KeyName = "" }},
		{"no secret", "not base64", func(o *UpdateOptions) { o.KeySecret = func() (string, error) { return "\n", nil } }},
		{"bad secret", "not base64", func(o *UpdateOptions) { o.KeySecret = func() (string, error) { return updateSecret + "*", nil } }},
	} {
		wantUpdateError(t, updateTo("127.0.0.1:1", tt.change).Add(t.Context(), updateRecord("x")), "", tt.want)
	}
	missing := errors.New("the file is gone")
	u := updateTo("127.0.0.1:1", func(o *UpdateOptions) { o.KeySecret = func() (string, error) { return "", missing } })
	if err := u.Add(t.Context(), updateRecord("x")); !errors.Is(err, missing) {
		t.Errorf("got %v, want the secret's error", err)
	}
	err := updateTo("127.0.0.1:1").Add(t.Context(), updateRecord(strings.Repeat("x", 256)))
	if err == nil || !strings.Contains(err.Error(), "exceeded 255 bytes") {
		t.Errorf("a value too long: got %v", err)
	}
}

func TestUpdateTurnsToUDPWhereTCPFails(t *testing.T) {
	s := newUpdateServer()
	if err := updateTo(s.serve(t, "udp")).Add(t.Context(), updateRecord("x")); err != nil {
		t.Fatal(err)
	}
	if got := s.texts(); got != "_acme-challenge.example.com. 60 x" {
		t.Errorf("got %s", got)
	}
}

// By UDP anybody may send us packets that say anything.
func TestUpdateWaitsPastForgedAnswersByUDP(t *testing.T) {
	s := newUpdateServer()
	s.special = func(w dns.ResponseWriter, m *dns.Msg) {
		unsigned(w, m)
		signed("Zm9yZ2Vy", dns.HmacSHA256, updateKeyName, time.Now())(w, m)
		s.apply(m)
		signed(updateSecret, dns.HmacSHA256, updateKeyName, time.Now())(w, m)
	}
	if err := updateTo(s.serve(t, "udp")).Add(t.Context(), updateRecord("x")); err != nil {
		t.Error(err)
	}
}

func TestUpdateByUDPSaysWhatWasNotBelieved(t *testing.T) {
	s := newUpdateServer()
	s.special = func(w dns.ResponseWriter, m *dns.Msg) {
		for range dnsStrays + 10 { // no matter how many
			unsigned(w, m)
		}
	}
	wantUpdateError(t, updateTo(s.serve(t, "udp")).Add(t.Context(), updateRecord("x")), "", "not signed")
}

func TestUpdateSaysThatNobodyIsThere(t *testing.T) {
	wantUpdateError(t, updateTo("192.0.2.1:notaport").Add(t.Context(), updateRecord("x")), "", "notaport")
}

func TestUpdateThatGetsNoAnswerEndsWithItsContext(t *testing.T) {
	for _, network := range []string{"tcp", "udp"} {
		ctx, cancel := context.WithCancel(t.Context())
		s := newUpdateServer()
		s.special = func(dns.ResponseWriter, *dns.Msg) { cancel() }
		u := updateTo(s.serve(t, network))
		u.timeout = time.Hour
		var e *Error
		if err := u.Add(ctx, updateRecord("x")); !errors.Is(err, context.Canceled) || !errors.As(err, &e) {
			t.Errorf("%s: got %v", network, err)
		}
		cancel()
	}
}

func TestUpdateThatGetsNoAnswerEndsAtItsTimeout(t *testing.T) {
	s := newUpdateServer()
	s.special = func(dns.ResponseWriter, *dns.Msg) {}
	u := updateTo(s.serve(t))
	u.timeout = 20 * time.Millisecond
	err := u.Add(t.Context(), updateRecord("x"))
	wantUpdateError(t, err, "", "no answer by tcp within 20ms")
	wantUpdateError(t, err, "", "no answer by udp within 20ms")
}

// An answer may end in its middle: the server died, or means harm.
func TestUpdateSurvivesAnswersCutOff(t *testing.T) {
	for _, sent := range []string{"", "\x00", "\x00\x20abc", "\xff\xff"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 4096))
			conn.Write([]byte(sent))
			conn.Close()
		}()
		u := updateTo(listener.Addr().String())
		u.timeout = 10 * time.Second
		wantUpdateError(t, u.Add(t.Context(), updateRecord("x")), "", "by tcp")
		listener.Close()
		<-ended
	}
}
