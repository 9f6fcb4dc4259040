package degraded

import "testing"

func TestTemplateCopiesOnlyWhatIsBetweenSlots(t *testing.T) {
	slots := map[string]filler{
		"a": func(dst []byte, _ RoomView) []byte { return append(dst, '1') },
		"b": func(dst []byte, _ RoomView) []byte { return append(dst, '2') },
	}
	for _, tt := range []struct{ text, head, middle, tail string }{
		{"", "", "", ""},
		{"none", "none", "", ""},
		{"x{{a}}y", "x", "1", "y"},
		{"x{{a}}y{{b}}z", "x", "1y2", "z"},
		{`{"a":{{a}}}`, `{"a":`, "1", "}"},
		{"{{a}}{{b}}", "", "12", ""},
	} {
		p := newTemplate(tt.text, slots)
		if middle := string(p.append(nil, RoomView{})); string(p.head) != tt.head || middle != tt.middle || string(p.tail) != tt.tail {
			t.Errorf("%q: %q, %q, %q", tt.text, p.head, middle, p.tail)
		}
	}
}

func TestTemplateKnowsAllItsSlots(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	newTemplate("{{nothing}}", nil)
}
