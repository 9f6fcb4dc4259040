package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf16"
)

var errNotSluice = errors.New("what answers at server.admin is not Sluice, or an older one")

// refused says why the admin server did not answer a question.
func refused(code int, body []byte) error {
	said, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
	if said = cut(clean(said), 500); said == "" || code == http.StatusNotFound {
		return errNotSluice
	}
	return errors.New(said)
}

// printJSON prints an answer as it came, indented. What a terminal might obey is
// written as escapes, which mean the same in JSON.
func printJSON(w io.Writer, body []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		return errNotSluice
	}
	_, err := io.WriteString(w, escaped(strings.TrimRight(b.String(), "\n"))+"\n")
	return err
}

// escaped returns a text of JSON without characters that cannot be seen.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// joined lists names as a table has them.
func joined(names []string) string { return strings.Join(names, ",") }
