package config

import (
	"strconv"
	"strings"
)

// kind is what sort of TOML value a node is. The word is the one that
// messages use.
type kind string

const (
	kindText    kind = "a string"
	kindInteger kind = "an integer"
	kindFloat   kind = "a float"
	kindBoolean kind = "a boolean"
	kindTime    kind = "a date or time"
	kindList    kind = "a list"
	kindTable   kind = "a table"
)

// origin is how a table or list came to be, which decides what may still be
// added to it (TOML 1.0, "Table" and "Array of Tables").
type origin int

const (
	byValue  origin = iota // key = { … } or key = [ … ]: complete at once
	byHeader               // [a.b], or [[a.b]] for a list
	byPath                 // the a of [a.b], without a header of its own
	byDots                 // the a of a.b = 1
)

// node is one value of the file and the line of its key, or of the value
// itself inside a list.
type node struct {
	kind   kind
	origin origin
	line   int
	text   string           // of a scalar: a string's value, anything else as written
	items  []*node          // of a list
	keys   map[string]*node // of a table
	order  []string         // of a table: its keys as they were written
}

// newTable returns an empty table.
func newTable(line int, origin origin) *node {
	return &node{kind: kindTable, origin: origin, line: line, keys: map[string]*node{}}
}

// put adds a key that the table n does not have yet.
func (n *node) put(name string, value *node) {
	n.keys[name] = value
	n.order = append(n.order, name)
}

// integer returns the value of an integer, and whether it fits.
func (n *node) integer() (int, bool) {
	v, err := strconv.ParseInt(strings.ReplaceAll(n.text, "_", ""), 0, strconv.IntSize)
	return int(v), err == nil
}

// keyPath joins the parts of a key with dots, quoting those that TOML would
// want quoted, so that it stays on one line.
func keyPath(parts ...string) string {
	shown := make([]string, 0, len(parts))
	for _, p := range parts {
		if !isBareKey(p) {
			p = shorten(p)
		}
		shown = append(shown, p)
	}
	return strings.Join(shown, ".")
}

// isBareKey reports whether s can stand in TOML without quotes.
func isBareKey(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

// shorten returns s in quotes, cut to what a message can carry.
func shorten(s string) string {
	const most = 60
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
