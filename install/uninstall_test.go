package install

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func ownerOf(t *testing.T, path string) int {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

// installed returns a machine with Sluice running on it and some state.
func installed(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t)
	i := m.installation("one")
	i.Start = true
	if err := i.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.write("/var/lib/sluice/certs/key.pem", "secret")
	m.write("/etc/sluice/environment", "A=b")
	return m
}

func TestUninstallKeepsConfigStateAndUser(t *testing.T) {
	m := installed(t)
	if err := m.installation("one").Uninstall(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	want := []string{"/etc/sluice/environment", "/etc/sluice/sluice.toml", "/var/lib/sluice/certs/key.pem"}
	if got := m.files(); !slices.Equal(got, want) {
		t.Errorf("left are %q, want %q", got, want)
	}
	if m.active || !m.user || !m.hasRun("systemctl disable --now sluice.service") || !m.hasRun("daemon-reload") {
		t.Errorf("active %v, user %v, was run: %q", m.active, m.user, m.ran)
	}
	m.says("/etc/sluice: stays", "/var/lib/sluice: stays")

	// And once more, which finds nothing.
	if err := m.installation("one").Uninstall(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	m.says("Nothing of")
	// And back.
	m.install("two")
	if m.text("/var/lib/sluice/certs/key.pem") != "secret" {
		t.Error("the state is gone")
	}
}

func TestPurgeLeavesNothing(t *testing.T) {
	m := installed(t)
	if err := m.installation("one").Uninstall(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if got := m.files(); len(got) > 0 || m.user || m.active {
		t.Errorf("left are %q, user %v", got, m.user)
	}
	for _, path := range Purged() {
		if _, err := os.Lstat(m.root + path); err == nil {
			t.Errorf("%s is left", path)
		}
	}
}

func TestUninstallLeavesAlone(t *testing.T) {
	t.Run("a file that was changed, under another name", func(t *testing.T) {
		m := installed(t)
		m.write(unitFile, "[Service]\nNice=5\n"+m.text(unitFile))
		if err := m.installation("one").Uninstall(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(m.text(unitFile+".disabled"), "Nice=5") || slices.Contains(m.files(), unitFile) {
			t.Errorf("left are %q", m.files())
		}
	})
	t.Run("what is of others", func(t *testing.T) {
		m := installed(t)
		m.write(unitFile, "[Service]\n")
		m.write(program, "#!/bin/sh\n")
		if err := m.installation("one").Uninstall(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		if got := m.files(); !slices.Contains(got, unitFile) || !slices.Contains(got, program) {
			t.Errorf("left are %q", got)
		}
	})
	t.Run("a package", func(t *testing.T) {
		m := installed(t)
		m.write(packageProgram, "x")
		m.write(packageUnit, "x")
		if err := m.installation("one").Uninstall(t.Context(), true); err == nil || !strings.Contains(err.Error(), "apt purge") {
			t.Errorf("purge: %v", err)
		}
		if err := m.installation("one").Uninstall(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		if !m.active || slices.Contains(m.files(), unitFile) || !slices.Contains(m.files(), packageUnit) {
			t.Errorf("active %v, left are %q", m.active, m.files())
		}
	})
	t.Run("everything, when it is not root who asks", func(t *testing.T) {
		m := installed(t)
		before := m.files()
		i := m.installation("one")
		i.Machine.UID = 1000
		if err := i.Uninstall(t.Context(), true); err == nil || !strings.Contains(err.Error(), "sudo") {
			t.Errorf("%v", err)
		}
		if got := m.files(); !slices.Equal(got, before) {
			t.Errorf("left are %q", got)
		}
	})
	t.Run("everything, when it is only asked about", func(t *testing.T) {
		m := installed(t)
		before := m.files()
		i := m.installation("one")
		i.DryRun = true
		if err := i.Uninstall(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		if got := m.files(); !slices.Equal(got, before) || !m.active || !m.user {
			t.Errorf("left are %q", got)
		}
		m.says("/usr/local/bin/sluice: would be removed", "/etc/sluice: would be removed", "user sluice: would be removed")
	})
}

// What is ours is seen by the file alone.
func TestOriginOfAFile(t *testing.T) {
	for _, tt := range []struct {
		text string
		want origin
	}{
		{mark("a\n"), ours},
		{mark("a"), ours},
		{"", foreign},
		{"a\n", foreign},
		{"b\n" + mark("a\n"), changed},
		{mark("a\n") + "b\n", changed},
		{strings.Replace(mark("a\nb\n"), "a", "A", 1), changed},
		{`says "# Written by "sluice install" (" somewhere` + "\n", foreign},
	} {
		if got := originOf(tt.text); got != tt.want {
			t.Errorf("%q: %v, want %v", tt.text, got, tt.want)
		}
	}
}
