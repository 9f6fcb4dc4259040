package server

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"sluice/handover"
)

// watched is a Server at work with a watchdog to feed, whose period is too long
// for it to matter: the test asks.
func watched(t *testing.T, more, text string) *running {
	t.Helper()
	return unwatched(t, more, text).run()
}

// unwatched is watched before it serves.
func unwatched(t *testing.T, more, text string) *running {
	t.Helper()
	return listeningBy(t, handover.Manager{Watchdog: time.Hour}, more, text)
}

// within20 is a context for one question.
func within20(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// Each Listener is asked as a client would, whatever it wants of its clients.
func TestOurOwnListenersAnswer(t *testing.T) {
	for name, more := range map[string]string{
		"loopback":      "",
		"every address": "http = \":0\"\nhttps = \":0\"",
		"IPv4":          "http = \"0.0.0.0:0\"\nhttps = \"0.0.0.0:0\"",
		"plain only":    "https = \"\"",
		"TLS only":      "http = \"\"",
		"PROXY header":  "proxy_protocol = true\ntrusted_proxies = [\"127.0.0.0/8\", \"::1\"]",
		"of others":     "proxy_protocol = true\ntrusted_proxies = [\"192.0.2.1\"]",
	} {
		t.Run(name, func(t *testing.T) {
			text := plainSite("127.0.0.1:1")
			if strings.Contains(more, `http = ""`) {
				text = strings.Replace(text, `tls = "off"`, `tls = "self-signed"`, 1)
			}
			s := watched(t, more, text)
			for range 3 {
				if err := s.pulse.ask(within20(t)); err != nil {
					t.Fatal(err)
				}
			}
			for _, l := range s.inForce.Load().doors.clients() {
				if st := l.Stats(); st.Accepted < 3 || len(st.HandshakeFailures)+len(st.ProxyFailures) > 0 {
					t.Errorf("%v: %+v", l.Addr(), st)
				}
			}
		})
	}
}

// "it must not show up in logs, limits, metrics of the Sites".
func TestOurQuestionsAreInNoLogLimitOrMetric(t *testing.T) {
	s := watched(t, "", plainSite(app(t, answering(hello)))+`
[[site.limit]]
key = "client_ip"
rate = "1/h"
burst = 1
`)
	for range 5 {
		if err := s.pulse.ask(within20(t)); err != nil {
			t.Fatal(err)
		}
	}
	if answer := ask(t, s.HTTP(), get); !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
		t.Errorf("our questions have used a client's limit up: %q", answer)
	}
	var metrics string
	until(t, "the client's Exchange is counted", func() bool {
		_, _, metrics = fetch(t, http.DefaultClient, "http://"+s.Admin().String()+"/metrics")
		return strings.Contains(metrics, `sluice_exchanges_total{class="2xx",protocol="HTTP/1.1",site="shop.example.com"} 1`)
	})
	if strings.Contains(metrics, `site=""} `) && !strings.Contains(metrics, `site=""} 0`) {
		t.Errorf("our questions are counted:\n%s", metrics)
	}
	s.stop()
	if lines := s.logged(); len(lines) != 1 || lines[0]["path"] != "/" {
		t.Errorf("the access log has %v", lines)
	}
	for _, bad := range []string{"connection failed", "WARN", "ERROR"} {
		if s.diary.has(bad) {
			t.Errorf("told:\n%s", s.diary)
		}
	}
}

// Who does not know what we ask for gets what everybody gets.
func TestStrangersCannotAskAsWeDo(t *testing.T) {
	s := watched(t, "", plainSite(app(t, answering(hello))))
	if strings.Contains(s.pulse.target, s.pulse.answer) || len(s.pulse.target) < 40 {
		t.Errorf("%s can be guessed", s.pulse.target)
	}
	answer := ask(t, s.HTTP(), "GET /.well-known/acme-challenge/x HTTP/1.1\r\nHost: "+s.pulse.name+"\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(answer, "HTTP/1.1 421 ") {
		t.Errorf("%q", answer)
	}
}

// A Listener that accepts and says nothing, and one that is gone, do not answer.
func TestAListenerThatDoesNotServeDoesNotAnswer(t *testing.T) {
	s := unwatched(t, "https = \"\"", plainSite("127.0.0.1:1"))
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.pulse.ask(ctx); err == nil || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("nobody accepts: %v", err)
	}
	s.inForce.Load().doors.plain.Close()
	if err := s.pulse.ask(within20(t)); err == nil {
		t.Error("one is closed, and still it answers")
	}
}

// One that takes the connection but whose answer is not ours does not either:
// somebody else has the port.
func TestAnAnswerOfSomebodyElsesIsNone(t *testing.T) {
	s := watched(t, "", plainSite("127.0.0.1:1"))
	for _, answer := range []string{hello, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 26\r\n\r\n" + s.pulse.answer, "", "SSH-2.0-x\r\n"} {
		if err := s.pulse.check(strings.NewReader(answer)); err == nil {
			t.Errorf("%q is taken for ours", answer)
		}
	}
}

// Being full is being alive: "the overloaded are not killed".
func TestAListenerThatRefusesForItsCapAnswers(t *testing.T) {
	s := watched(t, "max_connections = 2\nmax_connections_per_address = 1\nhttps = \"\"", plainSite("127.0.0.1:1"))
	c := dial(t, s.HTTP())
	until(t, "the only place of this address is taken", func() bool { return s.caps.Total() == 1 })
	if err := s.pulse.ask(within20(t)); err != nil {
		t.Errorf("%v: want nil, for it refuses us because it is full", err)
	}
	c.Close()
}

// A handshake after the first one resumes, and so has its turn in a flood.
func TestOurHandshakesResume(t *testing.T) {
	s := watched(t, "http = \"\"", strings.Replace(plainSite("127.0.0.1:1"), `tls = "off"`, `tls = "self-signed"`, 1))
	if err := s.pulse.ask(within20(t)); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", s.HTTPS().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	client := tls.Client(c, s.pulse.tls)
	client.SetDeadline(time.Now().Add(patience))
	if err := client.Handshake(); err != nil || !client.ConnectionState().DidResume {
		t.Errorf("resumed: %v, %v", client.ConnectionState().DidResume, err)
	}
	io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	io.Copy(io.Discard, client)
}

// While we drain nobody accepts, and nobody needs to be killed for that.
func TestTheDrainIsNotTakenForDeath(t *testing.T) {
	m, n := started(t, "40000")
	hold := make(chan struct{})
	asked := make(chan struct{})
	s := listeningBy(t, m, `drain_timeout = "20s"`, plainSite(app(t, func(c net.Conn) {
		if readHead(c) != "" {
			close(asked)
			<-hold
			io.WriteString(c, hello)
		}
	})))
	s.run()
	c := dial(t, s.HTTP())
	io.WriteString(c, get)
	within(t, "the upstream is asked", asked)
	s.cancel()
	for n.after() != "STOPPING=1\nSTATUS=letting requests finish\nEXTEND_TIMEOUT_USEC=35000000" {
	}
	for range 4 { // more than one question's worth
		if got := n.next(); got != "WATCHDOG=1" {
			t.Errorf("%q", got)
		}
	}
	close(hold)
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// While another process has our sockets, or may have them in a moment, the
// answers are not ours to give, and that is no reason to be killed.
func TestHandingOverIsNotTakenForDeath(t *testing.T) {
	s := watched(t, "", plainSite("127.0.0.1:1"))
	until(t, "it serves", func() bool { return s.pulse.ask(within20(t)) == nil })
	s.reloading.Lock()
	defer s.reloading.Unlock()
	left := s.leaveDoors()
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.pulse.ask(short); err != nil {
		t.Error(err)
	}
	s.enterAgain(left)
	if err := s.pulse.ask(within20(t)); err != nil {
		t.Errorf("after the other one has failed: %v", err)
	}
}
