package cachesuite

import (
	"strings"
	"testing"
)

func TestCataloguesThatAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":             `Error: Cannot find module`,
		"no cases":            `{"groups":[{"id":"g","tests":[]}]}`,
		"no ID":               `{"groups":[{"id":"g","tests":[{"name":"n"}]}]}`,
		"one ID twice":        `{"groups":[{"id":"g","tests":[{"id":"a"}]},{"id":"h","tests":[{"id":"a"}]}]}`,
		"an unknown kind":     `{"groups":[{"id":"g","tests":[{"id":"a","kind":"nice"}]}]}`,
		"a dangling relation": `{"groups":[{"id":"g","tests":[{"id":"a","depends_on":["b"]}]}]}`,
	} {
		if _, err := ParseCatalogue([]byte(text)); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}

// "`required` - This is a conformance test for a requirement in the standard.
// Default." (the suite's CONTRIBUTING)
func TestKindIsRequiredUnlessWritten(t *testing.T) {
	c := catalogue(t, `{"id":"a"},{"id":"b","kind":"check"}`)
	if a, b := c.Groups[0].Cases[0].Kind, c.Groups[0].Cases[1].Kind; a != Required || b != Check {
		t.Errorf("got %q and %q, want %q and %q", a, b, Required, Check)
	}
	if !c.Has("a") || c.Has("c") {
		t.Error("want a case a, and none c")
	}
}

func TestResultsThatAreRefused(t *testing.T) {
	for _, text := range []string{``, `{}`, `null`, `[true]`, "TypeError: fetch failed", `{"a":tru`} {
		if r, err := ParseResults([]byte(text)); err == nil {
			t.Errorf("%q: got %v, want an error", text, r)
		}
	}
}

// Whatever is in the results, reading them does no harm, and only true passes.
func FuzzOnlyTruePasses(f *testing.F) {
	for _, seed := range []string{`{"a":true}`, `{"a":["Setup","retry"]}`, `{"a":[["x"]]}`, `{"a":{"0":true}}`, `{"a":"true"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseResults([]byte(text))
		if err != nil {
			return
		}
		for id, result := range r {
			if result.Passed && !strings.Contains(text, "true") || result.Passed && result.Error+result.Message != "" {
				t.Errorf("%q: %q has %+v", text, id, result)
			}
		}
	})
}

func TestPrintedIsBounded(t *testing.T) {
	var p printed
	line := strings.Repeat("x", 1<<20)
	for range 9 {
		if n, err := p.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatalf("got %d, %v: a program that prints much must not fail", n, err)
		}
	}
	if len(p.text()) != mostPrinted || !p.lost {
		t.Errorf("kept %d bytes, lost %v; want %d and true", len(p.text()), p.lost, mostPrinted)
	}
	if tail := p.tail(); len(tail) > 2000 {
		t.Errorf("the tail has %d bytes", len(tail))
	}
}
