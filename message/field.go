package message

// Field is one field line: its name as it was sent and its value without the
// white space around it.
type Field struct {
	Name  []byte
	Value []byte
	ID    Name // NameOf(Name)
}

// Fields are field lines in the order they came.
type Fields []Field

// Get returns the first value of a name, nil if there is none.
func (f Fields) Get(id Name) []byte {
	for i := range f {
		if f[i].ID == id {
			return f[i].Value
		}
	}
	return nil
}

// Has reports whether there is a field of that name.
func (f Fields) Has(id Name) bool {
	for i := range f {
		if f[i].ID == id {
			return true
		}
	}
	return false
}

// Count reports how many field lines have that name.
func (f Fields) Count(id Name) int {
	n := 0
	for i := range f {
		if f[i].ID == id {
			n++
		}
	}
	return n
}

// Without removes the fields of a name, in place, and returns what is left.
func (f Fields) Without(id Name) Fields {
	kept := f[:0]
	for _, field := range f {
		if field.ID != id {
			kept = append(kept, field)
		}
	}
	return kept
}
