package cachesuite

import (
	"fmt"
	"testing"
)

// catalogue is one group of made-up cases.
func catalogue(t *testing.T, cases string) *Catalogue {
	t.Helper()
	c, err := ParseCatalogue([]byte(`{"groups":[{"id":"g","tests":[` + cases + `]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// results are those of made-up JSON.
func results(t *testing.T, text string) Results {
	t.Helper()
	r, err := ParseResults([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The suite's README, "Interpreting results", says what each symbol means;
// which result gets which is the rule of its own page.
func TestVerdictOfAResult(t *testing.T) {
	for _, tt := range []struct {
		kind   Kind
		result string
		want   Verdict
	}{
		// "The test was successful."
		{Required, `true`, Passed},
		{Optimal, `true`, Passed},
		// "The test failed, and likely indicates a specification conformance
		// problem."
		{Required, `["Assertion", "Response 2 comes from cache"]`, Failed},
		{Required, `["TypeError", "fetch failed"]`, Failed},
		// "The cache didn't behave in an optimal fashion [...] but this is not
		// a conformance problem."
		{Optimal, `["Assertion", "Response 2 does not come from cache"]`, Suboptimal},
		// "tests to see how deployed caches behave [...] "yes" and "no"".
		{Check, `true`, Yes},
		{Check, `["Assertion", "Response 2 does not come from cache"]`, No},
		// "The test failed during setup".
		{Required, `["Setup", "Response 1 status is 502, not 200"]`, SetupFailed},
		{Check, `["Setup", "Response 1 status is 502, not 200"]`, SetupFailed},
		// "The cache retried a request".
		{Required, `["Setup", "retry"]`, Retried},
		{Required, `["Assertion", "retry"]`, Failed},
		// "The test harness failed".
		{Required, `["AbortError", "This operation was aborted"]`, HarnessFailed},
		{Optimal, `false`, HarnessFailed},
		{Optimal, `[]`, HarnessFailed},
		{Required, `null`, HarnessFailed},
		{Required, `[7, {}]`, HarnessFailed},
	} {
		t.Run(fmt.Sprint(tt.kind, tt.result), func(t *testing.T) {
			c := catalogue(t, fmt.Sprintf(`{"id":"a","kind":%q}`, tt.kind))
			if got := c.Judge(results(t, `{"a":`+tt.result+`}`))["a"]; got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// "Another test that this test depends on has failed; we use dependencies to
// help assure that we're actually testing the behaviour in question."
func TestVerdictHangsOnDependencies(t *testing.T) {
	const failed = `["Assertion", ""]`
	cases := `{"id":"a","kind":"optimal"},{"id":"b","kind":"check"},{"id":"c","depends_on":["a","b"]},{"id":"d","depends_on":["c"]}`
	for _, tt := range []struct {
		name    string
		results string
		c, d    Verdict
	}{
		{"all passed", `{"a":true,"b":true,"c":true,"d":true}`, Passed, Passed},
		{"an optimal one failed", `{"a":` + failed + `,"b":true,"c":true,"d":true}`, DependencyFailed, DependencyFailed},
		{"a check said no", `{"a":true,"b":` + failed + `,"c":true,"d":true}`, DependencyFailed, DependencyFailed},
		{"one was not run", `{"a":true,"c":true,"d":true}`, DependencyFailed, DependencyFailed},
		{"the last failed", `{"a":true,"b":true,"c":true,"d":` + failed + `}`, Passed, Failed},
		// A case that was not run is not tested, whatever it depends on.
		{"nor was what depends on it", `{"a":` + failed + `,"d":true}`, Untested, DependencyFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := catalogue(t, cases).Judge(results(t, tt.results))
			if v["c"] != tt.c || v["d"] != tt.d {
				t.Errorf("got %v and %v, want %v and %v", v["c"], v["d"], tt.c, tt.d)
			}
		})
	}
}

func TestCasesThatDependOnEachOtherDoNotPass(t *testing.T) {
	c := catalogue(t, `{"id":"a","depends_on":["b"]},{"id":"b","depends_on":["a"]},{"id":"c","depends_on":["c"]}`)
	v := c.Judge(results(t, `{"a":true,"b":true,"c":true}`))
	for _, id := range []string{"a", "b", "c"} {
		if v[id] != DependencyFailed {
			t.Errorf("%s: got %v, want %v", id, v[id], DependencyFailed)
		}
	}
}

func TestEveryVerdictHasItsName(t *testing.T) {
	seen := map[string]bool{}
	for v := Untested; v <= DependencyFailed; v++ {
		if seen[v.String()] || v.String() == "unknown" {
			t.Errorf("verdict %d: got %q", v, v)
		}
		seen[v.String()] = true
	}
}
