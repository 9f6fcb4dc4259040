package deploy

import (
	"path/filepath"
	"strings"
	"testing"
)

const (
	configFile  = "/etc/sluice/sluice.toml"
	environment = "/etc/sluice/environment"
	certificate = "/var/lib/sluice/certs/a.pem"
)

// wantOwner fails the test unless a path has an owner and a mode.
func (w *world) wantOwner(path, want string) {
	w.t.Helper()
	if got := strings.TrimSpace(w.do("stat", "-c", "%U:%G %a", path)); got != want {
		w.t.Errorf("%s: %s, want %s", path, got, want)
	}
}

// works fails the test unless the program that is installed at a path does.
func (w *world) works(program string) {
	w.t.Helper()
	if out := w.do(program, "version"); !strings.HasPrefix(out, "sluice ") {
		w.t.Errorf("version: %s", out)
	}
	if out := w.do(program, "check"); out != configFile+": ok\n" {
		w.t.Errorf("check: %s", out)
	}
	w.seesWhatIsClosedToTheService(program)
	w.wantOwner("/var/lib/sluice", "sluice:sluice 700")
	w.wantOwner("/var/log/sluice", "sluice:sluice 750")
	w.wantOwner(configFile, "root:root 644")
}

// seesWhatIsClosedToTheService fails the test unless root is told of a key that only
// root may read, as many bring it: the service would not start.
func (w *world) seesWhatIsClosedToTheService(program string) {
	w.t.Helper()
	before := read(w.t, w.at(configFile))
	defer w.write(configFile, before)
	const pair = "/etc/sluice/shop"
	w.do("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9",
		"-subj", "/CN=shop.example.com", "-addext", "subjectAltName=DNS:shop.example.com", "-keyout", pair+".key", "-out", pair+".pem")
	defer w.do("rm", pair+".key", pair+".pem")
	w.write(configFile, "[[site]]\nhosts = [\"shop.example.com\"]\nupstream = \"127.0.0.1:8080\"\ntls = { cert = \""+pair+".pem\", key = \""+pair+".key\" }\n")
	const warning = "warning: the user sluice, as which the service runs: "
	for mode, want := range map[string]bool{"600": true, "644": false} {
		w.do("chmod", mode, pair+".key")
		out := w.do(program, "check", "--config", configFile)
		if told := strings.Contains(out, warning+configFile+":4: site.tls.key: \""+pair+".key\" cannot be read"); told != want {
			w.t.Errorf("key of mode %s: %s", mode, out)
		}
	}
}

// The life of a package: installed, upgraded with a config that was changed,
// removed, installed again, purged.
func debComesAndGoes(t *testing.T, one, two string) {
	needs(t, "dpkg", "openssl")
	w := newWorld(t)

	out := w.do("dpkg", "--force-depends", "--force-unsafe-io", "--no-triggers", "-i", one)
	if !strings.Contains(out, "not started yet") || !strings.Contains(out, "systemctl enable --now sluice") {
		t.Errorf("it does not say what to do now:\n%s", out)
	}
	w.works("/usr/bin/sluice")
	if asked := w.asked(); !strings.Contains(asked, "daemon-reload") || strings.Contains(asked, "start") || strings.Contains(asked, "enable ") {
		t.Errorf("systemd was asked for:\n%s", asked)
	}

	// A person changes the config and starts it; an upgrade keeps both.
	mine := Config + "\n[log]\naccess = \"/var/log/sluice/access.log\"\n"
	w.write(configFile, mine)
	w.write("/run/active", "")
	w.write("/run/enabled", "")
	w.do("dpkg", "--force-depends", "--force-unsafe-io", "--no-triggers", "-i", two)
	if read(t, w.at(configFile)) != mine {
		t.Error("the config was overwritten")
	}
	// Nobody answers for an upgrade without loss here, so it is a restart.
	if asked := w.asked(); !strings.Contains(asked, "try-restart sluice.service") || strings.Contains(asked, "stop") || strings.Contains(asked, "disable") {
		t.Errorf("systemd was asked for:\n%s", asked)
	}
	w.works("/usr/bin/sluice")

	// Not with a config that the new version refuses.
	w.write(configFile, "x = 1\n")
	out = w.do("dpkg", "--force-depends", "--force-unsafe-io", "--no-triggers", "-i", two)
	if asked := w.asked(); strings.Contains(asked, "restart") || !strings.Contains(out, "The version before goes on running") {
		t.Errorf("it said\n%s\nsystemd was asked for:\n%s", out, asked)
	}
	// Whichever that is.
	w.write("/run/show", "{ path=/usr/bin/sluice ; argv[]=/usr/bin/sluice run --config "+configFile+" ; ignore_errors=no ; start_time=[n/a] ; pid=0 }\n")
	w.do("dpkg", "--force-depends", "--force-unsafe-io", "--no-triggers", "-i", two)
	if asked := w.asked(); strings.Contains(asked, "restart") {
		t.Errorf("by the config that the unit names: systemd was asked for:\n%s", asked)
	}
	w.write("/run/show", "{ path=/usr/bin/sluice ; argv[]=/usr/bin/sluice run -c /var/own.toml ; ignore_errors=no }\n")
	w.write("/var/own.toml", mine)
	w.do("dpkg", "--force-depends", "--force-unsafe-io", "--no-triggers", "-i", two)
	if asked := w.asked(); !strings.Contains(asked, "try-restart sluice.service") {
		t.Errorf("by another config: systemd was asked for:\n%s", asked)
	}
	w.do("rm", "/run/show", "/var/own.toml")
	w.write(configFile, mine)

	// Removal keeps what is a person's.
	w.write(certificate, "x")
	w.do("dpkg", "--no-triggers", "-r", "sluice")
	if asked := w.asked(); !strings.Contains(asked, "stop sluice.service") || !strings.Contains(asked, "disable") {
		t.Errorf("systemd was asked for:\n%s", asked)
	}
	if w.exists("/usr/bin/sluice") || !w.exists(certificate) || read(t, w.at(configFile)) != mine {
		t.Error("removed is something else than the program")
	}

	w.do("dpkg", "--force-depends", "--force-unsafe-io", "--no-triggers", "-i", one)
	w.works("/usr/bin/sluice")
	w.write(environment, "A=b\n")
	w.write("/etc/sluice/own.pem", "x")
	out = w.do("dpkg", "--no-triggers", "-P", "sluice")
	if w.exists(certificate) || w.exists(environment) || !w.exists("/etc/sluice/own.pem") || !strings.Contains(out, "/etc/sluice stays") {
		t.Errorf("a certificate of a person's is not kept, or more than that: %q\n%s", w.leftovers(), out)
	}

	// Nor is anything of a Sluice that has come after the package.
	w.do("rm", "/etc/sluice/own.pem")
	w.do("dpkg", "--force-depends", "--force-unsafe-io", "--no-triggers", "-i", one)
	w.do("cp", "/usr/bin/sluice", "/usr/local/bin/sluice")
	w.do("dpkg", "--no-triggers", "-r", "sluice")
	w.write(certificate, "x")
	out = w.do("dpkg", "--no-triggers", "-P", "sluice")
	if !w.exists(certificate) || !strings.Contains(out, "without this package") || !strings.Contains(read(t, w.at("/etc/passwd")), "\nsluice:") {
		t.Errorf("what another Sluice uses is gone\n%s", out)
	}
	w.do("rm", "/usr/local/bin/sluice", certificate)

	w.do("dpkg", "--force-depends", "--force-unsafe-io", "--no-triggers", "-i", one)
	w.do("dpkg", "--no-triggers", "-P", "sluice")
	if left := w.leftovers(); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

// In a container or a chroot there is no systemd, and not even its programs.
func debWithoutSystemd(t *testing.T, one string) {
	needs(t, "dpkg", "openssl")
	w := newWorld(t)
	w.do("sh", "-c", `rm -rf /run/systemd; for p in systemctl systemd-sysusers; do rm -f "/usr/bin/$p" "/bin/$p"; done`)
	w.do("dpkg", "--force-depends", "--force-unsafe-io", "--no-triggers", "-i", one)
	w.works("/usr/bin/sluice")
	w.do("dpkg", "--force-depends", "--force-unsafe-io", "--no-triggers", "-i", one)
	w.do("dpkg", "--no-triggers", "-P", "sluice")
	if left := w.leftovers(); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

// The same of an .rpm, which knows no purge.
func rpmComesAndGoes(t *testing.T, one, two string) {
	needs(t, "rpm", "openssl")
	w := newWorld(t)
	out := w.do("rpm", "-i", "--nodeps", "--nosignature", one)
	if !strings.Contains(out, "not started yet") {
		t.Errorf("it does not say what to do now:\n%s", out)
	}
	w.works("/usr/bin/sluice")

	mine := Config + "# mine\n"
	w.write(configFile, mine)
	w.write("/run/active", "")
	w.asked()
	w.do("rpm", "-U", "--nodeps", "--nosignature", two)
	if asked := w.asked(); !strings.Contains(asked, "try-restart sluice.service") || strings.Contains(asked, "stop") || strings.Contains(asked, "disable") {
		t.Errorf("an upgrade: systemd was asked for:\n%s", asked)
	}
	if read(t, w.at(configFile)) != mine {
		t.Error("the config was overwritten")
	}
	w.works("/usr/bin/sluice")

	w.write(certificate, "x")
	w.do("rpm", "-e", "--nodeps", "sluice")
	if asked := w.asked(); !strings.Contains(asked, "stop sluice.service") {
		t.Errorf("removal: systemd was asked for:\n%s", asked)
	}
	if w.exists("/usr/bin/sluice") || !w.exists(certificate) || read(t, w.at(configFile+".rpmsave")) != mine {
		t.Error("removed is something else than the program")
	}
}

// rotates looks whether logrotate does what it is told, in the folder of a user who
// is not root.
func (w *world) rotates(t *testing.T) {
	needs(t, "logrotate", "openssl")
	w = &world{t: t, pid: w.pid, enter: w.enter}
	const log = "/var/log/sluice/access.log"
	w.write(log, "a line\n")
	w.do("chown", "sluice:sluice", log)
	w.asked()
	w.do("logrotate", "--force", "--state", "/run/logrotate", "/etc/logrotate.d/sluice")
	if w.exists(log) || read(t, w.at(log+".1")) != "a line\n" {
		t.Error("it was not rotated, or by copying")
	}
	w.wantOwner(log+".1", "sluice:sluice 644")
	if asked := w.asked(); !strings.Contains(asked, "kill --kill-who=main --signal=USR1 sluice.service") {
		t.Errorf("systemd was asked for %q", asked)
	}
	w.write(log, "another line\n")
	w.do("chown", "sluice:sluice", log)
	w.do("logrotate", "--force", "--state", "/run/logrotate", "/etc/logrotate.d/sluice")
	if !w.exists(log+".2.gz") || read(t, w.at(log+".1")) != "another line\n" {
		t.Error("the one before is not compressed")
	}
}

// "sluice install" and "sluice uninstall" on a machine as it is.
func TestSluiceInstallsItself(t *testing.T) {
	w := newWorld(t)
	fresh := filepath.Join(t.TempDir(), "sluice")
	if out, err := tool(t, []string{"CGO_ENABLED=0"}, "go", "build", "-o", fresh, "."); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w.do("mkdir", "-p", "/etc/logrotate.d")
	out := w.do(fresh, "install")
	if !strings.Contains(out, "sudo systemctl enable --now sluice") {
		t.Errorf("it does not say what to do now:\n%s", out)
	}
	const program = "/usr/local/bin/sluice"
	w.works(program)
	w.wantOwner(program, "root:root 755")
	w.wantOwner("/etc/systemd/system/sluice.service", "root:root 644")
	if asked := w.asked(); !strings.Contains(asked, "daemon-reload") || strings.Contains(asked, "start") {
		t.Errorf("systemd was asked for:\n%s", asked)
	}

	t.Run("logs are rotated", w.rotates)

	// The installed program finds itself in its place.
	mine := Config + "# mine\n"
	w.write(configFile, mine)
	out = w.do(program, "install", "--start")
	if !strings.Contains(out, "is this version already") || !strings.Contains(w.asked(), "enable --now sluice.service") {
		t.Errorf("it said\n%s", out)
	}
	if read(t, w.at(configFile)) != mine {
		t.Error("the config was overwritten")
	}

	// A config that the user sluice cannot read is no reason to be silent.
	w.do("chmod", "600", configFile)
	if out, err := w.try(program, "install", "--start"); err == nil || !strings.Contains(out, "chgrp sluice") {
		t.Errorf("a config for root only: %v\n%s", err, out)
	}
	w.do("chmod", "644", configFile)

	w.write(certificate, "x")
	w.do(program, "uninstall")
	if w.exists(program) || w.exists("/etc/systemd/system/sluice.service") || !w.exists(certificate) || read(t, w.at(configFile)) != mine {
		t.Errorf("left are %q", w.leftovers())
	}
	if asked := w.asked(); !strings.Contains(asked, "disable --now sluice.service") {
		t.Errorf("systemd was asked for:\n%s", asked)
	}

	w.do(fresh, "install")
	if out, err := w.try(fresh, "uninstall", "--purge"); err == nil || !strings.Contains(out, "nothing was removed") || !w.exists(certificate) {
		t.Errorf("purged without a yes: %v\n%s", err, out)
	}
	w.do(fresh, "uninstall", "--purge", "--yes")
	if left := w.leftovers(); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}
