package degraded

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// Weights by RFC 9110 section 12.5.3; what browsers and libraries send.
func TestWhoGetsTheCompressedForm(t *testing.T) {
	for _, tt := range []struct {
		accept string
		gzip   bool
	}{
		{"gzip, deflate, br, zstd", true}, // Chrome, Firefox
		{"gzip", true},
		{"gzip,compress,br,deflate", true}, // WeChat
		{"GZIP;Q=0.5", true},
		{"x-gzip", true},
		{"br, *;q=0.1", true},
		{"*", true},
		{"gzip;q=0.001", true},
		{"identity;q=0.5, gzip;q=1.0", true},
		{"gzip, identity", true},
		{"identity;q=0, gzip;q=0.5", true},
		{"*;q=0, gzip", true},

		{"", false},
		{"identity", false},
		{"br, zstd", false},
		{"gzip;q=0", false},
		{"gzip;q=0, *", false},
		{"*;q=0", false},
		{"gzip;q=0.5, identity", false},
		{"gzip;q=0.5, *;q=1, identity;q=0.6", false},
		{"gzip;q=nonsense", false},
		{"gzipped", false},
		{",;,", false},
	} {
		if got := prefersGzip([]byte(tt.accept)); got != tt.gzip {
			t.Errorf("%q: %v, want %v", tt.accept, got, tt.gzip)
		}
	}
}

// unzipped returns what a reader of RFC 1952 makes of a compressed form. It
// takes one member only, as browsers do, and wants nothing to be left.
func unzipped(t testing.TB, b *Body, id string) string {
	t.Helper()
	pieces, length := b.Pieces(new(Scratch), []byte(id))
	whole := bytes.NewReader(bytes.Join(pieces[:], nil))
	if whole.Size() != length {
		t.Fatalf("length %d of %d bytes", length, whole.Size())
	}
	r, err := gzip.NewReader(whole)
	if err != nil {
		t.Fatal(err)
	}
	r.Multistream(false)
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err) // the sum is wrong, too
	}
	if whole.Len() > 0 {
		t.Fatalf("%d bytes behind the first member", whole.Len())
	}
	return string(text)
}

const anyCoding = "gzip, deflate, br"

// Both forms of a body say the same, and the fields say which it is.
func TestTheCompressedFormSaysTheSame(t *testing.T) {
	long := strings.Repeat("<p>We are <b>moving</b> house.</p>\n", 100)
	bodies := map[string]*Body{
		"owner's, marked":     build(t, Options{HTML: []byte(long + Marker + long)}).Choose(Busy, []byte(browser), nil),
		"owner's, at its end": build(t, Options{HTML: []byte(long + Marker)}).Choose(Busy, []byte(browser), nil),
		"owner's, at first":   build(t, Options{HTML: []byte(Marker + long)}).Choose(Busy, []byte(browser), nil),
		"owner's, without":    build(t, Options{HTML: []byte(long)}).Choose(Busy, []byte(browser), nil),
		"refusal":             NewRefusals().Choose(421, HTML, nil, nil),
	}
	a := build(t, Options{Site: "shop.example.com"})
	for k := range kinds {
		bodies[k.word()] = a.Choose(k, []byte(browser), nil)
		bodies[k.word()+" zh"] = a.Choose(k, []byte(browser), []byte(zh))
	}
	for name, b := range bodies {
		z := b.For([]byte(anyCoding))
		if z == b {
			t.Errorf("%s: there is no compressed form", name)
			continue
		}
		for _, id := range []string{"", "0123456789abcdefghjk", strings.Repeat("x", maxID), "<script>", strings.Repeat("x", maxID+1)} {
			if got, want := unzipped(t, z, id), text(t, b, id); got != want {
				t.Errorf("%s, id %q: %q, want %q", name, id, got, want)
			}
		}
		// RFC 9110 section 8.4: "If one or more encodings have been applied to a
		// representation, the sender that applied the encodings MUST generate a
		// Content-Encoding header field". Section 12.5.5 on Vary.
		if !hasField(z, "Content-Encoding") || hasField(b, "Content-Encoding") || !hasField(z, "Vary") || !hasField(b, "Vary") {
			t.Errorf("%s: fields %v and %v", name, b.Fields, z.Fields)
		}
		if b.For([]byte("br")) != b || z.IsJSON() != b.IsJSON() {
			t.Errorf("%s: a client that reads no gzip gets it, or it has another type", name)
		}
	}
}

// What is short already, or would hardly be shorter, stays as it is.
func TestWhatCannotBeShorterIsNotCompressed(t *testing.T) {
	noise := make([]byte, 4<<10)
	rand.NewChaCha8([32]byte{1}).Read(noise)
	random, err := NewCommon().newBody(string(noise), 0, typeHTML, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*Body{
		"a short page": build(t, Options{HTML: []byte("<p>busy</p>")}).Choose(Busy, []byte(browser), nil),
		"the JSON":     build(t, Options{}).Choose(Busy, nil, nil),
		"noise":        random,
	} {
		if b.For([]byte(anyCoding)) != b || hasField(b, "Vary") {
			t.Errorf("%s is compressed", name)
		}
	}
}

// "What of them is this answer's own stands in s, until s is used again."
func TestTwoAnswersShareABody(t *testing.T) {
	z := build(t, Options{}).Choose(Busy, []byte(browser), nil).For([]byte(anyCoding))
	var one, other Scratch
	first, _ := z.Pieces(&one, []byte("first"))
	z.Pieces(&other, []byte("second"))
	r, err := gzip.NewReader(bytes.NewReader(bytes.Join(first[:], nil)))
	if err != nil {
		t.Fatal(err)
	}
	if page, err := io.ReadAll(r); err != nil || !bytes.Contains(page, []byte(">first<")) {
		t.Errorf("%v, %s", err, page)
	}
}

// What Sites have in common is in memory once.
func TestAnswersShareWhatTheyHaveInCommon(t *testing.T) {
	common := NewCommon()
	one := build(t, Options{Site: "one.example.com", Common: common}).Choose(Busy, []byte(browser), nil)
	two := build(t, Options{Site: "two.example.com", Common: common, RetryAfter: 60e9}).Choose(Down, []byte(browser), nil)
	if one.first != two.first || one.tail != two.tail || one.head == two.head {
		t.Error("two Sites share too little, or too much")
	}
	if own, whole := len(one.head.text), len(text(t, one, "")); own > whole/4 {
		t.Errorf("%d of %d bytes are one Site's own", own, whole)
	}
}

func FuzzCompressedForm(f *testing.F) {
	f.Add("<p>"+Marker+"</p>", "a-1", uint16(40))
	f.Add(Marker, "", uint16(2000))
	f.Add("x", strings.Repeat("i", 64), uint16(1024))
	f.Fuzz(func(t *testing.T, piece, id string, times uint16) {
		if len(piece) > 256 {
			return
		}
		page := strings.Repeat(strings.ReplaceAll(piece, Marker, "-"), int(times%4096)) + piece
		b, err := NewCommon().newBody(page, 0, typeHTML, "")
		if err != nil {
			if strings.Count(page, Marker) < 2 {
				t.Fatal(err)
			}
			return
		}
		if z := b.For([]byte(anyCoding)); z != b {
			if got, want := unzipped(t, z, id), text(t, b, id); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
	})
}
