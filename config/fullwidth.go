package config

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// A Chinese input method writes marks of its own in the place of those that TOML
// and addresses are made of, and they look alike.

// plain returns the character of ASCII that r looks like, r itself if there is
// none.
func plain(r rune) rune {
	switch r {
	case '“', '”', '„':
		return '"'
	case '‘', '’':
		return '\''
	case '、':
		return ','
	case '【':
		return '['
	case '】':
		return ']'
	case '。':
		return '.'
	case '\u3000', '\u00a0': // the wide space, and the one that breaks no line
		return ' '
	}
	if '！' <= r && r <= '～' { // the whole of ASCII once more
		return r - '！' + '!'
	}
	return r
}

// wide returns the first character of text that is not plain, 0 if all are.
func wide(text string) rune {
	for _, r := range text {
		if plain(r) != r {
			return r
		}
	}
	return 0
}

// halfWidth returns a parser that says of a text which parse refuses that there is
// such a character in it.
func halfWidth[T any](parse func(string) (T, *flaw)) func(string) (T, *flaw) {
	return func(text string) (T, *flaw) {
		v, bad := parse(text)
		if r := wide(text); bad != nil && r != 0 {
			bad = flawed("write "+shorten(strings.Map(plain, text)), "%s has the full-width character %q", shorten(text), r)
		}
		return v, bad
	}
}

// unreadableLine returns what keeps a line from being TOML, if it is another coding
// or a full-width character where none may be. why is what the parser says of it.
func unreadableLine(line string, why error) *flaw {
	if !utf8.ValidString(line) {
		return flawed("save the file as UTF-8", "the line is not UTF-8")
	}
	if said := why.Error(); !strings.Contains(said, "expected") && !strings.Contains(said, "invalid character at start") {
		return nil // within a string of several lines all may be
	}
	var quote rune // that a string began with
	for _, r := range line {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '#':
			return nil
		case plain(r) != r:
			return flawed("write "+cmp.Or(strings.TrimSpace(string(plain(r))), "a space")+" in its place", "%q is a full-width character", r)
		}
	}
	return nil
}
