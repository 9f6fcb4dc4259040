package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// commentedOut matches the settings of the example that are turned off: a "#"
// with no space after it.
var commentedOut = regexp.MustCompile(`(?m)^#([^ \n])`)

// essentials says in the words of the example only what has no default.
const essentials = `
[[site]]
hosts = ["shop.example.com", "www.shop.example.com"]
upstream = "app"
[[site.route]]
path = "/api/"
[upstream.app]
servers = ["127.0.0.1:8080"]
`

// example returns config.example.toml as it is, and with all settings on.
func example(t *testing.T) (asIs, allOn string) {
	t.Helper()
	data, err := os.ReadFile("../config.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data), commentedOut.ReplaceAllString(string(data), "$1")
}

// "every key with its default": the example says nothing that would not hold
// without it.
func TestExampleHasTheDefaults(t *testing.T) {
	asIs, _ := example(t)
	got, want := parse(t, asIs), parse(t, essentials)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestExampleIsRightWithAllSettingsOn(t *testing.T) {
	_, allOn := example(t)
	dir := t.TempDir()
	writeFiles(t, dir)
	if _, err := Parse(filepath.Join(dir, "sluice.toml"), []byte(allOn)); err != nil {
		t.Error(err)
	}
}

// "misses no key": each key of the schema is in the example, and unless it has
// no default it is not turned off.
func TestExampleMissesNoKey(t *testing.T) {
	asIs, allOn := example(t)
	on, all := keysOf(t, asIs), keysOf(t, allOn)
	for _, table := range schema {
		for _, k := range table.keys {
			name := strings.TrimPrefix(table.path+"."+k.name, ".")
			switch {
			case k.instead:
				if !regexp.MustCompile("(?m)^# .*\\b" + k.name + " = ").MatchString(asIs) {
					t.Errorf("%s is missing in the remarks", name)
				}
			case !all[name]:
				t.Errorf("%s is missing", name)
			case k.standard != "" && !on[name] && !table.choice:
				t.Errorf("%s is turned off, but has the default %s", name, k.standard)
			}
		}
	}
}

// keysOf returns the keys that a file sets, named as in the schema.
func keysOf(t *testing.T, text string) map[string]bool {
	t.Helper()
	p := &problems{file: "config.example.toml"}
	root, ok := parseTree([]byte(text), p)
	if !ok {
		t.Fatal(p.err())
	}
	keys := map[string]bool{}
	var walk func(path string, n *node)
	walk = func(path string, n *node) {
		for name, value := range n.keys {
			if path == "upstream." {
				name = "NAME"
			}
			keys[path+name] = true
			walk(path+name+".", value)
		}
		for _, item := range n.items {
			walk(path, item)
		}
	}
	walk("", root)
	return keys
}

// Each table of the schema has a part of the reference, with a row for each of
// its keys that names its default.
func TestReferenceMissesNoKey(t *testing.T) {
	data, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(string(data), "\n## ") {
		title, text, _ := strings.Cut(part, "\n")
		parts[strings.Trim(title, "`")] = text
	}
	for _, table := range schema {
		if table.path == "" {
			continue
		}
		text, found := parts[table.header]
		if !found {
			t.Errorf("no part for %s", table.header)
		}
		for _, k := range table.keys {
			if k.name == "route" || k.name == "http2" || k.name == "degraded" && table.path == "site" {
				continue // tables have parts of their own
			}
			standard := "none"
			if k.standard != "" {
				standard = "`" + k.standard + "`"
			}
			row := regexp.MustCompile("(?m)^\\| `" + k.name + "` \\| [^|]+ \\| " + regexp.QuoteMeta(standard) + " \\| ")
			if !row.MatchString(text) {
				t.Errorf("%s: no row for %s with the default %s", table.header, k.name, standard)
			}
		}
	}
}

// The configurations that the reference shows are right, and the errors it
// shows are what comes out.
func TestReferenceShowsWhatHappens(t *testing.T) {
	data, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```(toml|text)\n(.*?)```").FindAllStringSubmatch(string(data), -1)
	if len(blocks) == 0 {
		t.Fatal("no examples")
	}
	for i, block := range blocks {
		if block[1] != "toml" {
			continue
		}
		want := ""
		if i+1 < len(blocks) && blocks[i+1][1] == "text" {
			want = strings.TrimSpace(blocks[i+1][2])
		}
		got := ""
		if _, err := Parse("sluice.toml", []byte(block[2])); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%sgot:\n%s\nwant:\n%s", block[2], got, want)
		}
	}
}
