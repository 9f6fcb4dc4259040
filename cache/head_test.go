package cache

import (
	"bytes"
	"testing"

	"sluice/message"
)

func TestHeadComesBackAsItWas(t *testing.T) {
	long := bytes.Repeat([]byte("v"), 5000)
	fields := message.Fields{
		{Name: []byte("Content-Type"), Value: []byte("text/html"), ID: message.ContentType},
		{Name: []byte("X-Empty"), Value: nil},
		{Name: []byte("X-Long"), Value: long},
	}
	for _, vary := range [][]byte{nil, []byte("what it varies on"), long} {
		head := appendHead(nil, vary, fields)
		if got, _ := varyOf(head); !bytes.Equal(got, vary) {
			t.Errorf("vary: got %q", got)
		}
		got := appendFields(nil, head)
		if len(got) != len(fields) {
			t.Fatalf("got %d fields, want %d", len(got), len(fields))
		}
		for i := range got {
			if !bytes.Equal(got[i].Name, fields[i].Name) || !bytes.Equal(got[i].Value, fields[i].Value) || got[i].ID != fields[i].ID {
				t.Errorf("field %d: got %q", i, got[i])
			}
		}
	}
}

// Whatever stands there: what is read is within the head.
func FuzzHead(f *testing.F) {
	f.Add(appendHead(nil, []byte("v"), message.Fields{{Name: []byte("A"), Value: []byte("b")}}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, head []byte) {
		n := 0
		for _, field := range appendFields(nil, head) {
			n += len(field.Name) + len(field.Value) + 1
		}
		if vary, _ := varyOf(head); n+len(vary) > len(head) {
			t.Fatalf("%d bytes out of %d", n+len(vary), len(head))
		}
	})
}
