package config

import (
	"bytes"
	"errors"
	"slices"

	"github.com/pelletier/go-toml/v2/unstable"
)

// tree builds the nodes of a TOML file. It reads the parser's syntax tree
// instead of a decoded value because only that knows the lines, and it goes on
// after a duplicate so that everything is found at once.
type tree struct {
	*problems
	parser  unstable.Parser
	breaks  []int // offsets of the newlines
	root    *node
	current *node    // the table that key = value lines go to
	path    []string // of current
}

// byteOrderMark begins what some editors write; TOML has none.
const byteOrderMark = "\xef\xbb\xbf"

// parseTree returns the root table of data. Errors of syntax end the file:
// then ok is false, for what follows could only be guessed.
func parseTree(data []byte, p *problems) (root *node, ok bool) {
	t := &tree{problems: p, root: newTable(1, byHeader)}
	for i, c := range data {
		if c == '\n' {
			t.breaks = append(t.breaks, i)
		}
	}
	t.current = t.root
	// Clipped, because the parser tells offsets by capacity.
	t.parser.Reset(slices.Clip(data))
	if bytes.HasPrefix(data, []byte(byteOrderMark)) {
		p.add(1, "", "save the file as UTF-8 without it", "the file begins with a byte order mark")
		return nil, false
	}
	for t.parser.NextExpression() {
		t.add(t.parser.Expression())
	}
	if err := t.parser.Error(); err != nil {
		t.syntax(err)
		return nil, false
	}
	return t.root, true
}

// syntax reports where the file stops being TOML.
func (t *tree) syntax(err error) {
	line := len(t.breaks) + 1
	var at *unstable.ParserError
	if errors.As(err, &at) {
		line = t.lineAt(cap(t.parser.Data()) - cap(at.Highlight))
	}
	if bad := unreadableLine(t.textOf(line), err); bad != nil {
		t.problems.add(line, "", bad.remedy, "TOML syntax: %s", bad.problem)
		return
	}
	t.problems.add(line, "", "the file is checked further once this is right", "TOML syntax: %v", err)
}

// textOf returns the text of a line.
func (t *tree) textOf(line int) string {
	from, to := 0, len(t.parser.Data())
	if line > 1 && line-2 < len(t.breaks) {
		from = t.breaks[line-2] + 1
	}
	if line-1 < len(t.breaks) {
		to = t.breaks[line-1]
	}
	return string(t.parser.Data()[from:to])
}

// lineAt returns the line of the byte at offset.
func (t *tree) lineAt(offset int) int {
	i, _ := slices.BinarySearch(t.breaks, offset)
	return i + 1
}

// add takes one line of the file: a header or key = value.
func (t *tree) add(e *unstable.Node) {
	names, line := t.key(e)
	switch e.Kind {
	case unstable.Table:
		t.openTable(names, line)
	case unstable.ArrayTable:
		t.openElement(names, line)
	case unstable.KeyValue:
		t.set(t.current, t.path, e)
	}
}

// key returns the parts of the key of e and its line.
func (t *tree) key(e *unstable.Node) (names []string, line int) {
	for it := e.Key(); it.Next(); {
		if line == 0 {
			line = t.lineAt(int(it.Node().Raw.Offset))
		}
		names = append(names, string(it.Node().Data))
	}
	return names, line
}

// openTable makes [names] the current table.
func (t *tree) openTable(names []string, line int) {
	parent := t.walk(names[:len(names)-1], line)
	last := names[len(names)-1]
	t.path = names
	old := parent.keys[last]
	switch {
	case old == nil:
		t.current = newTable(line, byHeader)
		parent.put(last, t.current)
	case old.kind == kindTable && old.origin == byPath:
		old.origin, old.line = byHeader, line
		t.current = old
	default:
		t.twice(old, line, names)
		t.current = newTable(line, byHeader)
		if old.kind == kindTable && old.origin == byHeader {
			t.current = old // what is in it is still checked
		}
	}
}

// openElement makes a new element of [[names]] the current table.
func (t *tree) openElement(names []string, line int) {
	parent := t.walk(names[:len(names)-1], line)
	last := names[len(names)-1]
	t.path, t.current = names, newTable(line, byHeader)
	switch list := parent.keys[last]; {
	case list == nil:
		parent.put(last, &node{kind: kindList, origin: byHeader, line: line, items: []*node{t.current}})
	case list.kind == kindList && list.origin == byHeader:
		list.items = append(list.items, t.current)
	default:
		t.twice(list, line, names)
	}
}

// walk returns the table that the headers [names] and [[names]] lead to, making
// what is missing; of a list of tables it is the last one.
func (t *tree) walk(names []string, line int) *node {
	at := t.root
	for i, name := range names {
		next := at.keys[name]
		switch {
		case next == nil:
			next = newTable(line, byPath)
			at.put(name, next)
		case next.kind == kindList && next.origin == byHeader:
			next = next.items[len(next.items)-1]
		case next.kind != kindTable || next.origin == byValue:
			t.twice(next, line, names[:i+1])
			return newTable(line, byPath) // belongs to nothing
		}
		at = next
	}
	return at
}

// set puts the key = value of e into the table in, whose path is given.
func (t *tree) set(in *node, path []string, e *unstable.Node) {
	names, line := t.key(e)
	path = slices.Clone(path)
	for _, name := range names[:len(names)-1] {
		path = append(path, name)
		next := in.keys[name]
		switch {
		case next == nil:
			next = newTable(line, byDots)
			in.put(name, next)
		case next.kind != kindTable || next.origin != byDots:
			t.twice(next, line, path)
			return
		}
		in = next
	}
	last := names[len(names)-1]
	path = append(path, last)
	if old := in.keys[last]; old != nil {
		t.twice(old, line, path)
		return
	}
	in.put(last, t.value(e.Value(), path, line))
}

// value returns the node of v, whose key is at line.
func (t *tree) value(v *unstable.Node, path []string, line int) *node {
	n := &node{kind: kindOf(v.Kind), line: line}
	switch n.kind {
	case kindTable:
		n = newTable(line, byValue)
		for it := v.Children(); it.Next(); {
			t.set(n, path, it.Node())
		}
	case kindList:
		for it := v.Children(); it.Next(); {
			n.items = append(n.items, t.value(it.Node(), path, t.lineOf(it.Node(), line)))
		}
	default:
		n.text = string(v.Data)
	}
	return n
}

// lineOf returns the line of a value in a list. The parser gives a list inside
// a list no position; it takes that of the list around it.
func (t *tree) lineOf(v *unstable.Node, around int) int {
	if v.Raw.Length == 0 {
		return around
	}
	return t.lineAt(int(v.Raw.Offset))
}

// twice reports a key that is there already.
func (t *tree) twice(old *node, line int, names []string) {
	t.problems.add(line, keyPath(names...), "keep one of the two", "written twice, first at line %d", old.line)
}

// kindOf translates the parser's kinds.
func kindOf(k unstable.Kind) kind {
	switch k {
	case unstable.String:
		return kindText
	case unstable.Integer:
		return kindInteger
	case unstable.Float:
		return kindFloat
	case unstable.Bool:
		return kindBoolean
	case unstable.Array:
		return kindList
	case unstable.InlineTable:
		return kindTable
	}
	return kindTime
}
