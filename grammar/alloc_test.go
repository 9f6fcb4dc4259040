package grammar

import (
	"testing"
	"time"
)

// Looking at bytes costs no memory.
func TestNothingAllocates(t *testing.T) {
	var dates DateCache
	now := time.Unix(784111777, 0)
	dates.At(now)
	b := []byte("shop.example.com:443, 100-continue")
	literal := []byte("[2001:db8::192.0.2.1]:443")
	for _, tt := range []struct {
		name string
		run  func()
	}{
		{"token", func() { IsToken(b) }},
		{"list", func() { HasItem(b, "trailers"); Expectations(b); NextItem(b) }},
		{"names", func() { EqualNames(b, "x-forwarded-for"); EqualNames(b, literal); MayTrail(b) }},
		{"authority", func() { CheckAuthority(b); CheckAuthority(literal) }},
		{"target", func() { TargetEnd(b, 0); ControlAt(b, 0); ParseLength(b) }},
		{"date", func() { dates.At(now) }},
	} {
		if allocs := testing.AllocsPerRun(100, tt.run); allocs != 0 {
			t.Errorf("%s: %v allocations", tt.name, allocs)
		}
	}
}
