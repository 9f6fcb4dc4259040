package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEveryAbuseIsAttackedWith(t *testing.T) {
	var names []string
	for _, a := range attacks() {
		if !a.control {
			names = append(names, a.name)
		}
	}
	want := []string{
		"rapid reset", "MadeYouReset, WINDOW_UPDATE of 0", "MadeYouReset, DATA after the end",
		"CONTINUATION with data", "CONTINUATION, empty", "HPACK bomb, 4,000 references", "HPACK bomb, 7 references",
		"SETTINGS", "PING", "PING, answers not read", "PRIORITY", "empty DATA", "WINDOW_UPDATE of 1",
		"windows of zero", "windows of one byte", "streams abandoned",
	}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	var entered []string
	for _, e := range attackedByAll([]proxy{sluiceProxy("sluice"), nginxProxy("nginx"), caddyProxy("caddy")}) {
		entered = append(entered, e.name)
	}
	for _, a := range attacks() {
		if found, err := findAttack(a.name); err != nil || found.name != a.name {
			t.Errorf("%s is not found by its name: %v", a.name, err)
		}
		for _, proxy := range abused() {
			if !slices.Contains(entered, attackedName(a, proxy)) {
				t.Errorf("%s is not attacked by %s", proxy, a.name)
			}
		}
	}
	if len(entered) != 2*len(attacks()) {
		t.Errorf("%d entrants, want two an attack: %q", len(entered), entered)
	}
}

// kinds are the types of frames in bytes.
func kinds(t *testing.T, b []byte) []byte {
	t.Helper()
	var list []byte
	for len(b) > 0 {
		length := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
		list = append(list, b[3])
		b = b[frameHeaderSize+length:]
	}
	return list
}

// TestAttacksConsistOfTheirFrames looks at the first frames of each.
func TestAttacksConsistOfTheirFrames(t *testing.T) {
	uploads := bytes.Repeat([]byte{frameHeaders}, attackStreams)
	for name, tt := range map[string]struct{ open, flood []byte }{
		"nothing (control)":                {},
		"connect, ask, leave (control)":    {open: []byte{frameHeaders}},
		"rapid reset":                      {flood: []byte{frameHeaders, frameRSTStream}},
		"MadeYouReset, WINDOW_UPDATE of 0": {flood: []byte{frameHeaders, frameWindowUpdate}},
		"MadeYouReset, DATA after the end": {flood: []byte{frameHeaders, frameData}},
		"CONTINUATION with data":           {open: []byte{frameHeaders}, flood: []byte{frameContinuation}},
		"CONTINUATION, empty":              {open: []byte{frameHeaders}, flood: []byte{frameContinuation}},
		"HPACK bomb, 4,000 references":     {open: []byte{frameHeaders}, flood: []byte{frameHeaders}},
		"HPACK bomb, 7 references":         {open: []byte{frameHeaders}, flood: []byte{frameHeaders}},
		"SETTINGS":                         {flood: []byte{frameSettings}},
		"PING":                             {flood: []byte{framePing}},
		"PING, answers not read":           {flood: []byte{framePing}},
		"PRIORITY":                         {flood: bytes.Repeat([]byte{framePriority}, attackStreams)},
		"empty DATA":                       {open: []byte{frameHeaders}, flood: []byte{frameData}},
		"WINDOW_UPDATE of 1":               {flood: []byte{frameWindowUpdate}},
		"windows of zero":                  {open: uploads},
		"windows of one byte":              {open: uploads, flood: bytes.Repeat([]byte{frameWindowUpdate}, attackStreams)},
		"streams abandoned":                {open: uploads},
	} {
		a, err := findAttack(name)
		if err != nil {
			t.Error(err)
			continue
		}
		f := &frames{}
		for what, part := range map[string]struct {
			make func(*frames)
			want []byte
		}{"open": {a.open, tt.open}, "flood": {a.flood, tt.flood}} {
			if f.reset(); part.make != nil {
				part.make(f)
			}
			if got := kinds(t, f.bytes); !bytes.Equal(got, part.want) {
				t.Errorf("%s: %s has frames %x, want %x", name, what, got, part.want)
			}
		}
	}
}

// listenHTTP2 serves the small body over HTTP/2 on 127.0.0.1.
func listenHTTP2(t *testing.T) probe {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, smallJSON())
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it has much to say under attack
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	p := newProbe(s.Listener.Addr().(*net.TCPAddr).Port)
	p.pool, p.name = pool, "example.com" // the name in httptest's certificate
	return p
}

func TestClientCountsAnswersAndErrors(t *testing.T) {
	c := newClient(listenHTTP2(t))
	defer c.close()
	got := c.run(context.Background(), 20*time.Millisecond)
	if got.errors != 0 || c.err != nil || got.p50 <= 0 || got.max < got.p99 || got.p99 < got.p50 {
		t.Errorf("got %+v, %v; want ten good answers", got, c.err)
	}

	c = newClient(listen(t)) // which speaks HTTP/1.1 only
	defer c.close()
	got = c.run(context.Background(), 20*time.Millisecond)
	if got.errors != 10 || got.p50 != clientLimit || c.err == nil {
		t.Errorf("got %+v, %v; want ten errors that count as the limit", got, c.err)
	}
}

// attackFor attacks for a while, or until the server has sent a GOAWAY and the
// attacker has come back.
func attackFor(p probe, name string, limit time.Duration) (tally, error) {
	a, err := findAttack(name)
	if err != nil {
		return tally{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	k := newAttacker(a, p, 10*time.Second)
	return k.run(ctx), nil
}

// attackUntil attacks longer and longer, for the machine may be busy, until what
// came of it is as wanted.
func attackUntil(t *testing.T, p probe, name, want string, as func(tally) bool) {
	t.Helper()
	for limit := 100 * time.Millisecond; ; limit *= 4 {
		got, err := attackFor(p, name, limit)
		if err == nil && as(got) {
			return
		}
		if err != nil || limit > 20*time.Second {
			t.Errorf("%s: got %+v, %v; want %s", name, got, err, want)
			return
		}
	}
}

func TestAttackerAttacks(t *testing.T) {
	p := listenHTTP2(t)
	for _, a := range attacks() {
		if a.open == nil && a.flood == nil {
			continue
		}
		attackUntil(t, p, a.name, "connections and frames", func(got tally) bool { return got.Connections > 0 && got.Frames > 0 })
	}
}

func TestAttackerComesBackAndKnowsWhy(t *testing.T) {
	attackUntil(t, listenHTTP2(t), "CONTINUATION with data", "to be thrown out and to come back", func(got tally) bool {
		return got.Connections >= 2 && got.Received.GoAways > 0
	})
}

func TestAttackerSaysWhyItDoesNotAttack(t *testing.T) {
	attackUntil(t, listen(t), "PING", "to fail at a server without HTTP/2", func(got tally) bool {
		return got.Frames == 0 && got.Failure != ""
	})
}

func TestFrameReaderCounts(t *testing.T) {
	f := &frames{}
	f.add(frameSettings, 0, 0, nil)
	f.add(frameHeaders, flagEndHeaders, 1, []byte{0x88})
	f.add(frameData, flagEndStream, 1, []byte("body"))
	f.addNumber(frameRSTStream, 3, 0x7)
	f.add(frameGoAway, 0, 0, append([]byte{0, 0, 0, 3, 0, 0, 0, 0xb}, "why"...))
	f.add(framePing, 0, 0, make([]byte, 8)) // after the end
	server, conn := net.Pipe()
	defer conn.Close()
	go func() { // ends when the frames are read or the pipe is closed
		_, _ = server.Write(f.bytes)
		server.Close()
	}()
	r := newFrameReader(conn)
	if err := r.awaitSettings(); err != nil {
		t.Fatal(err)
	}
	r.run(0)
	want := received{GoAways: 1, GoAway: 0xb, Resets: resets{0x7: 1}, Heads: 1, Data: 4}
	if r.received != want {
		t.Errorf("got %+v, want %+v", r.received, want)
	}
	r.received.add(received{Resets: resets{0x7: 1, 0x8: 1}})
	if r.Resets.sum() != 3 || r.Resets.most() != 0x7 || r.GoAway != 0xb {
		t.Errorf("sum is %+v", r.received)
	}
}

func TestFrameReaderRefusesWhatIsNoHTTP2(t *testing.T) {
	for name, sent := range map[string]string{
		"HTTP/1.1":        "HTTP/1.1 400 Bad Request\r\n\r\n",
		"nothing":         "",
		"a short GOAWAY":  "\x00\x00\x04\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"acknowledgement": "\x00\x00\x00\x04\x01\x00\x00\x00\x00",
	} {
		server, conn := net.Pipe()
		go func() { // ends when read or closed
			_, _ = io.WriteString(server, sent)
			server.Close()
		}()
		if err := newFrameReader(conn).awaitSettings(); err == nil {
			t.Errorf("%s: want an error", name)
		}
		conn.Close()
	}
}

func TestUnknownAttack(t *testing.T) {
	if err := runAttack(context.Background(), []string{"-name", "kindness"}); err == nil || !strings.Contains(err.Error(), "kindness") {
		t.Errorf("got %v, want an error that names it", err)
	}
}
