package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/bench/cachesuite"
)

// givenCache is what a made-up suite of four cases found in a cache.
func givenCache(t *testing.T, c *cachesuite.Catalogue, name, results string) cacheResult {
	t.Helper()
	r, err := cachesuite.ParseResults([]byte(results))
	if err != nil {
		t.Fatal(err)
	}
	return cacheResult{name: name, version: "1.0", results: r, verdicts: c.Judge(r)}
}

// givenCatalogue is that suite.
func givenCatalogue(t *testing.T) *cachesuite.Catalogue {
	t.Helper()
	c, err := cachesuite.ParseCatalogue([]byte(`{"groups":[
		{"id":"fresh","tests":[{"id":"fresh-a"},{"id":"fresh-b","depends_on":["fresh-a"]},{"id":"fresh-c","kind":"optimal"}]},
		{"id":"other","tests":[{"id":"other-a","kind":"check"},{"id":"other-b","browser_only":true}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCacheTablesSayWhatPassedAndWhatDidNot(t *testing.T) {
	c := givenCatalogue(t)
	results := []cacheResult{
		givenCache(t, c, sluiceName, `{"fresh-a":true,"fresh-b":true,"fresh-c":true,"other-a":true}`),
		givenCache(t, c, "nginx", `{"fresh-a":["Assertion","Response 1 is a|b\n*c*"],"fresh-b":true,"fresh-c":["Assertion",""],"other-a":["Assertion",""]}`),
		{name: "Varnish", version: "–", missing: "varnishd is not installed"},
		{name: "Squid", version: "5.7", failed: errors.New("squid gave no good answer")},
	}
	results[1].note = "a note"
	records := []cacheResult{givenCache(t, c, "nginx", `{"fresh-a":true,"fresh-b":["Setup","retry"]}`)}
	got := cacheTables(c, results, records)
	path := filepath.Join("testdata", "cachetests.md")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s:\n%s", path, got)
	}
}

func TestCacheTestsFailWhereNothingWasTested(t *testing.T) {
	good := cacheResult{name: "nginx", verdicts: cachesuite.Verdicts{}}
	missing := cacheResult{name: "Squid", missing: "squid is not installed"}
	failed := cacheResult{name: "HAProxy", failed: errors.New("it ended")}
	for _, tt := range []struct {
		name    string
		results []cacheResult
		want    string // in the error; empty: none
	}{
		{"one was tested", []cacheResult{missing, good}, ""},
		{"none is there", []cacheResult{missing}, "Squid: squid is not installed"},
		{"one failed", []cacheResult{good, failed}, "HAProxy could not be tested: it ended"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := firstUntested(tt.results)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestCacheTestOptions(t *testing.T) {
	o, err := parseOptions([]string{"-cache-tests", "-dump", "freshness-none", "suite"})
	if err != nil || !o.cacheTests || o.suite != "suite" || o.dump != "freshness-none" {
		t.Errorf("got %+v, %v", o, err)
	}
	if o, err := parseOptions([]string{"-cache-tests"}); err != nil || !o.cacheTests || o.suite != "" {
		t.Errorf("got %+v, %v", o, err)
	}
	for _, args := range [][]string{{"-cache-tests", "one", "two"}, {"-dump", "freshness-none"}, {"suite"}} {
		if _, err := parseOptions(args); err == nil {
			t.Errorf("%v: want an error", args)
		}
	}
}

// A message comes from the proxy under test, and must not change the report.
func TestOneLineIsHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"a\n\tb":           "a b",
		"<b>`x`|*y*_z_":    `&lt;b>'x'\|\*y\*\_z\_`,
		"1234567890123456": "123456789012345...",
	} {
		if got := oneLine(text, 15); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// nginx says how many requests it has had in the third number.
func TestParseStubStatus(t *testing.T) {
	const good = "Active connections: 291 \nserver accepts handled requests\n 16630948 16630946 31070465 \nReading: 6 Writing: 179 Waiting: 106 \n"
	if n, err := parseStubStatus(good); err != nil || n != 31070465 {
		t.Errorf("got %d, %v", n, err)
	}
	for _, text := range []string{"", "404", "server accepts handled requests\n", "server accepts handled requests\n 1 2\n", "server accepts handled requests\n 1 2 x\n"} {
		if n, err := parseStubStatus(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, n)
		}
	}
}

func TestSuiteConfigsNameTheOriginOnce(t *testing.T) {
	s := goldenSetup()
	s.Origins = []int{7001}
	for _, c := range (&bench{}).cachesToTest() {
		if c.config == "" {
			continue
		}
		text, err := c.configText(s)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(text, "7001") != 1 {
			t.Errorf("%s:\n%s", c.name, text)
		}
	}
}
