package proxy

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// "bodies are replayed only if kept in full (up to 64 KiB)"
func TestTheKeeperKeepsUpTo64KiB(t *testing.T) {
	for _, tt := range []struct {
		name  string
		sizes []int
		whole bool
	}{
		{"nothing", nil, true},
		{"a piece", []int{10}, true},
		{"just all", []int{64 << 10}, true},
		{"just all in pieces", []int{60 << 10, 4<<10 - 1, 1}, true},
		{"a byte too much", []int{64<<10 + 1}, false},
		{"a byte too much in pieces", []int{60 << 10, 4 << 10, 1}, false},
		{"something small after what was lost", []int{60 << 10, 5 << 10, 1}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var k keeper
			defer k.release()
			var all []byte
			for i, n := range tt.sizes {
				piece := bytes.Repeat([]byte{byte('a' + i)}, n)
				k.add(piece)
				all = append(all, piece...)
				clear(piece) // it was borrowed
			}
			if k.whole() != tt.whole {
				t.Errorf("whole: %v, want %v", k.whole(), tt.whole)
			}
			if tt.whole && !bytes.Equal(k.bytes(), all) {
				t.Error("other bytes are kept than were added")
			}
		})
	}
}

func TestOnlyTheCleanEndIsOne(t *testing.T) {
	var k keeper
	cut := errors.New("cut short")
	if k.end(cut) != cut || k.ended {
		t.Error("an error is taken for the end")
	}
	if k.end(io.EOF) != nil || !k.ended {
		t.Error("io.EOF is not taken for the end")
	}
}

func TestAReleasedKeeperIsEmpty(t *testing.T) {
	var k keeper
	k.add([]byte("secret"))
	k.end(io.EOF)
	k.release()
	if k != (keeper{}) {
		t.Errorf("%+v is left", k)
	}
	k.release() // of nothing
}
