package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sluice/config"
	"sluice/names"
)

// stubResolver answers with an address, or in one of the bad ways.
type stubResolver struct {
	addr  netip.Addr
	mood  atomic.Int32
	asked [5]atomic.Int32 // by mood
}

var moods = [...]string{"well", "times out", "SERVFAIL", "NXDOMAIN", "lies"}

func (r *stubResolver) ask(ctx context.Context, q names.Question) (names.Answer, error) {
	mood := r.mood.Load()
	r.asked[mood].Add(1)
	good := names.Answer{Addrs: []netip.Addr{r.addr}, TTL: 0, Queries: 1}
	switch moods[mood] {
	case "times out":
		return names.Answer{}, &net.DNSError{Err: "i/o timeout", Name: q.Name, IsTimeout: true}
	case "SERVFAIL":
		return names.Answer{}, &net.DNSError{Err: "server misbehaving", Name: q.Name, IsTemporary: true}
	case "NXDOMAIN":
		return names.Answer{}, &net.DNSError{Err: "no such host", Name: q.Name, IsNotFound: true}
	case "lies":
		good.Addrs = []netip.Addr{netip.IPv4Unspecified()}
	}
	if q.Type == names.TypeAAAA {
		return names.Answer{}, &net.DNSError{Err: "no such host", Name: q.Name, IsNotFound: true}
	}
	return good, nil
}

// "A stub DNS server that times out, lies, flaps, returns SERVFAIL or NXDOMAIN
// [...]: 0 failed requests". How long that may go on is tested with a clock of
// its own, in names.
func TestABadResolverFailsNoRequest(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	defer origin.Close()
	addr := netip.MustParseAddrPort(origin.Listener.Addr().String())
	_, port, _ := strings.Cut(addr.String(), ":")
	cfg, err := config.Parse("test.toml", []byte("[server]\nhttp = \"127.0.0.1:0\"\nhttps = \"\"\nadmin = \"\"\nstate_dir = \"\"\n[log]\naccess = \"off\"\n"+plainSite("app.internal:"+port)))
	if err != nil {
		t.Fatal(err)
	}
	resolver := &stubResolver{addr: addr.Addr()}
	s, err := newServer(cfg, slog.New(slog.DiscardHandler), names.Options{Ask: resolver.ask, Floor: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	if err := s.Listen(ctx); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	client := http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for mood := range moods {
		resolver.mood.Store(int32(mood))
		for resolver.asked[mood].Load() < 2 {
			r, err := http.NewRequestWithContext(ctx, "GET", "http://"+s.HTTP().String()+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = "shop.example.com"
			resp, err := client.Do(r)
			if err != nil {
				t.Fatalf("with a resolver that %s: %v", moods[mood], err)
			}
			resp.Body.Close()
			if resp.StatusCode != 200 {
				t.Fatalf("with a resolver that %s: status %d", moods[mood], resp.StatusCode)
			}
			s.inForce.Load().members["main"].wanted()
		}
	}
}
