package e2e

import (
	"maps"
	"slices"
	"testing"
)

// three starts three origins and returns their addresses, too.
func three(t *testing.T) (origins [3]*origin, addresses []string) {
	t.Helper()
	for i := range origins {
		origins[i] = serve(t, nil)
		addresses = append(addresses, origins[i].address)
	}
	return origins, addresses
}

// "Per request balancing whatever connection it came on" (design.md section
// 8); "Keep-alive clients appeared pinned to one server" (section 1).
func TestRoundRobinOnOneConnection(t *testing.T) {
	t.Parallel()
	_, addresses := three(t)
	s := start(t, setup{upstreams: addresses})
	c := s.dial(t)
	counts := map[string]int{}
	var last []string
	for range 60 {
		c.get("/")
		from := c.answer().Header.Get("X-Upstream")
		counts[from]++
		if slices.Contains(last, from) {
			t.Errorf("%s answered again after %v", from, last)
		}
		if last = append(last, from); len(last) > 2 {
			last = last[1:]
		}
	}
	if want := map[string]int{addresses[0]: 20, addresses[1]: 20, addresses[2]: 20}; !maps.Equal(counts, want) {
		t.Errorf("requests by upstream: %v, want 20 each", counts)
	}
}

// `"host:port" [...] with " weight=2" after it for a double share`
// (config.example.toml).
func TestWeights(t *testing.T) {
	t.Parallel()
	_, addresses := three(t)
	s := start(t, setup{upstreams: []string{addresses[0] + " weight=3", addresses[1] + " weight=2", addresses[2]}})
	c := s.dial(t)
	counts := map[string]int{}
	for range 60 {
		c.get("/")
		counts[c.answer().Header.Get("X-Upstream")]++
	}
	if want := map[string]int{addresses[0]: 30, addresses[1]: 20, addresses[2]: 10}; !maps.Equal(counts, want) {
		t.Errorf("requests by upstream: %v, want %v", counts, want)
	}
}
