package dnsapi

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxLine is the most bytes of a provider's words that an error repeats.
	maxLine = 200
	// maxCode is the longest code taken for one, in bytes.
	maxCode = 64
	// gramSize is how many bytes in a row of a secret are too many to tell.
	gramSize = 8
	// masked stands where a secret stood. Its characters are no ASCII, so that
	// no secret can be made of it: see visible.
	masked = "•••"
)

// mask makes what a provider says fit to be told. A server that is broken or
// hostile may put what it was sent into what it answers, whole or in part; and
// errors end up in logs and on screens.
type mask struct {
	secrets []string // what the call was made with: keys, tokens, signatures
}

// line makes text one line of at most maxLine bytes in which no secret occurs,
// nor gramSize bytes in a row of one, in whatever case.
func (m mask) line(text string) string {
	// First what cannot be seen goes, for a secret may be spelled around it;
	// then the secrets; and only then is it cut, for half a secret is not found.
	return cutLine(strings.Join(strings.Fields(m.hide(printable(text))), " "))
}

// code is text if it looks like a provider's code and tells no secret, and
// otherwise nothing.
func (m mask) code(text string) string {
	if len(text) > maxCode || m.hide(text) != text {
		return ""
	}
	for i := range len(text) {
		if c := text[i]; !isAlnum(c) && c != '.' && c != '_' && c != '-' {
			return ""
		}
	}
	return text
}

// hide puts masked in place of the secrets in text.
func (m mask) hide(text string) string {
	found := make([]bool, len(text))
	lower := lowerASCII(text)
	for _, grams := range m.grams() {
		for i := 0; i+grams.size <= len(lower); i++ {
			if !grams.set[lower[i:i+grams.size]] {
				continue
			}
			for j := range grams.size {
				found[i+j] = true
			}
		}
	}
	var out strings.Builder
	for i := range len(text) {
		switch {
		case !found[i]:
			out.WriteByte(text[i])
		case i == 0 || !found[i-1]:
			out.WriteString(masked)
		}
	}
	return out.String()
}

// gramSet are all the runs of size bytes that occur in a secret, in lower case.
type gramSet struct {
	size int
	set  map[string]bool
}

// grams are the runs to look for: gramSize bytes long, or a whole secret where
// that is shorter.
func (m mask) grams() []gramSet {
	var sets []gramSet
	for _, secret := range m.secrets {
		if secret == "" {
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret)} {
			form = lowerASCII(form)
			g := gramSet{size: min(gramSize, len(form)), set: map[string]bool{}}
			for i := 0; i+g.size <= len(form); i++ {
				g.set[form[i:i+g.size]] = true
			}
			sets = append(sets, g)
		}
	}
	return sets
}

// printable is text without the characters that cannot be seen, such as
// controls and marks of direction. White space of any kind becomes a space.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

// cutLine is text, or so much of it as leaves room for the sign that it was cut.
func cutLine(text string) string {
	const sign = "…"
	if len(text) <= maxLine {
		return text
	}
	end := maxLine - len(sign)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.TrimSpace(text[:end]) + sign
}

// lowerASCII is text with A to Z in lower case, and of the same length, which
// strings.ToLower does not promise.
func lowerASCII(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// isAlnum reports whether c is a letter or a digit of ASCII.
func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
