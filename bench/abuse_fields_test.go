package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestFieldsAreThoseOfRFC7541 compares with the examples of its appendix C.
func TestFieldsAreThoseOfRFC7541(t *testing.T) {
	for name, tt := range map[string]struct {
		got  []byte
		want string
	}{
		"C.1.1 10 in 5 bits":     {appendInteger(nil, 0, 5, 10), "0a"},
		"C.1.2 1337 in 5 bits":   {appendInteger(nil, 0, 5, 1337), "1f9a0a"},
		"C.1.3 42 in 8 bits":     {appendInteger(nil, 0, 8, 42), "2a"},
		"the prefix is full":     {appendInteger(nil, 0x80, 7, 127), "ff00"},
		"C.2.1 inserted":         {appendInserted(nil, "custom-key", "custom-header"), "400a 637573746f6d2d6b6579 0d 637573746f6d2d686561646572"},
		"C.2.2 name indexed":     {appendNamed(nil, indexPath, "/sample/path"), "040c 2f73616d706c652f70617468"},
		"without indexing":       {appendLiteral(nil, "password", "secret"), "0008 70617373776f7264 06 736563726574"},
		"C.2.4 indexed":          {appendIndexed(nil, indexGET), "82"},
		"C.3.1 :scheme and POST": {appendIndexed(appendIndexed(nil, indexPOST), indexHTTPS), "8387"},
		"first dynamic entry":    {appendIndexed(nil, firstDynamic), "be"},
		"request":                {requestSection(indexGET, "/a"), "82 87 04022f61 010a 62656e63682e74657374"},
	} {
		if want := octets(t, tt.want); !bytes.Equal(tt.got, want) {
			t.Errorf("%s: got %x, want %x", name, tt.got, want)
		}
	}
}

func TestFillingFieldFillsAFrame(t *testing.T) {
	if got := len(fillingField()); got != mostPayload {
		t.Errorf("got %d bytes, want %d", got, mostPayload)
	}
}

func TestLongFieldTakesTheWholeTable(t *testing.T) {
	f := &frames{}
	insertLongField(f)
	value := strings.Repeat("x", 4096-32-len("x-bomb"))
	want := appendInserted(requestSection(indexGET, smallPath), "x-bomb", value)
	if !bytes.Equal(f.bytes[frameHeaderSize:], want) {
		t.Errorf("got a section of %d bytes, want the %d that fill the table", len(f.bytes)-frameHeaderSize, len(want))
	}
	f.reset()
	reference(4000)(f)
	if got := bytes.Count(f.bytes[frameHeaderSize:], []byte{0xbe}); got != 4000 {
		t.Errorf("the long field is referenced %d times, want 4000", got)
	}
	if len(f.bytes)-frameHeaderSize > mostPayload {
		t.Errorf("a section of %d bytes does not fit into a frame", len(f.bytes)-frameHeaderSize)
	}
}
