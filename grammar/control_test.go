package grammar

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestControlAtIsItsSimpleSelf(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			b := bytes.Repeat([]byte{'a'}, 20)
			b[at] = byte(c)
			if got, want := ControlAt(b, 0), controlAtByByte(b, 0); got != want {
				t.Fatalf("byte %#x at %d: got %d, want %d", c, at, got, want)
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		b := make([]byte, random.IntN(40))
		for i := range b {
			b[i] = "\x00\t\x1f ~\x7f\x80\x9f\xffa\r\n"[random.IntN(12)]
		}
		i := random.IntN(len(b) + 1)
		if got, want := ControlAt(b, i), controlAtByByte(b, i); got != want {
			t.Fatalf("%q from %d: got %d, want %d", b, i, got, want)
		}
	}
}

func BenchmarkControlAt(b *testing.B) {
	value := bytes.Repeat([]byte("a field value, "), 8)
	for _, c := range []struct {
		name string
		find func([]byte, int) int
	}{{"words", ControlAt}, {"bytes", controlAtByByte}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.find(value, 0)
			}
		})
	}
}

// controlAtByByte is ControlAt as one would write it.
func controlAtByByte(b []byte, i int) int {
	for i < len(b) && (b[i] >= 0x20 && b[i] != 0x7f || b[i] == '\t') {
		i++
	}
	return i
}
