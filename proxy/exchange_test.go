package proxy

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/accesslog"
	"sluice/degraded"
	"sluice/message"
	"sluice/upstream"
)

// line is what the access log was given, in words.
type line struct {
	id, host, method, path                   string
	status                                   int
	who, phase, cause, detail                string
	degraded, site, pool, upstream, client   string
	cache                                    string
	attempts                                 int
	bytesIn, bytesOut                        int64
	connect, firstByte, total, upstreamTotal time.Duration
	age                                      time.Duration
	tries                                    []accesslog.Try
}

// testProxy is a Proxy with one Site and what it has logged.
type testProxy struct {
	*Proxy
	t   testing.TB
	gen *Generation

	mu    sync.Mutex
	lines []line
}

// What is immutable, and takes its time to be rendered, is rendered once.
var (
	testAnswer   = sync.OnceValues(func() (*degraded.Answer, error) { return degraded.New(degraded.Options{}) })
	testRefusals = sync.OnceValue(degraded.NewRefusals)
)

// newProxy returns a Proxy whose Site shop.example.com forwards to pool.
func newProxy(t testing.TB, pool *upstream.Pool) *testProxy {
	t.Helper()
	answer, err := testAnswer()
	if err != nil {
		t.Fatal(err)
	}
	site := &Site{Name: "shop.example.com", Routes: []Route{{Prefix: "/", Pool: pool, Degraded: answer}}}
	sites := NewSites(nil)
	sites.Add("shop.example.com", site)
	p := &testProxy{t: t, gen: &Generation{Sites: sites, HTTPSPort: 443, StreamTimeout: patience,
		BodyTimeout: patience, Refusals: testRefusals()}}
	p.Proxy = New(p.note)
	p.Use(p.gen)
	return p
}

func (p *testProxy) note(e *accesslog.Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line{
		id: string(e.RequestID), host: string(e.Host), method: string(e.Method), path: string(e.Path),
		status: e.Status, who: e.Who, phase: e.Phase, cause: e.Cause, detail: e.Detail,
		degraded: e.Degraded, cache: e.Cache, site: e.Site, pool: e.Pool, upstream: e.UpstreamAddr, client: e.Client.String(),
		attempts: e.Attempts, bytesIn: e.BytesIn, bytesOut: e.BytesOut,
		connect: e.Connect, firstByte: e.FirstByte, total: e.Total, upstreamTotal: e.Upstream,
		age: e.Age, tries: slices.Clone(e.Tries),
	})
}

func (p *testProxy) logged() []line {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]line(nil), p.lines...)
}

// under is an Exchange under way.
type under struct {
	*wire
	p     *testProxy
	ended chan struct{}
}

// begin starts an Exchange.
func (p *testProxy) begin(r *message.Request, w *wire) *under {
	u := &under{wire: w, p: p, ended: make(chan struct{})}
	go func() {
		defer close(u.ended)
		p.Serve(r, w)
	}()
	return u
}

// end waits for the Exchange's end and returns its one line in the log.
func (u *under) end() line {
	u.t.Helper()
	within(u.t, "the end of the Exchange", u.ended)
	if u.watcher != nil {
		u.t.Error("the wire still watches for an Exchange that has ended")
	}
	if u.up != nil && u.up.misuse != "" {
		u.t.Error(u.up.misuse)
	}
	if u.told() == "nothing" {
		u.t.Error("the response was neither finished nor aborted")
	}
	lines := u.p.logged()
	if len(lines) == 0 {
		u.t.Fatal("nothing was logged")
	}
	return lines[len(lines)-1]
}

// serve is a whole Exchange.
func (p *testProxy) serve(r *message.Request, w *wire) line {
	p.t.Helper()
	before := len(p.logged())
	l := p.begin(r, w).end()
	if n := len(p.logged()) - before; n != 1 {
		p.t.Errorf("%d lines in the log, want 1", n)
	}
	return l
}

var testClient = &message.Client{
	Remote: netip.MustParseAddrPort("203.0.113.7:5000"), Addr: "203.0.113.7",
	Peer: netip.MustParseAddrPort("203.0.113.7:5000"), Protocol: "HTTP/1.1",
}

// clientAt is a client at an address.
func clientAt(address string) *message.Client {
	remote := netip.MustParseAddrPort(address)
	return &message.Client{Remote: remote, Addr: remote.Addr().Unmap().String(), Peer: testClient.Peer, Protocol: testClient.Protocol}
}

// request returns a request as a wire would; fields are "Name: value" lines.
func request(method, target string, fields ...string) *message.Request {
	return &message.Request{Method: []byte(method), Authority: []byte("shop.example.com"), Target: []byte(target),
		Fields: fieldLines(fields...), Client: testClient, Start: time.Now()}
}

// fieldLines reads "Name: value" lines. There is room behind them, as a wire
// has.
func fieldLines(lines ...string) message.Fields {
	f := make(message.Fields, 0, len(lines)+16)
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		f = append(f, message.Field{Name: []byte(name), Value: []byte(value), ID: message.NameOf([]byte(name))})
	}
	return f
}

// withBody gives r a body of known length and w the count of it.
func withBody(r *message.Request, w *wire, u *upload, length int64) *message.Request {
	r.Body, r.Length, w.up = u, length, u
	return r
}

// want compares the outcome in words: what the client was told, and who failed
// in which phase by what cause.
func (l line) want(t testing.TB, w *wire, told, failure string) {
	t.Helper()
	if got := w.told(); got != told {
		t.Errorf("the client was told %q, want %q", got, told)
	}
	if got := strings.TrimSpace(l.who + " " + l.phase + " " + l.cause); got != failure {
		t.Errorf("logged failure %q (%s), want %q", got, l.detail, failure)
	}
}
