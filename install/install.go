// Package install puts Sluice on a machine that has no package of it, and takes
// it off again: the program, its user, a first config, the unit of its service,
// what logrotate is to do, and completions of shells.
//
// It may be run again at any time, and goes on where it stopped or brings a new
// version. What a person has written or changed it leaves alone. It keeps no
// list: what is ours is seen by looking at it.
package install

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"sluice/deploy"
)

// Where things are.
const (
	program   = "/usr/local/bin/sluice"
	unitFile  = "/etc/systemd/system/sluice.service"
	configDir = "/etc/sluice"
	stateDir  = "/var/lib/sluice"
	logDir    = "/var/log/sluice"
	secrets   = "/etc/sluice/environment"

	// What a package brings.
	packageProgram = "/usr/bin/sluice"
	packageUnit    = "/usr/lib/systemd/system/sluice.service"

	userName = "sluice"
)

// Installation is Sluice as it is, or shall be, on a machine.
type Installation struct {
	Machine     Machine
	Program     string            // the file that is to become the installed program
	Config      string            // the config; made if it is not there
	Completions map[string]string // of shells: "bash", "zsh", "fish"
	Start       bool              // start it, too
	DryRun      bool              // say what would be done, and do nothing
	Out         io.Writer         // where it is said what was done

	done       int  // steps
	newProgram bool // another one than before
	newUnit    bool
}

// Install installs Sluice, or brings what is installed up to date.
func (i *Installation) Install(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		i.mayInstall, i.suits, i.account, i.program, i.config, i.folders, i.files, i.label, i.service,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// plainPath is a path that means the same in a unit, in a shell and to us.
var plainPath = regexp.MustCompile(`^/[A-Za-z0-9_./+@:-]+$`)

// mayInstall returns why nothing may be begun at all.
func (i *Installation) mayInstall(context.Context) error {
	m := i.Machine
	switch {
	case m.Run != nil && m.UID != 0 && !i.DryRun:
		flags := i.configFlag()
		if i.Start {
			flags += " --start"
		}
		return i.needsRoot("install" + flags)
	case m.exists(packageProgram) && m.exists(packageUnit):
		return fmt.Errorf("this machine has a package of Sluice (%s)\nbring that up to date by the package manager, or remove it first", packageProgram)
	case m.exists(program) && !m.isSluice(program):
		return fmt.Errorf("%s is another program\nmove it away first", program)
	case !plainPath.MatchString(i.Config):
		return fmt.Errorf("--config %q: such a path cannot stand in a unit\nuse a path of letters, digits and _./+@:-", i.Config)
	}
	return nil
}

// needsRoot says how to run a command of ours as root.
func (i *Installation) needsRoot(command string) error {
	return fmt.Errorf("only root can do that\nrun: sudo %s %s", i.Program, command)
}

// suits returns why the config that is there does not suit the new program: then
// nothing is replaced, and what runs can be started again.
func (i *Installation) suits(ctx context.Context) error {
	m := i.Machine
	if m.Run == nil || i.DryRun || !m.exists(i.Config) {
		return nil
	}
	if _, err := m.Run(ctx, i.check(i.Program, "")); err != nil {
		return fmt.Errorf("%w\nnothing was installed: correct %s first", err, i.Config)
	}
	return nil
}

// check returns the command by which a program looks at the config as an account.
func (i *Installation) check(program, account string) Command {
	return Command{Words: []string{program, "check", "--config", i.Config}, Account: account, Env: i.secrets()}
}

// step does a thing and says so: "SUBJECT: PARTICIPLE".
func (i *Installation) step(subject, participle string, do func() error) error {
	if i.DryRun {
		i.say("%s: would be %s", subject, participle)
		return nil
	}
	if err := do(); err != nil {
		next := remedy(err) + ", and run this again"
		if i.done > 0 {
			next += ": what is told of above is done, and it goes on from there"
		}
		return fmt.Errorf("%s: not %s: %w\n%s", subject, participle, err, next)
	}
	i.done++
	i.say("%s: %s", subject, participle)
	return nil
}

// say prints a line.
func (i *Installation) say(format string, a ...any) { fmt.Fprintf(i.Out, format+"\n", a...) }

// program puts the program in its place.
func (i *Installation) program(context.Context) error {
	m := i.Machine
	if same(i.Program, m.at(program)) {
		i.say("%s: is this version already", program)
		return nil
	}
	participle := "written"
	if m.exists(program) {
		participle = "replaced by this version"
	}
	i.newProgram = true
	return i.step(program, participle, func() error {
		source, err := os.Open(i.Program)
		if err != nil {
			return err
		}
		defer source.Close()
		if err := m.makeParents(program); err != nil {
			return err
		}
		return m.replace(program, source, 0o755)
	})
}

// config writes a first config. Anybody may read it: secrets stand elsewhere, and
// so those who are not root can ask the running Sluice, too.
func (i *Installation) config(context.Context) error {
	m := i.Machine
	if m.exists(i.Config) {
		i.say("%s: stays as it is", i.Config)
		return nil
	}
	return i.step(i.Config, "written, for a start", func() error {
		if err := m.makeParents(i.Config); err != nil {
			return err
		}
		return m.replace(i.Config, strings.NewReader(deploy.Config), 0o644)
	})
}

// label gives the files their labels where SELinux wants them.
func (i *Installation) label(ctx context.Context) error {
	m := i.Machine
	if m.Run == nil || i.DryRun {
		return nil
	}
	words := []string{"restorecon", "-R", program, i.Config, stateDir, logDir} // not its folder: that may be anybody's
	if m.exists(unitFile) {
		words = append(words, unitFile)
	}
	if _, err := m.Run(ctx, Command{Words: words}); err != nil && !isMissing(err) {
		i.say("labels of SELinux: not set: %v", err)
	}
	return nil
}

// secrets returns the variables of the file that the unit names, as far as they
// are written plainly.
func (i *Installation) secrets() (all []string) {
	text, _, err := i.Machine.read(secrets)
	if err != nil {
		return nil // without them "check" warns, and that is all
	}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(name, "#") {
			all = append(all, name+"="+strings.Trim(value, `"'`))
		}
	}
	return all
}
