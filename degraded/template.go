package degraded

import "strings"

// filler appends what belongs in a slot of a template. It takes the view by
// value: a pointer handed to a function value would move it to the heap.
type filler func(dst []byte, v RoomView) []byte

// template is a text with slots, split beforehand. Only what stands between the
// first slot and the last is copied for each answer, so the slots are best kept
// together.
type template struct {
	head  []byte
	parts []part
	tail  []byte
}

// part is a slot and the text up to the next one, or none after the last.
type part struct {
	fill filler
	then []byte
}

// newTemplate splits a text at its slots, which are written {{name}}. The texts
// are our own, so a name without a filler is a fault of this package.
func newTemplate(text string, slots map[string]filler) template {
	before, rest, found := strings.Cut(text, "{{")
	t := template{head: []byte(before)}
	for found {
		name, after, _ := strings.Cut(rest, "}}")
		fill := slots[name]
		if fill == nil {
			panic("internal error: no filler for the slot " + name)
		}
		before, rest, found = strings.Cut(after, "{{")
		if !found {
			t.parts = append(t.parts, part{fill: fill})
			t.tail = []byte(before)
			break
		}
		t.parts = append(t.parts, part{fill, []byte(before)})
	}
	return t
}

// append appends what goes between head and tail.
func (t *template) append(dst []byte, v RoomView) []byte {
	for i := range t.parts {
		dst = t.parts[i].fill(dst, v)
		dst = append(dst, t.parts[i].then...)
	}
	return dst
}

// withoutSlots returns HTML that cannot be taken for a slot.
func withoutSlots(html string) string { return strings.ReplaceAll(html, "{", "&#123;") }
