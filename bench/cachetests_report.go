package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sluice/bench/cachesuite"
)

// report is the run in Markdown, without the names of temporary files.
func (c *cacheTests) report(ctx context.Context, results []cacheResult) (string, error) {
	records, err := c.records()
	if err != nil {
		return "", err
	}
	var t strings.Builder
	c.cacheHead(ctx, &t)
	t.WriteString(cacheTables(c.catalogue, results, records))
	return strings.ReplaceAll(t.String(), c.dir, "$TMP"), nil
}

// cacheHead says what was tested with what.
func (c *cacheTests) cacheHead(ctx context.Context, t *strings.Builder) {
	fmt.Fprintf(t, "# Cache tests, %s\n\n", c.started.Format("2006-01-02 15:04"))
	fmt.Fprintf(t, "- commit: %s\n", c.commit)
	state := "release " + c.suite.Version + " by npm"
	if dir := c.options.suite; dir != "" {
		state = "a checkout of version " + c.suite.Version
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			state += ", commit " + readCommit(ctx, dir)
		}
	}
	fmt.Fprintf(t, "- suite: http-tests/cache-tests, %s\n\n", state)
}

// records are the results of shared caches that the suite publishes, judged by
// the same rules. Those of browsers, which are private caches, are left out.
func (c *cacheTests) records() ([]cacheResult, error) {
	var list []cacheResult
	for _, r := range c.catalogue.Records {
		if r.Type == "browser" {
			continue
		}
		results, err := c.suite.Published(r)
		if err != nil {
			return nil, err
		}
		list = append(list, cacheResult{name: r.Name, version: r.Version, results: results, verdicts: c.catalogue.Judge(results)})
	}
	return list, nil
}

// cacheTables are the tables and lists of a run.
func cacheTables(catalogue *cachesuite.Catalogue, results, records []cacheResult) string {
	var t strings.Builder
	t.WriteString("## All cases\n\n" + cacheNotes(catalogue))
	t.WriteString(totals(catalogue, results, records).String() + "\n")
	for _, r := range results {
		t.WriteString(r.remark())
	}
	t.WriteString("## By group\n\nRequired; optimal; checks, yes/no.\n\n" + byGroup(catalogue, results).String() + "\n")
	for _, r := range results {
		if r.verdicts != nil {
			t.WriteString(r.notPassed(catalogue))
		}
	}
	return t.String()
}

// cacheNotes say how to read the figures.
func cacheNotes(catalogue *cachesuite.Catalogue) string {
	required, optimal := catalogue.BrowserOnly()
	return fmt.Sprintf("Cases that passed, by the suite's own rules: a case does not pass where one that it depends on did not. "+
		"A required one that does not pass breaks RFC 9111, an optimal one is a chance missed, a check asks only what caches do. "+
		"%d required and %d optimal cases for browsers only are left out, as is Surrogate-Control, which is no standard. "+
		"The records are those that the suite publishes, counted in the same way.\n\n", required, optimal)
}

// totals have a line a cache.
func totals(catalogue *cachesuite.Catalogue, results, records []cacheResult) *table {
	t := &table{head: []string{"cache", "version", "required", "optimal", "checks yes/no"}}
	line := func(name string, r cacheResult) {
		if r.verdicts == nil {
			t.add(name, r.version, "–", "–", "–")
			return
		}
		n := catalogue.Count(r.verdicts)
		t.add(name, r.version, score(n.Required), score(n.Optimal), fmt.Sprintf("%d/%d", n.Yes, n.No))
	}
	for _, r := range results {
		line(r.name, r)
	}
	for _, r := range records {
		line(r.name+", the suite's record", r)
	}
	return t
}

// byGroup has a line a group, with three columns for each cache that was
// tested.
func byGroup(catalogue *cachesuite.Catalogue, results []cacheResult) *table {
	t := &table{head: []string{"group"}}
	var tested []cacheResult
	for _, r := range results {
		if r.verdicts != nil {
			tested = append(tested, r)
			t.head = append(t.head, r.name, "opt.", "y/n")
		}
	}
	for _, g := range catalogue.Groups {
		cells := []string{g.ID}
		for _, r := range tested {
			n := g.Count(r.verdicts)
			cells = append(cells, score(n.Required), score(n.Optimal), "–")
			if n.Yes+n.No > 0 {
				cells[len(cells)-1] = fmt.Sprintf("%d/%d", n.Yes, n.No)
			}
		}
		t.add(cells...)
	}
	return t
}

// score is passed/of, or a dash for none.
func score(s cachesuite.Score) string {
	if s.Of == 0 {
		return "–"
	}
	return fmt.Sprintf("%d/%d", s.Passed, s.Of)
}

// remark is what must be said of a cache below the table.
func (r cacheResult) remark() string {
	switch {
	case r.missing != "":
		why, _, _ := strings.Cut(r.missing, "\n")
		return fmt.Sprintf("%s was not tested: %s.\n\n", r.name, why)
	case r.failed != nil:
		return fmt.Sprintf("**%s failed:** %s\n\n", r.name, oneLine(r.failed.Error(), 1000))
	case r.note != "":
		return fmt.Sprintf("**%s:** %s\n\n", r.name, oneLine(r.note, 1000))
	}
	return ""
}

// notPassed lists the required cases that a cache did not pass.
func (r cacheResult) notPassed(catalogue *cachesuite.Catalogue) string {
	var t strings.Builder
	list := catalogue.NotPassed(r.verdicts)
	fmt.Fprintf(&t, "## %s: %d required cases not passed\n\n", r.name, len(list))
	for _, c := range list {
		fmt.Fprintf(&t, "- `%s`: %s", c.ID, r.verdicts[c.ID])
		if message := r.results[c.ID].Message; message != "" && r.verdicts[c.ID] == cachesuite.Failed {
			t.WriteString(": " + oneLine(message, 160))
		}
		t.WriteByte('\n')
	}
	if len(list) > 0 {
		t.WriteByte('\n')
	}
	return t.String()
}

// oneLine is a text from elsewhere on one line, without what Markdown would
// take for its own, and not too long.
func oneLine(text string, most int) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		runes = append(runes[:most], []rune("...")...)
	}
	return strings.NewReplacer("<", "&lt;", "|", `\|`, "`", "'", "*", `\*`, "_", `\_`).Replace(string(runes))
}
