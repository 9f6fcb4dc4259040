package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Nothing that strangers have written moves the cursor of a terminal.
func TestTextIsCleanedForATerminal(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"GET /a?b", "GET /a?b"},
		{"", ""},
		{"商店.example.com", "商店.example.com"},
		{"\x1b[2J\x1b]0;owned\x07", "?[2J?]0;owned?"},
		{"a\u009b31mb", "a?31mb"}, // CSI in one character
		{"a\xc2b\x9bc", "a?b?c"},  // bytes that are no UTF-8
		{"a\r\nb\tc\vd", "a  b c d"},
		{"a\u2028b\u3000c\u00a0d", "a b c d"},
		{"moc\u202egnp.exe", "moc?gnp.exe"}, // turns the direction of writing
		{"a\u200bb\u00adc\ufeffd", "a?b?c?d"},
		{"\ue000", "?"},
		{"a" + strings.Repeat("\u0301", 500) + "b", "a\u0301\u0301\u0301b"},
		{"\x7f", "?"},
	} {
		if got := clean(tt.text); got != tt.want {
			t.Errorf("clean(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestLinesAreCleanedForATerminal(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		"done\n":                         "done\n",
		"what\n\ndo \x1b[2Jthis\u202e\n": "what\n\ndo ?[2Jthis?\n",
		"a\r\nb":                         "a \nb",
	} {
		if got := cleanLines(text); got != want {
			t.Errorf("cleanLines(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestTextIsAsWideAsATerminalShowsIt(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int
	}{
		{"shop", 4}, {"商店", 4}, {"ｓｈ", 4}, {"ｼｮ", 2}, {"가", 2}, {"e\u0301", 1}, {"▁█", 2}, {"🙂", 2}, {"é", 1},
	} {
		if got := columns(tt.text); got != tt.want {
			t.Errorf("columns(%q) = %d, want %d", tt.text, got, tt.want)
		}
	}
}

func TestTextIsCutToColumns(t *testing.T) {
	for _, tt := range []struct {
		text string
		most int
		want string
	}{
		{"shop.example.com", 16, "shop.example.com"},
		{"shop.example.com", 8, "shop.ex…"},
		{"商店商店", 8, "商店商店"},
		{"商店商店", 7, "商店商…"},
		{"商店商店", 6, "商店…"}, // a half character is not shown
		{"商店", 1, "…"},
		{"商店", 0, ""},
		{"", 0, ""},
	} {
		if got := cut(tt.text, tt.most); got != tt.want {
			t.Errorf("cut(%q, %d) = %q, want %q", tt.text, tt.most, got, tt.want)
		}
	}
}

func TestSentencesAreWrapped(t *testing.T) {
	for _, tt := range []struct {
		text string
		most int
		want string
	}{
		{"the Upstream did not answer", 12, "the Upstream|did not|answer"},
		{"  a   b  ", 12, "a b"},
		{"", 12, ""},
		{"connection_read_timeout", 10, "connection|_read_time|out"},
		{"请稍后再试", 5, "请稍|后再|试"},
		{"a 请稍后再试", 4, "a|请稍|后再|试"},
		{"请", 0, "请"},
	} {
		if got := strings.Join(wrap(tt.text, tt.most), "|"); got != tt.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", tt.text, tt.most, got, tt.want)
		}
	}
}

// Whatever the text is: what is cut fits, what is wrapped fits and loses nothing.
func FuzzTextFitsIntoItsColumns(f *testing.F) {
	f.Add("GET /商店\x1b[31m", 5)
	f.Add(strings.Repeat("a", 100)+" \u0301\u0301", 7)
	f.Add("\xff\u202e", 1)
	f.Add("\u0301", 7) // a word without columns
	f.Fuzz(func(t *testing.T, text string, most int) {
		most = max(2, min(most, 1000))
		c := clean(text)
		if clean(c) != c || !utf8.ValidString(c) || strings.ContainsAny(c, "\x1b\n\r\u009b\u202e") {
			t.Fatalf("%q is not clean", c)
		}
		if got := cut(c, most); columns(got) > most {
			t.Errorf("cut(%q, %d) = %q, of %d columns", c, most, got, columns(got))
		}
		var all string
		for _, line := range wrap(c, most) {
			if columns(line) > most {
				t.Errorf("wrap(%q, %d) has %q, of %d columns", c, most, line, columns(line))
			}
			all += line
		}
		if strip := func(s string) string { return strings.ReplaceAll(s, " ", "") }; strip(all) != strip(c) {
			t.Errorf("wrap(%q, %d) has lost something: %q", c, most, all)
		}
	})
}
