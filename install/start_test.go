package install

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strings"
	"testing"
)

func TestStart(t *testing.T) {
	m := newMachine(t)
	i := m.installation("one")
	i.Start = true
	if err := i.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !m.active || !m.hasRun("systemctl enable --now sluice.service") {
		t.Errorf("was run: %q", m.ran)
	}

	// One that runs goes over to the new version, and is not touched without one.
	i = m.installation("two")
	i.Start = true
	if err := i.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !m.hasRun("/usr/local/bin/sluice upgrade --config /etc/sluice/sluice.toml") || m.hasRun("restart") {
		t.Errorf("a new version: was run: %q", m.ran)
	}
	i = m.installation("two")
	i.Start = true
	if err := i.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m.hasRun("upgrade") || m.hasRun("restart") {
		t.Errorf("the same version: was run: %q", m.ran)
	}

	// Where the upgrade does not work there is a restart.
	i = m.installation("three")
	i.Start = true
	m.fails["/usr/local/bin/sluice upgrade"] = errors.New("no")
	if err := i.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !m.hasRun("systemctl restart sluice.service") {
		t.Errorf("was run: %q", m.ran)
	}

	// Without --start a person decides.
	m.install("four")
	if m.hasRun("upgrade") || m.hasRun("restart") {
		t.Errorf("without --start: was run: %q", m.ran)
	}
	m.says("sudo /usr/local/bin/sluice upgrade")
}

// "Does not start before sluice check passes."
func TestAConfigThatIsWrongIsNotStarted(t *testing.T) {
	m := newMachine(t)
	m.fails["/usr/local/bin/sluice check"] = errors.New("open /etc/sluice/sluice.toml: permission denied")
	i := m.installation("one")
	i.Start = true
	err := i.Install(t.Context())
	if err == nil || !strings.Contains(err.Error(), "was not started") || !strings.Contains(err.Error(), "chgrp sluice") {
		t.Errorf("%v", err)
	}
	if m.active {
		t.Error("it was started")
	}
	if got := m.files(); !slices.Equal(got, everything) {
		t.Errorf("installed are %q", got)
	}
}

// Who looks at the config as the service will is in the groups that the service
// is in.
func TestTheGroupsOfAService(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	want, err := me.GroupIds()
	if err != nil {
		t.Fatal(err)
	}
	who, err := credential(me.Username)
	if err != nil || int(who.Uid) != os.Getuid() {
		t.Fatalf("%+v, %v", who, err)
	}
	for i, id := range want {
		if i >= len(who.Groups) || fmt.Sprint(who.Groups[i]) != id {
			t.Errorf("groups %d, want %s", who.Groups, want)
		}
	}
}
