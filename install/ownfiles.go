package install

import (
	"context"
	"iter"
	"strings"

	"sluice/deploy"
)

// ownFile is a file that Install writes, and keeps up to date until a person
// changes it.
type ownFile struct {
	path string
	text string
	with string // a folder without which nobody reads it
}

// ownFiles returns all of them.
func (i *Installation) ownFiles() []ownFile {
	return []ownFile{
		{unitFile, deploy.Unit(program, i.Config), ""},
		{"/etc/logrotate.d/sluice", deploy.Logrotate, "/etc/logrotate.d"},
		{"/usr/local/share/bash-completion/completions/sluice", i.Completions["bash"], "/usr/share/bash-completion"},
		{"/usr/local/share/zsh/site-functions/_sluice", i.Completions["zsh"], "/usr/share/zsh"},
		{"/usr/local/share/fish/vendor_completions.d/sluice.fish", i.Completions["fish"], "/usr/share/fish"},
	}
}

// wanted reports whether anything on the machine would read f.
func (i *Installation) wanted(f ownFile) bool {
	switch {
	case f.text == "":
		return false
	case f.path == unitFile:
		return i.Machine.Run == nil || i.Machine.systemd()
	}
	return i.Machine.exists(f.with)
}

// files writes those that are wanted.
func (i *Installation) files(context.Context) error {
	for _, f := range i.ownFiles() {
		if !i.wanted(f) {
			continue
		}
		if err := i.write(f); err != nil {
			return err
		}
	}
	return nil
}

// write writes f, unless a person has.
func (i *Installation) write(f ownFile) error {
	text, there, err := i.Machine.read(f.path)
	switch {
	case err != nil:
		return i.step(f.path, "read", func() error { return err })
	case there && text == mark(f.text):
		return nil
	case there && originOf(text) == changed:
		i.say("%s: was changed by hand, and stays as it is\n  to get ours: delete it, and run this again", f.path)
		return nil
	case there && originOf(text) == foreign && !sameUnit(f, text):
		i.say("%s: is not of \"sluice install\", and stays as it is\n  to get ours: move it away, and run this again", f.path)
		return nil
	}
	participle := "written"
	if there {
		participle = "brought up to date"
	}
	if f.path == unitFile {
		i.newUnit = true
	}
	return i.step(f.path, participle, func() error {
		if err := i.Machine.makeParents(f.path); err != nil {
			return err
		}
		return i.Machine.replace(f.path, strings.NewReader(mark(f.text)), 0o644)
	})
}

// sameUnit reports whether f is the unit and text is that, too, copied by hand.
func sameUnit(f ownFile, text string) bool {
	return f.path == unitFile && text == deploy.Unit(program, "/etc/sluice/sluice.toml")
}

// lines returns the lines of a text that say something.
func lines(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if line != "" && !strings.HasPrefix(line, "#") && !yield(line) {
				return
			}
		}
	}
}
