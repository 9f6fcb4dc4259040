package names

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/leaktest"
)

// TestMain fails the package when a test leaves a goroutine behind.
func TestMain(m *testing.M) { leaktest.Main(m) }

// What resolvers say when they do not say addresses.
var (
	servfail = &net.DNSError{Err: "server misbehaving", Name: "app.internal", IsTemporary: true}
	nxdomain = &net.DNSError{Err: "no such host", Name: "app.internal", IsNotFound: true}
	timedOut = &net.DNSError{Err: "i/o timeout", Name: "app.internal", IsTimeout: true, IsTemporary: true}
)

// oracle is a resolver whose answers can be changed.
type oracle struct {
	mu      sync.Mutex
	answers map[Question]Answer
	errs    map[Question]error // instead
	err     error              // for all questions without an answer; nil: nxdomain
	hang    bool               // every question waits until its context ends
	asked   []asking
}

type asking struct {
	q  Question
	at time.Time
}

func (o *oracle) Ask(ctx context.Context, q Question) (Answer, error) {
	o.mu.Lock()
	o.asked = append(o.asked, asking{q, time.Now()})
	a, known := o.answers[q]
	err, hang := o.errs[q], o.hang
	if err == nil && !known {
		if err = o.err; err == nil {
			err = nxdomain
		}
	}
	o.mu.Unlock()
	if hang {
		<-ctx.Done()
		return Answer{}, ctx.Err()
	}
	if err != nil {
		return Answer{}, err
	}
	return a, nil
}

// host sets the addresses of a host, with a TTL of 10 s.
func (o *oracle) host(name string, addrs ...string) {
	o.hostTTL(name, 10*time.Second, addrs...)
}

func (o *oracle) hostTTL(name string, ttl time.Duration, addrs ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.answers == nil {
		o.answers, o.errs = map[Question]Answer{}, map[Question]error{}
	}
	for _, q := range hostQuestions(name) {
		delete(o.answers, q)
		delete(o.errs, q)
	}
	for _, text := range addrs {
		q := Question{name, TypeAAAA}
		addr := netip.MustParseAddr(text)
		if addr.Is4() {
			q.Type = TypeA
		}
		o.answers[q] = Answer{Addrs: append(o.answers[q].Addrs, addr), TTL: ttl}
	}
}

func (o *oracle) srv(name string, services ...Service) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.answers == nil {
		o.answers, o.errs = map[Question]Answer{}, map[Question]error{}
	}
	delete(o.errs, Question{name, TypeSRV})
	o.answers[Question{name, TypeSRV}] = Answer{Services: services, TTL: 10 * time.Second}
}

// fail has every question about name fail; nil ends it.
func (o *oracle) fail(name string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.errs == nil {
		o.answers, o.errs = map[Question]Answer{}, map[Question]error{}
	}
	for _, t := range []Type{TypeA, TypeAAAA, TypeSRV} {
		o.errs[Question{name, t}] = err
	}
}

// hangs has every question time out from now on, or no more.
func (o *oracle) hangs(yes bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hang = yes
}

// times returns when q was asked.
func (o *oracle) times(q Question) (all []time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.asked {
		if a.q == q {
			all = append(all, a.at)
		}
	}
	return all
}

func (o *oracle) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.asked)
}

// diary keeps Events.
type diary struct {
	mu     sync.Mutex
	events []Event
}

func (d *diary) note(e Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
}

// words returns the news so far, and forgets them.
func (d *diary) words() string {
	var all []string
	for _, e := range d.take() {
		all = append(all, e.News.String())
	}
	return strings.Join(all, " ")
}

func (d *diary) take() []Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	events := d.events
	d.events = nil
	return events
}

// running runs a Directory until the returned function is called.
func running(t testing.TB, d *Directory) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- d.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

func nothing() {}

// app is the Query that most tests follow.
var app = Query{Host: "app.internal", Port: 80}

// text shows addresses: "192.0.2.1:80 192.0.2.2:80*3@web.internal".
func text(all []Address) string {
	var words []string
	for _, a := range all {
		w := a.AddrPort.String()
		if a.Weight != 1 {
			w += fmt.Sprintf("*%d", a.Weight)
		}
		if a.Host != "" {
			w += "@" + a.Host
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

// current is where s leads, or why nowhere.
func current(s Source) string {
	all, err := s.Current()
	if err != nil {
		return "error: " + err.Error()
	}
	return text(all)
}

func want(t testing.TB, s Source, addresses string) {
	t.Helper()
	if got := current(s); got != addresses {
		t.Fatalf("%s leads to %s, want %s", s, got, addresses)
	}
}

func wantWords(t testing.TB, d *diary, words string) {
	t.Helper()
	if got := d.words(); got != words {
		t.Fatalf("news are %q, want %q", got, words)
	}
}

func isSorted(all []Address) bool {
	return slices.IsSortedFunc(all, func(a, b Address) int { return a.AddrPort.Compare(b.AddrPort) })
}
