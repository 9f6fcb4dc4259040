package deploy

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// patience bounds every program that is run.
const patience = time.Minute

// analyze runs systemd-analyze, and skips the test without it.
func analyze(t *testing.T, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("skipped: systemd-analyze is not installed (package systemd)")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "SYSTEMD_COLORS=0", "SYSTEMD_PAGER=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// units returns the names of all units here.
func units(t *testing.T) (names []string) {
	t.Helper()
	for _, pattern := range []string{"*.service", "*.socket"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		names = append(names, found...)
	}
	return names
}

// executable is where a unit's programs are.
var executable = regexp.MustCompile(`(?m)^(Exec\w+=)(\S+)`)

// installed copies the units into a folder, with programs that are there
// ("verify" looks), and returns their paths.
func installed(t *testing.T) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range units(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, executable.ReplaceAll(text, []byte("${1}/bin/true")), 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// systemd-analyze(1), verify: "This command will load unit files and print
// warnings if any errors are detected."
func TestUnitsAreValid(t *testing.T) {
	paths := installed(t)
	out, err := analyze(t, append([]string{"verify", "--man=no"}, paths...)...)
	var ours []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, filepath.Dir(paths[0])) || strings.HasPrefix(line, "sluice") || strings.HasPrefix(line, "app.") {
			ours = append(ours, line)
		}
	}
	if err != nil || len(ours) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// "systemd-analyze security --offline=true exposure <= 2.0". The threshold is
// in tenths.
func TestTheServiceIsExposedAsLittleAsPromised(t *testing.T) {
	out, err := analyze(t, "security", "--offline=true", "--threshold=20", "--no-pager", "./sluice.service")
	if strings.Contains(out, "unrecognized option") {
		t.Skipf("skipped: this systemd-analyze cannot look at files: %s", out)
	}
	if err != nil || !strings.Contains(out, "Overall exposure level for sluice.service") {
		t.Errorf("%v\n%s", err, out)
	}
}

// What the service promises stands in its unit, one line each.
func TestTheServiceSaysWhatItPromises(t *testing.T) {
	text, err := os.ReadFile("sluice.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Type=notify", "Restart=always", "StartLimitIntervalSec=0", "WatchdogSec=30s", "User=sluice",
		"CapabilityBoundingSet=CAP_NET_BIND_SERVICE", "AmbientCapabilities=CAP_NET_BIND_SERVICE", "NoNewPrivileges=true",
		"ProtectSystem=strict", "StateDirectory=sluice", "LimitNOFILE=262144", "MemoryMax=50%", "WantedBy=multi-user.target",
	} {
		if !strings.Contains(string(text), "\n"+want+"\n") {
			t.Errorf("the line %s is missing", want)
		}
	}
}

// What Sluice needs of the groups of calls that the filter forbids stands after
// them, by name.
func TestTheFilterLetsSluiceDoWhatItDoes(t *testing.T) {
	text, err := os.ReadFile("sluice.service")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\nSystemCallFilter=~")
	var allowed []string
	for line := range strings.Lines(after) {
		if calls, ok := strings.CutPrefix(line, "SystemCallFilter="); ok {
			allowed = append(allowed, strings.Fields(calls)...)
		}
	}
	for _, call := range []string{
		"prlimit64",          // getrlimit(3), for server.max_connections
		"lchown", "fchownat", // lchown(3) on amd64 and on arm64, for server.admin_socket_group
	} {
		if !slices.Contains(allowed, call) {
			t.Errorf("%s is forbidden", call)
		}
	}
}

// The names by which sockets are passed are the keys of [server].
func TestSocketsHaveTheNamesThatSluiceTakes(t *testing.T) {
	for file, want := range map[string][]string{
		"sluice-http.socket":  {"ListenStream=80", "FileDescriptorName=http", "Service=sluice.service"},
		"sluice-https.socket": {"ListenStream=443", "FileDescriptorName=https", "Service=sluice.service"},
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range want {
			if !strings.Contains(string(text), "\n"+line+"\n") {
				t.Errorf("%s: the line %s is missing", file, line)
			}
		}
	}
}

// A table of the README names each file.
func TestTheReadmeNamesEachUnit(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range units(t) {
		if !strings.Contains(string(text), "("+name+")") {
			t.Errorf("%s is not in the README", name)
		}
	}
}
