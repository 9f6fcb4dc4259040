package cachesuite

import (
	"slices"
	"testing"
)

// countedCases are some of all kinds, two of them for browsers only.
const countedCases = `{"groups":[
	{"id":"one","tests":[
		{"id":"a"},
		{"id":"b","kind":"required","depends_on":["o"]},
		{"id":"c","browser_only":true},
		{"id":"o","kind":"optimal"}]},
	{"id":"two","tests":[
		{"id":"d"},
		{"id":"p","kind":"optimal"},
		{"id":"q","kind":"optimal","browser_only":true},
		{"id":"x","kind":"check"},
		{"id":"y","kind":"check"},
		{"id":"z","kind":"check"}]}]}`

const countedResults = `{"a":true,"b":true,"o":["Assertion",""],"p":true,"d":["Setup","retry"],
	"x":true,"y":["Assertion",""],"z":["Setup",""],"surrogate":true}`

func TestCountIsByGroupAndForAll(t *testing.T) {
	c, err := ParseCatalogue([]byte(countedCases))
	if err != nil {
		t.Fatal(err)
	}
	v := c.Judge(results(t, countedResults))
	for _, tt := range []struct {
		name      string
		got, want Count
	}{
		// b hangs on o, which was not optimal: it does not pass, but counts.
		{"one", c.Groups[0].Count(v), Count{Required: Score{1, 2}, Optimal: Score{0, 1}}},
		{"two", c.Groups[1].Count(v), Count{Required: Score{0, 1}, Optimal: Score{1, 1}, Yes: 1, No: 1}},
		{"all", c.Count(v), Count{Required: Score{1, 3}, Optimal: Score{1, 2}, Yes: 1, No: 1}},
		{"nothing was run", c.Count(c.Judge(nil)), Count{Required: Score{0, 3}, Optimal: Score{0, 2}}},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, tt.got, tt.want)
		}
	}
	if required, optimal := c.BrowserOnly(); required != 1 || optimal != 1 {
		t.Errorf("for browsers only: got %d and %d, want 1 and 1", required, optimal)
	}
}

func TestNotPassedAreRequiredCasesInTheirOrder(t *testing.T) {
	c, err := ParseCatalogue([]byte(countedCases))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, failed := range c.NotPassed(c.Judge(results(t, countedResults))) {
		got = append(got, failed.ID)
	}
	if want := []string{"b", "d"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
