package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pages writes the manual and returns its pages by their names.
func pages(t *testing.T, epoch string) (dir string, all map[string]string) {
	t.Helper()
	t.Setenv("SOURCE_DATE_EPOCH", epoch)
	dir = t.TempDir()
	c := newCommand()
	c.SetOut(new(bytes.Buffer))
	c.SetArgs([]string{"man", dir})
	if err := c.Execute(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all = map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name()] = string(text)
	}
	return dir, all
}

func TestThereIsAManualPageForEachCommand(t *testing.T) {
	_, all := pages(t, "")
	for _, c := range everyCommand(newCommand()) {
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
		if page, ok := all[name]; ok == c.Hidden || !c.Hidden && !strings.Contains(page, ".SH DESCRIPTION") {
			t.Errorf("%s: there is %v, hidden %v", name, ok, c.Hidden)
		}
	}
	for _, want := range []string{"\n0  all is well, or there are warnings only\n", "NO_COLOR is set", "sluice status --pool app"} {
		if page := strings.ReplaceAll(all["sluice-status.1"], "\n  ", "\n"); !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}

// sluice.toml(5) has every key that the example has, which has all.
func TestTheManualOfTheConfigurationIsWhole(t *testing.T) {
	_, all := pages(t, "")
	page := strings.ReplaceAll(all["sluice.toml.5"], `\-`, "-")
	keys := 0
	for line := range strings.Lines(exampleConfig) {
		key, value, found := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "#"), " = ")
		if !found || strings.Contains(key, " ") {
			continue
		}
		keys++
		if value, _, _ = strings.Cut(value, " #"); !strings.Contains(page, key+" = "+strings.TrimSpace(value)+`\fP`) {
			t.Errorf("%s = %s is not there", key, value)
		}
	}
	if keys < 100 {
		t.Errorf("only %d keys were looked for", keys)
	}
}

// "dates reproducible (SOURCE_DATE_EPOCH or no date), no path of this machine".
func TestManualPagesAreTheSameEverywhere(t *testing.T) {
	_, undated := pages(t, "")
	_, dated := pages(t, "1796000000")
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range undated {
		title, _, _ := strings.Cut(page[strings.Index(page, ".TH"):], "\n")
		if !strings.Contains(title, `" "" "sluice `) {
			t.Errorf("%s has a date: %s", name, title)
		}
		if strings.Contains(page, here) || strings.Contains(page, os.TempDir()+"/") {
			t.Errorf("%s has a path of this machine", name)
		}
		if want := strings.Replace(page, `" "" "sluice`, `" "Nov 2026" "sluice`, 1); dated[name] != want {
			t.Errorf("%s with a date differs by more than that", name)
		}
	}
	if _, err := manualDate("tomorrow"); err == nil {
		t.Error("SOURCE_DATE_EPOCH=tomorrow was taken")
	}
}

func TestManualPagesCanBeShown(t *testing.T) {
	dir, all := pages(t, "1796000000")
	var check []string
	if program, err := exec.LookPath("mandoc"); err == nil {
		check = []string{program, "-T", "lint", "-W", "error"}
	} else if program, err := exec.LookPath("groff"); err == nil {
		check = []string{program, "-man", "-t", "-ww", "-Tutf8", "-z"}
	} else {
		t.Skip("neither mandoc nor groff is installed")
	}
	for name := range all {
		c := exec.CommandContext(t.Context(), check[0], append(check[1:], filepath.Join(dir, name))...)
		if said, err := c.CombinedOutput(); err != nil || len(said) > 0 {
			t.Errorf("%s: %v\n%s", name, err, said)
		}
	}
}
