package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// section is one table of the file, read against its part of the schema.
// Its methods return the value of a key or the key's default; what cannot be
// read they report, and return the zero value.
type section struct {
	d    *decoder
	spec *tableSpec
	path []string // as messages name it, such as upstream, app
	node *node
}

// section opens a table and reports the keys that do not belong in it, so it
// is called once for each.
func (d *decoder) section(spec string, path []string, n *node) section {
	s := section{d: d, spec: specOf(spec), path: path, node: n}
	for _, name := range n.order {
		s.checkKey(name)
	}
	return s
}

// checkKey reports a key that the schema does not have here.
func (s section) checkKey(name string) {
	if s.spec.key(name) != nil {
		return
	}
	remedy := didYouMean(name, s.spec.names())
	if home := homeOf(name, s.spec); home != "" {
		remedy = "it belongs in " + home
	}
	if remedy == "" {
		remedy = "known here are " + strings.Join(s.spec.names(), ", ")
	}
	s.fail(name, remedy, "unknown key")
}

// key returns the full name of a key of s.
func (s section) key(name string) string {
	return keyPath(append(slices.Clone(s.path), name)...)
}

// line returns where a key is written; that of the table if it is not.
func (s section) line(name string) int {
	if n := s.node.keys[name]; n != nil {
		return n.line
	}
	return s.node.line
}

// lines returns the lines of all keys that the section has.
func (s section) lines() map[string]int {
	all := make(map[string]int, len(s.node.keys))
	for name, n := range s.node.keys {
		all[name] = n.line
	}
	return all
}

// written reports whether the file has the key.
func (s section) written(name string) bool {
	return s.node.keys[name] != nil
}

// fail reports a problem of a key.
func (s section) fail(name, remedy, format string, args ...any) {
	s.d.add(s.line(name), s.key(name), remedy, format, args...)
}

// value returns what is written for a key, else its default, else nil.
func (s section) value(name string) *node {
	if n := s.node.keys[name]; n != nil {
		return n
	}
	spec := s.spec.key(name)
	if spec == nil {
		panic("internal error: " + s.key(name) + " is not in the schema")
	}
	if spec.standard == "" {
		return nil
	}
	return parseStandard(spec.standard, s.node.line)
}

// parseStandard returns the node of a default, as if it stood at line.
func parseStandard(text string, line int) *node {
	t := tree{problems: &problems{}}
	t.parser.Reset([]byte("key = " + text))
	if !t.parser.NextExpression() || t.parser.Expression().Kind != unstable.KeyValue {
		panic("internal error: the default " + text + " is not TOML")
	}
	n := t.value(t.parser.Expression().Value(), nil, line)
	for _, item := range n.items {
		item.line = line
	}
	return n
}

// missing reports a key that must be there, unless it is there misspelt, which
// was reported already.
func (s section) missing(name string) {
	if !s.misspelt(name) {
		s.fail(name, s.spec.key(name).howTo(), "missing")
	}
}

// misspelt reports whether an unknown key of s is meant to be name.
func (s section) misspelt(name string) bool {
	return slices.ContainsFunc(s.node.order, func(written string) bool {
		return s.spec.key(written) == nil && nearest(written, s.spec.names()) == name
	})
}

// want returns the value of a key if it has the kind, and reports it if it has
// another.
func (s section) want(name string, k kind) *node {
	n := s.value(name)
	if n == nil {
		return nil
	}
	if n.kind != k {
		s.fail(name, s.spec.key(name).howTo(), "must be %s, not %s", k, n.kind)
		return nil
	}
	return n
}

// boolean returns the value of a key that is true or false.
func (s section) boolean(name string) bool {
	n := s.want(name, kindBoolean)
	return n != nil && n.text == "true"
}

// integer returns the value of a key that is a whole number.
func (s section) integer(name string, least, most int) int {
	n := s.want(name, kindInteger)
	if n == nil {
		return 0
	}
	v, ok := n.integer()
	if !ok || v < least || v > most {
		s.fail(name, fmt.Sprintf("write %d to %d", least, most), "%s is out of range", n.text)
		return 0
	}
	return v
}

// read returns what parse makes of the text of a key.
func read[T any](s section, name string, parse func(string) (T, *flaw)) (v T) {
	n := s.want(name, kindText)
	if n == nil {
		return v
	}
	v, bad := parse(n.text)
	if bad != nil {
		s.fail(name, bad.remedy, "%s", bad.problem)
	}
	return v
}

// required is read for a key without a default that must be there.
func required[T any](s section, name string, parse func(string) (T, *flaw)) (v T) {
	if !s.written(name) {
		s.missing(name)
		return v
	}
	return read(s, name, parse)
}

// choice returns a parser of one of the words. The remedy is for a word that is
// near to none.
func choice[T ~string](remedy string, now []T) func(string) (T, *flaw) {
	return func(text string) (T, *flaw) {
		if slices.Contains(now, T(text)) {
			return T(text), nil
		}
		words := make([]string, len(now))
		for i, w := range now {
			words[i] = string(w)
		}
		return "", flawed(cmp.Or(didYouMean(text, words), remedy), "%s is none of the known words", shorten(text))
	}
}

// texts returns the strings of a list and reports whatever else is in it.
// It returns nil if the key is absent or no list.
func (s section) texts(name string) []*node {
	list := s.want(name, kindList)
	if list == nil {
		return nil
	}
	return s.onlyTexts(name, list)
}

// onlyTexts returns the strings in list.
func (s section) onlyTexts(name string, list *node) []*node {
	var texts []*node
	for _, item := range list.items {
		if item.kind != kindText {
			s.d.add(item.line, s.key(name), s.spec.key(name).howTo(), "must hold strings, not %s", item.kind)
			continue
		}
		texts = append(texts, item)
	}
	return texts
}

// table opens the table of a key; an empty one if it is absent.
func (s section) table(name string) section {
	path := append(slices.Clone(s.path), name)
	n := s.node.keys[name]
	if n != nil && n.kind != kindTable {
		s.fail(name, "write ["+strings.Join(path, ".")+"]", "must be a table, not %s", n.kind)
		n = nil
	}
	if n == nil {
		n = newTable(s.node.line, byHeader)
	}
	if name == "upstream" { // its keys are names
		return section{d: s.d, path: path, node: n}
	}
	spec := name
	if s.spec.path != "" { // which has NAME where path has a Pool's name
		spec = s.spec.path + "." + name
	}
	return s.d.section(spec, path, n)
}

// tables opens the list of tables of a key.
func (s section) tables(name string) []section {
	n := s.node.keys[name]
	if n == nil {
		return nil
	}
	path := append(slices.Clone(s.path), name)
	spec := strings.Join(path, ".")
	if n.kind != kindList {
		s.fail(name, "write [["+spec+"]]", "must be a list of tables, not %s", n.kind)
		return nil
	}
	var list []section
	for _, item := range n.items {
		if item.kind != kindTable {
			s.d.add(item.line, s.key(name), "write [["+spec+"]]", "must be a list of tables, not of %s", item.kind)
			continue
		}
		list = append(list, s.d.section(spec, path, item))
	}
	return list
}
