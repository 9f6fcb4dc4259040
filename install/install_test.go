package install

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sluice/deploy"
	"sluice/leaktest"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "wait" { // as the program that runs
		os.Stdin.Read(make([]byte, 1))
		return
	}
	leaktest.Main(m)
}

// everything is what is installed on a machine that has everything.
var everything = []string{
	"/etc/logrotate.d/sluice", "/etc/sluice/sluice.toml", "/etc/systemd/system/sluice.service", "/usr/local/bin/sluice",
	"/usr/local/share/bash-completion/completions/sluice", "/usr/local/share/fish/vendor_completions.d/sluice.fish",
	"/usr/local/share/zsh/site-functions/_sluice",
}

func TestAFreshMachineGetsEverything(t *testing.T) {
	m := newMachine(t)
	m.install("one")
	if got := m.files(); !slices.Equal(got, everything) {
		t.Errorf("installed are %q, want %q", got, everything)
	}
	for path, want := range map[string]os.FileMode{
		"/usr/local/bin/sluice": 0o755, "/etc/sluice/sluice.toml": 0o644, "/etc/systemd/system/sluice.service": 0o644,
		"/var/lib/sluice": os.ModeDir | 0o700, "/var/log/sluice": os.ModeDir | 0o750,
	} {
		if info, err := os.Stat(m.root + path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v; want %v", path, info, err, want)
		}
	}
	if !strings.HasSuffix(m.text("/usr/local/bin/sluice"), "one") {
		t.Error("the program is another one")
	}
	if got := m.text("/etc/sluice/sluice.toml"); got != deploy.Config {
		t.Errorf("the config is\n%s", got)
	}
	if !strings.Contains(m.text(unitFile), "\nExecStart=/usr/local/bin/sluice run --config /etc/sluice/sluice.toml\n") {
		t.Error("the unit starts something else")
	}
	check := "/usr/local/bin/sluice check --config /etc/sluice/sluice.toml"
	if !m.user || !m.hasRun("systemctl daemon-reload") || !m.hasRun(check) || m.as[check] != "sluice" {
		t.Errorf("user %v, was run: %q", m.user, m.ran)
	}
	if m.active || m.hasRun("enable") {
		t.Error("it was started without --start")
	}
	m.says("user sluice: created", "/etc/sluice/sluice.toml: written", "sudo systemctl enable --now sluice")
}

// Root's umask may be 077. What Sluice's user and others are to read they can.
func TestWhateverTheUmaskIs(t *testing.T) {
	m := newMachine(t)
	before := syscall.Umask(0o077)
	defer syscall.Umask(before)
	m.install("one")
	for _, folder := range []string{"/etc/sluice", "/usr/local/share", "/usr/local/share/zsh/site-functions"} {
		if info, err := os.Stat(m.root + folder); err != nil || info.Mode() != os.ModeDir|0o755 {
			t.Errorf("%s: %v, %v", folder, info, err)
		}
	}
}

// Labels are given to what is ours, and not to all that is beside a config.
func TestLabelsOfSELinux(t *testing.T) {
	m := newMachine(t)
	m.missing = nil
	i := m.installation("one")
	i.Config = "/srv/sluice.toml"
	if err := i.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !m.hasRun("restorecon -R /usr/local/bin/sluice /srv/sluice.toml /var/lib/sluice /var/log/sluice " + unitFile) {
		t.Errorf("was run: %q", m.ran)
	}
}

func TestASecondRunChangesNothing(t *testing.T) {
	m := newMachine(t)
	m.install("one")
	m.install("one")
	if got := m.files(); !slices.Equal(got, everything) {
		t.Errorf("installed are %q", got)
	}
	if m.hasRun("daemon-reload") || strings.Contains(m.out.String(), "written") {
		t.Errorf("something was done again: %q\n%s", m.ran, &m.out)
	}
	m.says("is this version already")
}

// "systemd-sysusers if present, else useradd, else BusyBox's adduser".
func TestTheUserIsCreatedByWhatThereIs(t *testing.T) {
	for _, tt := range []struct {
		missing []string
		want    string
	}{
		{nil, "systemd-sysusers --inline u sluice "},
		{[]string{"systemd-sysusers"}, "useradd --system "},
		{[]string{"systemd-sysusers", "useradd"}, "adduser -S "},
	} {
		m := newMachine(t)
		m.missing = append(m.missing, tt.missing...)
		m.install("one")
		last := ""
		for _, c := range m.ran {
			if strings.Contains(c, "sysusers") || strings.Contains(c, "adduser") || strings.Contains(c, "useradd") {
				last = c
			}
		}
		if !strings.HasPrefix(last, tt.want) {
			t.Errorf("without %q: %q, want %s", tt.missing, last, tt.want)
		}
	}
}

// "Never overwrites a config", and nothing else that a person has changed or
// that is somebody else's.
func TestWhatAPersonHasChangedStays(t *testing.T) {
	m := newMachine(t)
	m.install("one")
	mine := map[string]string{
		"/etc/sluice/sluice.toml": "# mine\n",
		unitFile:                  "[Service]\nNice=5\n" + m.text(unitFile),
		"/etc/logrotate.d/sluice": "# of another\n",
	}
	for path, text := range mine {
		m.write(path, text)
	}
	m.install("two")
	for path, text := range mine {
		if m.text(path) != text {
			t.Errorf("%s was overwritten", path)
		}
	}
	if !strings.HasSuffix(m.text("/usr/local/bin/sluice"), "two") {
		t.Error("the program is the old one")
	}
	m.says("sluice.toml: stays as it is", "sluice.service: was changed by hand", `logrotate.d/sluice: is not of "sluice install"`)
}

// A unit of an older version that nobody has touched is brought up to date, and
// so is one that was copied by hand from deploy/.
func TestAnUntouchedUnitIsBroughtUpToDate(t *testing.T) {
	for _, old := range []string{mark("[Service]\nExecStart=/usr/local/bin/sluice\n"), deploy.Unit(program, "/etc/sluice/sluice.toml")} {
		m := newMachine(t)
		m.write(unitFile, old)
		m.install("one")
		if got := m.text(unitFile); got != mark(deploy.Unit(program, "/etc/sluice/sluice.toml")) {
			t.Errorf("the unit is\n%s", got)
		}
		if !m.hasRun("daemon-reload") {
			t.Error("systemd was not told")
		}
	}
}

func TestWhatMayNotBeInstalled(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare func(*machine, *Installation)
		want    []string
	}{
		"not root": {func(_ *machine, i *Installation) { i.Machine.UID, i.Start = 1000, true }, []string{"only root", "sudo ", "/sluice install --start"}},
		"a package": {func(m *machine, _ *Installation) {
			m.write(packageProgram, "x")
			m.write(packageUnit, "x")
		}, []string{"has a package", "package manager"}},
		"another program":  {func(m *machine, _ *Installation) { m.write(program, "#!/bin/sh\n") }, []string{"another program", "move it away"}},
		"a path for shell": {func(_ *machine, i *Installation) { i.Config = "/etc/a b%n.toml" }, []string{"--config", "cannot stand in a unit"}},
		"a config that this version refuses": {func(m *machine, i *Installation) {
			m.write("/etc/sluice/sluice.toml", "x")
			m.fails[i.Program+" check"] = errors.New("sluice.toml:1: x: unknown key")
		}, []string{"unknown key", "nothing was installed"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			i := m.installation("one")
			tt.prepare(m, i)
			before := m.files()
			err := i.Install(t.Context())
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			if got := m.files(); !slices.Equal(got, before) || m.user {
				t.Errorf("something was done: %q", got)
			}
		})
	}
}

func TestWithoutSystemdItSaysWhatElse(t *testing.T) {
	m := newMachine(t)
	if err := os.RemoveAll(m.root + "/run/systemd"); err != nil {
		t.Fatal(err)
	}
	m.install("one")
	if slices.Contains(m.files(), unitFile) || m.hasRun("systemctl") {
		t.Errorf("files %q, was run: %q", m.files(), m.ran)
	}
	m.says("no systemd", "/usr/local/bin/sluice run --config /etc/sluice/sluice.toml", "Without systemd")
	i := m.installation("one")
	i.Start = true
	if err := i.Install(t.Context()); err == nil || !strings.Contains(err.Error(), "--start") {
		t.Errorf("--start: %v", err)
	}
}

// "Every step that fails says what and the remedy, and what was already done",
// and the next run goes on from there.
func TestAStepThatFails(t *testing.T) {
	m := newMachine(t)
	m.write("/usr/local/share/bash-completion", "a file, where a folder should be")
	i := m.installation("one")
	err := i.Install(t.Context())
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"/usr/local/share/bash-completion/completions/sluice: not ", "not a directory", "run this again", "above is done"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	m.says("/usr/local/bin/sluice: written")
	if err := os.Remove(m.root + "/usr/local/share/bash-completion"); err != nil {
		t.Fatal(err)
	}
	m.install("one")
	if got := m.files(); !slices.Equal(got, everything) {
		t.Errorf("installed are %q", got)
	}
}

func TestDryRunDoesNothing(t *testing.T) {
	m := newMachine(t)
	i := m.installation("one")
	i.DryRun, i.Start = true, true
	i.Machine.UID = 1000 // anybody may ask
	if err := i.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := m.files(); len(got) > 0 || m.user || m.active {
		t.Errorf("there are %q", got)
	}
	for _, path := range everything {
		m.says(path + ": would be written")
	}
	m.says("sluice.service: would be enabled and started")
}

// The program that is replaced is running.
func TestARunningProgramIsReplaced(t *testing.T) {
	m := newMachine(t)
	m.install("one")
	cmd := exec.CommandContext(t.Context(), m.root+program, "wait")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m.write("/usr/local/bin/.sluice.123.tmp", "of an installation that was killed")
	m.install("two")
	if !strings.HasSuffix(m.text(program), "two") {
		t.Error("it was not replaced")
	}
	if got := m.files(); !slices.Equal(got, everything) {
		t.Errorf("installed are %q", got)
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the one that ran: %v", err)
	}
}

// The state of a Sluice that root has run by hand is its user's afterwards.
func TestFoldersOfRootsBecomeTheUsers(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("skipped: only root can give files away")
	}
	m := newMachine(t)
	m.user = true
	m.write("/var/lib/sluice/certs/a.pem", "x")
	if err := os.Symlink(m.root+"/etc", m.root+"/var/lib/sluice/link"); err != nil {
		t.Fatal(err)
	}
	i := m.installation("one")
	const uid, gid = 54321, 54322
	i.Machine.Account = func(string) (int, int, error) { return uid, gid, nil }
	if err := i.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.says("/var/lib/sluice: given to the user sluice")
	for path, want := range map[string]int{"/var/lib/sluice": uid, "/var/lib/sluice/certs/a.pem": uid, "/var/lib/sluice/link": uid, "/etc": 0} {
		if got := ownerOf(t, m.root+path); got != want {
			t.Errorf("%s is of %d, want %d", path, got, want)
		}
	}
}
