package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// everyCommand returns c and all commands below it.
func everyCommand(c *cobra.Command) (all []*cobra.Command) {
	all = append(all, c)
	for _, sub := range c.Commands() {
		all = append(all, everyCommand(sub)...)
	}
	return all
}

// "what it does, when one needs it, an example that works, exit statuses".
func TestEveryCommandTeaches(t *testing.T) {
	root := newCommand()
	root.InitDefaultHelpCmd()
	for _, c := range everyCommand(root) {
		name := c.CommandPath()
		if c.Short == "" || c.Long == "" || c != root && c.Example == "" {
			t.Errorf("%s: it has no Short, no Long or no Example", name)
		}
		if c.Parent() == root && c.GroupID == "" {
			t.Errorf("%s: it is in no group", name)
		}
		var help bytes.Buffer
		c.InitDefaultHelpFlag()
		writeHelp(&help, c)
		for line := range strings.Lines(help.String()) {
			if n := columns(strings.TrimSuffix(line, "\n")); n > helpWidth || strings.Contains(line, "\t") {
				t.Errorf("%s: %d columns, or a tab: %q", name, n, line)
			}
		}
	}
}

// aside is what follows a command in an example: a remark, or more of a shell.
var aside = regexp.MustCompile(`\s{3,}.*| (\||>).*`)

// An example that names a command or flag that there is not teaches nonsense.
func TestExamplesAreUnderstood(t *testing.T) {
	tried := 0
	for _, c := range everyCommand(newCommand()) {
		for line := range strings.Lines(c.Example) {
			words, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "  sluice ")
			if !ok {
				if !strings.HasPrefix(line, "  ") {
					t.Errorf("%s: %q is not indented", c.CommandPath(), line)
				}
				continue
			}
			tried++
			words = aside.ReplaceAllString(words, "")
			root := newCommand() // flags keep their values
			found, rest, err := root.Find(strings.Fields(words))
			if err == nil {
				err = found.ParseFlags(rest)
			}
			if err == nil {
				err = found.ValidateArgs(found.Flags().Args())
			}
			if err != nil || found == root {
				t.Errorf("%s: %q: %v", c.CommandPath(), words, err)
			}
		}
	}
	if tried < 10 {
		t.Errorf("only %d examples were tried", tried)
	}
}

// Who forgets an argument reads which one, not how many there are.
func TestArgumentsAreNamed(t *testing.T) {
	for line, want := range map[string]string{
		"upstream drain app":              "sluice upstream drain: ADDRESS is missing\n",
		"upstream weight":                 "sluice upstream weight: POOL and ADDRESS and N are missing\n",
		"purge":                           "sluice purge: URL is missing\n",
		"completion":                      "sluice completion: bash|zsh|fish is missing\n",
		"completion tcsh":                 "invalid argument \"tcsh\"",
		"status app":                      "sluice status: \"app\" is one argument too many\n",
		"why a b":                         "sluice why: \"b\" is one argument too many\n",
		"maintenance shop.example.com on": "sluice maintenance has no command \"shop.example.com\"; it has off, on\n",
	} {
		root := newCommand()
		root.SetArgs(strings.Fields(line))
		err := root.Execute()
		if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), " --help says how it is used") {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

func TestHelpShowsCommandsByGroup(t *testing.T) {
	var out bytes.Buffer
	c := newCommand()
	c.SetOut(&out)
	c.SetArgs([]string{"--help"})
	if err := c.Execute(); err != nil {
		t.Fatal(err)
	}
	rest := out.String()
	for _, want := range []string{"\nServe:\n", "\n  run ", "\nLook:\n", "\n  status ", "\nChange:\n", "\n  maintenance ", "\nSet up:\n", "\n  completion "} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Errorf("no %q, or not in this order, in\n%s", want, out.String())
			continue
		}
		rest = "\n" + after
	}
}

func TestMistakesOnTheCommandLineAreExplained(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"nix", "there is no command \"nix\"\nsluice --help lists all"},
		{"statsu", "there is no command \"statsu\"; did you mean \"status\"?\nsluice --help lists all"},
		{"help nix", "there is no command \"nix\"\nsluice --help lists all"},
		{"maintenance nix", "sluice maintenance has no command \"nix\"; it has off, on\nsluice maintenance --help says how it is used"},
		{"maintenance on", "sluice maintenance on: SITE is missing\nsluice maintenance on --help says how it is used"},
		{"status --nix", "unknown flag: --nix\nsluice status --help says how it is used"},
		{"status --json --watch", "none of the others can be"},
	} {
		c := newCommand()
		c.SetOut(new(bytes.Buffer))
		c.SetErr(new(bytes.Buffer))
		c.SetArgs(strings.Fields(tt.line))
		if err := c.Execute(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %q, want %q", tt.line, err, tt.want)
		}
	}
}
