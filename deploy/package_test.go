package deploy

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// packageTime is the time that packages of tests are from.
const packageTime = "1767225600"

// built are the packages of a version.
type built struct{ deb, rpm string }

// build builds the packages of a version. Without what builds them the test is
// skipped.
func build(t *testing.T, version string) built {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("skipped: packages are for Linux on amd64 and arm64")
	}
	// Looked for first: a build that fails afterwards is an error.
	if out, err := tool(t, nil, "go", "tool", "-modfile=deploy/nfpm.mod", "nfpm", "--version"); err != nil {
		t.Skipf("skipped: nfpm cannot be had: %v\n%s", err, out)
	}
	dir := t.TempDir()
	env := []string{"VERSION=" + version, "DIST=" + dir, "SOURCE_DATE_EPOCH=" + packageTime, "GOARCH=" + runtime.GOARCH}
	if out, err := tool(t, env, "sh", "deploy/package.sh"); err != nil {
		t.Fatalf("package.sh: %v\n%s", err, out)
	}
	file := filepath.Join(dir, "sluice_"+version+"_"+runtime.GOARCH)
	return built{file + ".deb", file + ".rpm"}
}

// Packages take a while to be built, so all that is asked of them stands here.
func TestPackages(t *testing.T) {
	one, again, two := build(t, "1.0.0"), build(t, "1.0.0"), build(t, "1.1.0")
	t.Run("the same commit gives the same bytes", func(t *testing.T) {
		for first, second := range map[string]string{one.deb: again.deb, one.rpm: again.rpm} {
			if read(t, first) != read(t, second) {
				t.Errorf("%s differs", filepath.Base(first))
			}
		}
	})
	t.Run("what the .deb holds", func(t *testing.T) { debHolds(t, one.deb) })
	t.Run("what the .rpm holds", func(t *testing.T) { rpmHolds(t, one.rpm) })
	t.Run("the .deb comes and goes", func(t *testing.T) { debComesAndGoes(t, one.deb, two.deb) })
	t.Run("the .deb without systemd", func(t *testing.T) { debWithoutSystemd(t, one.deb) })
	t.Run("the .rpm comes and goes", func(t *testing.T) { rpmComesAndGoes(t, one.rpm, two.rpm) })
	t.Run("on a booted systemd", func(t *testing.T) { onABootedSystemd(t, one.deb, two.deb) })
}

// tool runs a program in the folder of the repository.
func tool(t *testing.T, env []string, words ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = ".."
	cmd.Env = append(append(os.Environ(), "LC_ALL=C"), env...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// needs skips the test if the machine does not have all of the programs.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("skipped: %s is not installed", program)
		}
	}
}

// packaged is what each package brings.
var packaged = []string{
	"/etc/logrotate.d/sluice", "/etc/sluice/sluice.toml", "/usr/bin/sluice", "/usr/lib/systemd/system/sluice-http.socket",
	"/usr/lib/systemd/system/sluice-https.socket", "/usr/lib/systemd/system/sluice.service", "/usr/lib/sysusers.d/sluice.conf",
	"/usr/share/bash-completion/completions/sluice", "/usr/share/doc/sluice/README.md", "/usr/share/doc/sluice/config.example.toml",
	"/usr/share/fish/vendor_completions.d/sluice.fish", "/usr/share/man/man1/sluice.1.gz", "/usr/share/man/man1/sluice-upgrade.1.gz", "/usr/share/man/man5/sluice.toml.5.gz",
}

// configs are the files of it that a person changes.
var configs = []string{"/etc/logrotate.d/sluice", "/etc/sluice/sluice.toml"}

func debHolds(t *testing.T, deb string) {
	needs(t, "dpkg-deb")
	out, err := tool(t, nil, "dpkg-deb", "-c", deb)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var files []string
	for line := range strings.Lines(out) {
		word := strings.Fields(line) // mode owner size date time name
		name := strings.TrimPrefix(word[5], ".")
		want := "-rw-r--r--"
		switch {
		case strings.HasSuffix(name, "/"):
			want = "drwxr-xr-x"
		case name == "/usr/bin/sluice":
			want = "-rwxr-xr-x"
		}
		if word[0] != want || word[1] != "root/root" || word[3] != "2026-01-01" {
			t.Errorf("%s want %s root/root of 2026-01-01", line, want)
		}
		files = append(files, name)
	}
	for _, want := range append(packaged, "/usr/share/doc/sluice/copyright", "/usr/share/zsh/vendor-completions/_sluice") {
		if !slices.Contains(files, want) {
			t.Errorf("%s is missing", want)
		}
	}

	control := t.TempDir()
	if out, err := tool(t, nil, "dpkg-deb", "-e", deb, control); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := strings.Fields(read(t, filepath.Join(control, "conffiles"))); !slices.Equal(got, configs) {
		t.Errorf("conffiles are %q, want %q", got, configs)
	}
	for _, want := range []string{"Package: sluice\n", "Version: 1.0.0-1\n", "Architecture: " + runtime.GOARCH + "\n", "Depends: ca-certificates\n"} {
		if !strings.Contains(read(t, filepath.Join(control, "control")), want) {
			t.Errorf("the control file has no %q", want)
		}
	}

	content := t.TempDir()
	if out, err := tool(t, nil, "dpkg-deb", "-x", deb, content); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := read(t, content+"/usr/lib/systemd/system/sluice.service"); got != Unit("/usr/bin/sluice", "/etc/sluice/sluice.toml") {
		t.Errorf("the unit is\n%s", got)
	}
	// A person is to see which version serves now, and which served before.
	if out, err := tool(t, nil, content+"/usr/bin/sluice", "version"); err != nil || !strings.HasPrefix(out, "sluice 1.0.0, go") {
		t.Errorf("version: %s%v", out, err)
	}
	if got := read(t, content+"/etc/sluice/sluice.toml"); got != Config {
		t.Errorf("the config is\n%s", got)
	}
	if out, err := tool(t, nil, "gzip", "-t", content+"/usr/share/man/man1/sluice.1.gz"); err != nil {
		t.Errorf("the man page: %v %s", err, out)
	}
}

func rpmHolds(t *testing.T, rpm string) {
	needs(t, "rpm")
	out, err := tool(t, nil, "rpm", "-qp", "--nosignature", "--queryformat", `[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES}\n]`, rpm)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var files []string
	for line := range strings.Lines(out) {
		word := strings.Fields(line)
		if len(word) != 4 {
			continue // a warning
		}
		if word[1] != "root" || word[2] != "root" {
			t.Errorf("not root's: %s", line)
		}
		files = append(files, word[3])
	}
	for _, want := range append(packaged, "/usr/share/licenses/sluice/LICENSE", "/usr/share/zsh/site-functions/_sluice") {
		if !slices.Contains(files, want) {
			t.Errorf("%s is missing", want)
		}
	}
	out, err = tool(t, nil, "rpm", "-qcp", "--nosignature", rpm)
	if err != nil || !slices.Equal(strings.Fields(out), configs) {
		t.Errorf("the configs are %q, %v", out, err)
	}
	out, err = tool(t, nil, "rpm", "-qp", "--nosignature", "--queryformat", `%{NAME} %{VERSION} %{LICENSE} %{BUILDHOST}`, rpm)
	if want := "sluice 1.0.0 Apache-2.0 localhost"; err != nil || out != want {
		t.Errorf("it says %q, %v; want %q", out, err, want)
	}
}

// What git says is turned into what both formats sort rightly.
func TestVersionsOfPackages(t *testing.T) {
	needs(t, "sh", "sed", "dpkg")
	script := read(t, "package.sh")
	found := regexp.MustCompile(`sed -E '([^']+)'`).FindStringSubmatch(script)
	if found == nil {
		t.Fatal("package.sh has no such sed")
	}
	// Each is older than the next.
	sorted := [][2]string{
		{"v1.3.0-rc1", "1.3.0~rc1"}, {"v1.3.0-rc1-2-gabc1234", "1.3.0~rc1+2.gabc1234"}, {"v1.3.0", "1.3.0"},
		{"v1.3.0-5-gabc1234", "1.3.0+5.gabc1234"}, {"v1.3.0-12-g0123abc", "1.3.0+12.g0123abc"}, {"v1.3.1", "1.3.1"},
	}
	for i, tt := range sorted {
		out, err := tool(t, nil, "sh", "-c", `echo "$0" | sed -E "$1"`, tt[0], found[1])
		if err != nil || strings.TrimSpace(out) != tt[1] {
			t.Errorf("%s: %q, %v; want %s", tt[0], out, err, tt[1])
		}
		if i == 0 {
			continue
		}
		if out, err := tool(t, nil, "dpkg", "--compare-versions", sorted[i-1][1], "lt", tt[1]); err != nil {
			t.Errorf("%s is not older than %s: %v %s", sorted[i-1][1], tt[1], err, out)
		}
	}
}

// Nothing of the scripts is for one shell alone.
func TestScriptsAreOfTheShellThatThereIs(t *testing.T) {
	for _, file := range []string{"scripts/postinst", "scripts/prerm", "scripts/postrm", "package.sh"} {
		if out, err := tool(t, nil, "sh", "-n", "deploy/"+file); err != nil {
			t.Errorf("%s: %v\n%s", file, err, out)
		}
		if text := read(t, file); !strings.HasPrefix(text, "#!/bin/sh\n") || !regexp.MustCompile(`(?m)^set -eu?$`).MatchString(text) {
			t.Errorf("%s does not begin as scripts do, or goes on after an error", file)
		}
	}
}

// logrotate says what it does not understand.
func TestLogrotateUnderstandsTheSample(t *testing.T) {
	needs(t, "logrotate")
	dir := t.TempDir()
	file := filepath.Join(dir, "sluice")
	// The user need not be here, and nothing may be done to the machine's logs.
	text := strings.NewReplacer("\tsu sluice sluice\n", "", "/var/log/sluice/", dir+"/").Replace(Logrotate)
	for name, text := range map[string]string{file: text, filepath.Join(dir, "access.log"): "x\n"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := tool(t, nil, "logrotate", "-d", "-s", filepath.Join(dir, "state"), file)
	if err != nil || strings.Contains(out, "error") || !strings.Contains(out, "considering log "+dir+"/access.log") {
		t.Errorf("%v\n%s", err, out)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
