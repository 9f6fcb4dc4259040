package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sluice/server"
)

// The table is the page's, too.
func TestPathsAreReadable(t *testing.T) {
	text, err := os.ReadFile("testdata/readable.json")
	if err != nil {
		t.Fatal(err)
	}
	var table []struct{ What, Text, Want string }
	if err := json.Unmarshal(text, &table); err != nil || len(table) < 50 {
		t.Fatalf("%d cases, %v", len(table), err)
	}
	for _, tt := range table {
		if got := readable(tt.Text); got != tt.Want {
			t.Errorf("%s: readable(%q) = %q, want %q", tt.What, tt.Text, got, tt.Want)
		}
	}
}

// Every single character: what is decoded can be seen in a terminal as it is.
func TestOnlyWhatCanBeSeenIsDecoded(t *testing.T) {
	decoded := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		run := encodedFully(string(r))
		got := readable("a" + run)
		if got == "a"+run {
			continue
		}
		decoded++
		if got != "a"+string(r) || r <= unicode.MaxASCII || !unicode.IsGraphic(r) || unicode.IsSpace(r) ||
			unicode.In(r, unicode.C, unicode.Z, unicode.M) || clean(got) != got || columns(got) < 2 {
			t.Fatalf("%U: readable(%q) = %q", r, run, got)
		}
	}
	if decoded < 100_000 {
		t.Errorf("%d characters are decoded; there are more in use", decoded)
	}
}

// encodedFully percent-encodes each byte of text.
func encodedFully(text string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		b.Write([]byte{'%', digits[text[i]>>4], digits[text[i]&15]})
	}
	return b.String()
}

// beyondASCII percent-encodes each byte of text beyond ASCII, and writes those that
// are encoded already in the same letters.
func beyondASCII(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] > unicode.MaxASCII:
			b.WriteString(encodedFully(text[i : i+1]))
		case encodedLength(text[i:]) > 0:
			b.WriteString(strings.ToUpper(text[i : i+3]))
			i += 2
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

// Whatever the text is: what is shown says the same, and has no character of
// ASCII, no control and no format character that was not there.
func FuzzReadable(f *testing.F) {
	for _, seed := range []string{"/%E5%95%86%E5%93%81", "/%e5%95%86%20%E5%93%81%2F", "/%25E5%2595%2586", "%E2%80%AE%C2%9B", "%", "%E", "%E5%95",
		"\xe5%95%86", "%E5%95%86\xff", "/商%CC%81%CC%81", "%C0%AF%ED%A0%80", "%E3%80%80%F3%A0%81%81"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := readable(text)
		if beyondASCII(got) != beyondASCII(text) {
			t.Fatalf("readable(%q) = %q, which says something else", text, got)
		}
		if readable(got) != got {
			t.Fatalf("readable(%q) = %q, and of that %q", text, got, readable(got))
		}
		unseen := func(text string) (n int) {
			for _, r := range text {
				if r != utf8.RuneError && !unicode.IsPrint(r) || unicode.In(r, unicode.Cf, unicode.Cc, unicode.Z) && r != ' ' {
					n++
				}
			}
			return n
		}
		ascii := func(text string) (n int) {
			for _, r := range text {
				if r <= unicode.MaxASCII && r != '%' && !unicode.Is(unicode.ASCII_Hex_Digit, r) {
					n++
				}
			}
			return n
		}
		if unseen(got) > unseen(text) || ascii(got) != ascii(text) || strings.Count(got, "%") > strings.Count(text, "%") {
			t.Fatalf("readable(%q) = %q has what was not there", text, got)
		}
	})
}

// What a person looks at is decoded; what a program or a shell gets is not.
func TestChinesePathsAreShownAsChinese(t *testing.T) {
	const encoded, chinese = "/%E5%95%86%E5%93%81/a%2Fb", "/商品/a%2Fb"
	s, f := illStatus(), failure()
	f.Path, f.Sentences = encoded, []string{"203.0.113.7 asked for GET shop.example.com" + encoded + "."}
	f.Remedy = "sluice purge https://shop.example.com" + encoded
	s.Failures = []server.FailureStatus{*f}
	s.Problems[0].Text, s.Problems[0].Remedy = "The Pool shop.example.com"+encoded+" is empty.", "sluice upstream undrain shop.example.com"+encoded
	s.Events[0].Text = "The Pool shop.example.com" + encoded + " fails open."
	p := pretend{status: s, failures: s.Failures}
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"status"}, []string{"GET shop.example.com" + chinese, "The Pool shop.example.com" + chinese + " is", "The Pool shop.example.com" + chinese + " fails",
			"undrain shop.example.com" + encoded}},
		{[]string{"why"}, []string{"GET shop.example.com" + chinese}},
		{[]string{"why", f.ID}, []string{"504 GET shop.example.com" + chinese + "\n", "asked for GET shop.example.com" + chinese + ".", "purge https://shop.example.com" + encoded}},
		{[]string{"status", "--json"}, []string{`"path": "` + encoded}},
		{[]string{"why", "--json"}, []string{`"path": "` + encoded}},
		{[]string{"why", f.ID, "--json"}, []string{`"path": "` + encoded}},
	} {
		got, _ := p.run(t, tt.args...)
		words := strings.Join(strings.Fields(got), " ")
		for _, want := range tt.want {
			if !strings.Contains(words, strings.TrimSpace(want)) {
				t.Errorf("%q: no %q in\n%s", tt.args, want, got)
			}
		}
		if tt.args[len(tt.args)-1] == "--json" && strings.Contains(got, "商") {
			t.Errorf("%q decodes: %s", tt.args, got)
		}
	}
}
