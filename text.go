package main

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// clean returns text as a terminal may have it. Paths, hosts and details are what
// strangers have sent: of them nothing gets there that moves the cursor, colours,
// turns the direction of writing or cannot be seen.
func clean(text string) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		if ' ' <= r && r < unicode.MaxASCII {
			marks = 0
			return r
		}
		if !unicode.Is(unicode.Mn, r) {
			marks = 0
		} else if marks++; marks > maxMarks {
			return -1
		}
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Me, r):
			return '?'
		}
		return r
	}, text)
}

// cleanLines is clean for text of several lines.
func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// maxMarks is how many marks may be set above one character: more than any
// language needs reach into the lines above.
const maxMarks = 3

// columns returns how many columns of a terminal a clean text takes.
func columns(text string) (n int) {
	for _, r := range text {
		n += columnsOf(r)
	}
	return n
}

// columnsOf returns how many columns of a terminal a character takes: Chinese,
// Japanese and Korean ones take two, those that are set above another take none.
func columnsOf(r rune) int {
	if r < unicode.MaxASCII {
		return 1
	}
	if unicode.Is(unicode.Mn, r) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// cut returns a clean text that takes no more than most columns, and says by its
// end if there was more.
func cut(text string, most int) string {
	if columns(text) <= most {
		return text
	}
	if most < 1 {
		return ""
	}
	room := most - 1 // for the ellipsis
	for i, r := range text {
		if room -= columnsOf(r); room < 0 {
			return text[:i] + "…"
		}
	}
	return text
}

// wrap returns a clean text as lines of no more than most columns. Words are left
// whole if they fit on a line.
func wrap(text string, most int) []string {
	most = max(most, 2) // the widest character
	var lines []string
	line, taken := "", 0
	for word := range strings.FieldsSeq(text) {
		n := columns(word)
		if line != "" && taken+1+n <= most {
			line, taken = line+" "+word, taken+1+n
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for n > most {
			head := headOf(word, most)
			lines = append(lines, head)
			word = word[len(head):]
			n = columns(word)
		}
		line, taken = word, n
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// headOf returns as much of a word as most columns take.
func headOf(word string, most int) string {
	for i, r := range word {
		if most -= columnsOf(r); most < 0 {
			return word[:i]
		}
	}
	return word
}
