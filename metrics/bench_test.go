package metrics

import (
	"testing"
	"time"
)

var (
	success = Observation{Site: "shop.example.com", Protocol: "HTTP/2", Status: 200, Total: 3 * time.Millisecond,
		BytesIn: 500, BytesOut: 20000, Attempts: 1}
	failure = Observation{Site: "shop.example.com", Protocol: "HTTP/1.1", Status: 502, Total: 300 * time.Millisecond,
		BytesIn: 500, BytesOut: 2000, Attempts: 2, Cause: "connection_refused", Degraded: "page"}
)

// "Nothing allocated per request in the steady state."
func TestAnExchangeAllocatesNothing(t *testing.T) {
	m := New("test")
	m.Sites([]string{"shop.example.com"})
	for name, o := range map[string]Observation{"success": success, "failure": failure} {
		m.Exchange(&o)
		if n := testing.AllocsPerRun(1000, func() { m.Exchange(&o) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkExchange(b *testing.B) {
	for name, o := range map[string]Observation{"success": success, "failure": failure} {
		b.Run(name, func(b *testing.B) { exchanges(b, New("test"), o) })
	}
}

// What lanes are for.
func BenchmarkExchangeOnOneLane(b *testing.B) { exchanges(b, newMetrics("test", 1), success) }

// exchanges counts o on all cores at a time.
func exchanges(b *testing.B, m *Metrics, o Observation) {
	m.Sites([]string{"shop.example.com", "api.example.com"})
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		o := o
		for p.Next() {
			m.Exchange(&o)
		}
	})
}
