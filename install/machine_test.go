package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// machine is a folder that stands for a machine, and what its programs do.
type machine struct {
	t       *testing.T
	root    string
	user    bool             // Sluice's user is there
	active  bool             // the service runs
	missing []string         // programs that it does not have
	fails   map[string]error // by the beginning of the command
	ran     []string         // commands, in their order
	as      map[string]string
	out     bytes.Buffer // what Install has said since the last look
}

// newMachine returns one with systemd, logrotate and shells, without SELinux.
func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, root: t.TempDir(), missing: []string{"restorecon"}, fails: map[string]error{}, as: map[string]string{}}
	for _, folder := range []string{"/run/systemd/system", "/etc/systemd/system", "/etc/logrotate.d", "/usr/local/bin", "/usr/bin",
		"/usr/lib/systemd/system", "/usr/share/bash-completion", "/usr/share/zsh", "/usr/share/fish", "/var/lib", "/var/log"} {
		if err := os.MkdirAll(m.root+folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// run is what Machine.Run does.
func (m *machine) run(_ context.Context, c Command) (string, error) {
	m.ran = append(m.ran, c.String())
	m.as[c.String()] = c.Account
	if slices.Contains(m.missing, c.Words[0]) {
		return "", &exec.Error{Name: c.Words[0], Err: exec.ErrNotFound}
	}
	for begin, err := range m.fails {
		if strings.HasPrefix(c.String(), begin) {
			return "", err
		}
	}
	switch {
	case c.Words[0] == "systemd-sysusers", c.Words[0] == "useradd", c.Words[0] == "adduser":
		m.user = true
	case c.Words[0] == "userdel", c.Words[0] == "deluser":
		m.user = false
	case strings.Contains(c.String(), "is-active") && !m.active:
		return "", errors.New("exit status 3")
	case strings.Contains(c.String(), "enable --now"):
		m.active = true
	case strings.Contains(c.String(), "disable --now"):
		m.active = false
	}
	return "", nil
}

// account makes whoever runs the test Sluice's user.
func (m *machine) account(name string) (uid, gid int, err error) {
	if !m.user {
		return 0, 0, fmt.Errorf("user: unknown user %s", name)
	}
	return os.Getuid(), os.Getgid(), nil
}

// installation returns an Installation there, of a program of ours that says
// "version" at its end, which no program minds.
func (m *machine) installation(version string) *Installation {
	m.t.Helper()
	self, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	text, err := os.ReadFile(self)
	if err != nil {
		m.t.Fatal(err)
	}
	file := filepath.Join(m.t.TempDir(), "sluice")
	if err := os.WriteFile(file, append(text, version...), 0o755); err != nil {
		m.t.Fatal(err)
	}
	m.ran = nil
	m.out.Reset()
	return &Installation{
		Machine:     Machine{Root: m.root, UID: 0, Run: m.run, Account: m.account},
		Program:     file,
		Config:      "/etc/sluice/sluice.toml",
		Completions: map[string]string{"bash": "# bash\n", "zsh": "#compdef sluice\n", "fish": "# fish\n"},
		Out:         &m.out,
	}
}

// files returns the regular files there, sorted.
func (m *machine) files() (all []string) {
	m.t.Helper()
	err := filepath.WalkDir(m.root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, strings.TrimPrefix(path, m.root))
		}
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return all
}

// text returns what a file there holds.
func (m *machine) text(path string) string {
	m.t.Helper()
	text, err := os.ReadFile(m.root + path)
	if err != nil {
		m.t.Fatal(err)
	}
	return string(text)
}

func (m *machine) write(path, text string) {
	m.t.Helper()
	if err := os.MkdirAll(filepath.Dir(m.root+path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(m.root+path, []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// install installs a version, which must succeed.
func (m *machine) install(version string) {
	m.t.Helper()
	if err := m.installation(version).Install(m.t.Context()); err != nil {
		m.t.Fatalf("install %s: %v\n%s", version, err, &m.out)
	}
}

// hasRun reports whether a command was run that contains words.
func (m *machine) hasRun(words string) bool {
	return slices.ContainsFunc(m.ran, func(c string) bool { return strings.Contains(c, words) })
}

// says fails the test unless Install has said all of words.
func (m *machine) says(words ...string) {
	m.t.Helper()
	for _, word := range words {
		if !strings.Contains(m.out.String(), word) {
			m.t.Errorf("%q is not said in\n%s", word, &m.out)
		}
	}
}
