package main

import (
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// readable returns a path, or a text that has one in it, as a person reads it:
// "/商品" for "/%E5%95%86%E5%93%81". It is for looking at only. Percent-encoded
// ASCII stays as it is, so what separates the parts of a URL is never made up; so
// does each sequence that is not all of characters that can be seen. The page has
// the same rule.
func readable(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		n := encodedLength(text[i:])
		if n == 0 {
			b.WriteByte(text[i])
			i++
			continue
		}
		if decoded, ok := decodedRun(text[i : i+n]); ok {
			b.WriteString(decoded)
		} else {
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}

// encodedLength returns how much of the beginning of text is percent-encoded bytes
// beyond ASCII.
func encodedLength(text string) (n int) {
	for len(text) >= n+3 && text[n] == '%' && strings.IndexByte("89abcdefABCDEF", text[n+1]) >= 0 &&
		strings.IndexByte("0123456789abcdefABCDEF", text[n+2]) >= 0 {
		n += 3
	}
	return n
}

// decodedRun returns what a sequence of percent-encoded bytes says, if all of it
// can be seen.
func decodedRun(run string) (string, bool) {
	decoded, err := hex.DecodeString(strings.ReplaceAll(run, "%", ""))
	if err != nil || !utf8.Valid(decoded) {
		return "", false
	}
	text, marks := string(decoded), 0
	for i, r := range text {
		if !canBeSeen(r) || i == 0 && unicode.Is(unicode.M, r) { // which would change what is before it
			return "", false
		}
		if !unicode.Is(unicode.Mn, r) {
			marks = 0
		} else if marks++; marks > maxMarks {
			return "", false
		}
	}
	return text, true
}

// canBeSeen reports whether a character takes room of its own or is set at one that
// does: no control, no space, nothing that turns the direction of writing, and none
// of those letters and symbols that are drawn as nothing.
func canBeSeen(r rune) bool {
	const brailleBlank = '\u2800'
	return unicode.IsPrint(r) && r != unicode.ReplacementChar && r != brailleBlank &&
		!unicode.In(r, unicode.Me, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
