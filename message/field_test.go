package message

import "testing"

func fieldsOf(pairs ...string) (f Fields) {
	for i := 0; i < len(pairs); i += 2 {
		f = append(f, Field{Name: []byte(pairs[i]), Value: []byte(pairs[i+1]), ID: NameOf([]byte(pairs[i]))})
	}
	return f
}

func TestFieldsFindTheFirstAndCountAll(t *testing.T) {
	f := fieldsOf("Cookie", "a", "x", "1", "COOKIE", "b", "Date", "")
	if got := string(f.Get(Cookie)); got != "a" {
		t.Errorf("Get = %q, want the first", got)
	}
	if f.Count(Cookie) != 2 || !f.Has(Cookie) || f.Has(Host) || f.Count(Host) != 0 || f.Get(Host) != nil {
		t.Error("Count, Has or Get of what is not there")
	}
	if !f.Has(Date) {
		t.Error("an empty value is a value")
	}
}

func TestWithoutKeepsOrderAndOthers(t *testing.T) {
	f := fieldsOf("Cookie", "a", "x", "1", "COOKIE", "b", "y", "2").Without(Cookie)
	if len(f) != 2 || string(f[0].Value) != "1" || string(f[1].Value) != "2" {
		t.Errorf("left: %q", f)
	}
}

func TestPathEndsAtTheQuery(t *testing.T) {
	for target, want := range map[string]string{"/a?b": "/a", "/a": "/a", "/?": "/", "*": "*", "/a?b?c": "/a", "": ""} {
		if got := string((&Request{Target: []byte(target)}).Path()); got != want {
			t.Errorf("Path of %q = %q, want %q", target, got, want)
		}
	}
}
