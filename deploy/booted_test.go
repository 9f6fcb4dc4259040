package deploy

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// bootedConfig is a config without certificates, which need the world's CAs.
const bootedConfig = `[server]
http = ":80"
https = ""
admin = "unix:/run/sluice/admin.sock"

[[site]]
hosts = ["shop.example.com"]
upstream = "127.0.0.1:8080"
tls = "off"
default = true
`

// "It starts at boot, restarts after a crash, is changed and upgraded in the middle of
// an event without a lost connection": the package, the unit and the sample of one
// for the application, with a systemd that has booted.
func onABootedSystemd(t *testing.T, one, two string) {
	needs(t, "dpkg", "setpriv", "systemctl", "journalctl", "curl", "pgrep")
	w := worldWith(t, withoutServices)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w.do("mkdir", "/srv/app")
	for to, from := range map[string]string{application: program, visitor: program, "/root/one.deb": one, "/root/two.deb": two} {
		w.do("cp", from, to)
	}
	w.do("useradd", "--system", "app")
	w.write("/etc/systemd/system/app.service", read(t, "app.service"))
	m := boot(w)

	out := m.install("/root/one.deb")
	if !strings.Contains(out, "not started yet") {
		t.Errorf("it does not say what to do now:\n%s", out)
	}
	m.write(configFile, bootedConfig)
	m.do("sluice", "check")
	m.do("systemctl", "enable", "--now", "app", "sluice")
	m.visit(regulars).leave("as it is")

	m.off()
	m = boot(w)
	m.visit(regulars).leave("after a power cut")
	if status := m.property("sluice", "StatusText"); status != "serving shop.example.com; http [::]:80" {
		t.Errorf("systemctl status has %q", status)
	}

	m.isChangedAndUpgraded()
	m.isStartedAnew()
	m.finishesWhatIsUnderWay()
	m.keepsWhoComesMeanwhile()
	m.saysWhyItDoesNotStart()
	m.keepsLinesOverARotation()

	m.do("systemctl", "stop", "sluice")
	if result := m.property("sluice", "Result"); result != "success" {
		t.Errorf("it was stopped: %s", result)
	}
	m.do("cp", "/usr/bin/sluice", "/root/sluice")
	m.do("dpkg", "--no-triggers", "-P", "sluice")
	m.isGone("purged")

	m.installsItself()
}

// keepsLinesOverARotation of its log by logrotate and the sample that the package
// brought, which asks systemd for a signal.
func (m *machine) keepsLinesOverARotation() {
	m.t.Helper()
	if _, err := exec.LookPath("logrotate"); err != nil {
		m.t.Log("logrotate is not installed: no log is rotated")
		return
	}
	m.write(configFile, bootedConfig+"\n[log]\naccess = \"/var/log/sluice/access.log\"\n")
	m.do("systemctl", "restart", "sluice")
	v := m.visit(regulars)
	// It rotates nothing that is empty, and lines are written once a second.
	m.until("there are lines", func() bool { return strings.TrimSpace(m.do("stat", "-c", "%s", "/var/log/sluice/access.log")) != "0" })
	m.do("logrotate", "--force", "/etc/logrotate.d/sluice")
	m.until("the log is there again", func() bool { return m.exists("/var/log/sluice/access.log") })
	asked := v.leave("a rotation of the log")
	m.do("systemctl", "stop", "sluice")
	before, after := read(m.t, m.at("/var/log/sluice/access.log.1")), read(m.t, m.at("/var/log/sluice/access.log"))
	if lines := strings.Count(before, "\n") + strings.Count(after, "\n"); lines != asked || before == "" {
		m.t.Errorf("%d bytes before the rotation, %d after it, %d lines of %d requests", len(before), len(after), lines, asked)
	}
	m.do("systemctl", "start", "sluice")
}

// isGone fails the test if something is left of Sluice.
func (m *machine) isGone(when string) {
	m.t.Helper()
	if out, err := m.try("systemctl", "cat", "sluice.service"); err == nil {
		m.t.Errorf("%s: the unit is left:\n%s", when, out)
	}
	if m.exists("/run/sluice") || m.exists("/var/lib/sluice") || m.exists(configFile) || strings.Contains(read(m.t, m.at("/etc/passwd")), "\nsluice:") {
		m.t.Errorf("%s: something is left of it", when)
	}
}

// installsItself, is brought a newer program while visitors ask, and removes itself,
// on a machine that has no packages.
func (m *machine) installsItself() {
	m.t.Helper()
	if out := m.do("/root/sluice", "install"); !strings.Contains(out, "not started yet") {
		m.t.Errorf("it does not say what to do now:\n%s", out)
	}
	m.write(configFile, bootedConfig)
	if out := m.do("/usr/local/bin/sluice", "install", "--start"); !strings.Contains(out, "sluice.service: enabled and started") {
		m.t.Errorf("install --start:\n%s", out)
	}
	v := m.visit(regulars)
	m.do("dpkg-deb", "--extract", "/root/two.deb", "/root/two")
	if out := m.do("/root/two/usr/bin/sluice", "install", "--start"); !strings.Contains(out, "sluice.service: upgraded to this version") ||
		!strings.Contains(m.do("/usr/local/bin/sluice", "status"), "\nsluice 1.1.0, pid ") {
		m.t.Errorf("install --start of another version:\n%s", out)
	}
	v.leave("another version installs itself")
	m.do("sh", "-c", "echo yes | /usr/local/bin/sluice uninstall --purge")
	m.isGone("uninstalled")
}

func (m *machine) install(deb string) string {
	m.t.Helper()
	return m.do("dpkg", "--force-depends", "--force-unsafe-io", "--no-triggers", "-i", deb)
}

// isChangedAndUpgraded, by each of the ways there are, while visitors ask.
func (m *machine) isChangedAndUpgraded() {
	m.t.Helper()
	v := m.visit(regulars)
	process := m.number("sluice", "MainPID")
	m.write(configFile, strings.Replace(bootedConfig, `["shop.example.com"]`, `["shop.example.com", "www.example.com"]`, 1))
	if out := m.do("sluice", "reload"); !strings.Contains(out, "site shop.example.com: changed: hosts") {
		m.t.Errorf("reload: %s", out)
	}
	m.write(configFile, bootedConfig)
	m.do("systemctl", "reload", "sluice") // it returns when that is done
	if state := m.do("curl", "-sS", "--unix-socket", "/run/sluice/admin.sock", "http://localhost/config"); strings.Contains(state, "www.example.com") {
		m.t.Errorf("systemctl reload has changed nothing: %s", state)
	}
	m.write(configFile, "x = 1\n")
	if out, err := m.try("systemctl", "reload", "sluice"); err == nil {
		m.t.Errorf("systemctl reload of a config that is wrong: %s", out)
	}
	if journal := m.do("journalctl", "--no-pager", "--priority", "err", "--unit", "sluice"); !strings.Contains(journal, configFile+":1: x: unknown key") {
		m.t.Errorf("the journal does not say why:\n%s", journal)
	}
	// With another address it cannot be asked, and is signalled.
	m.write(configFile, strings.Replace(bootedConfig, "admin.sock", "other.sock", 1))
	m.do("systemctl", "reload", "sluice")
	m.until("the socket has moved", func() bool { return m.exists("/run/sluice/other.sock") && !m.exists("/run/sluice/admin.sock") })
	m.write(configFile, bootedConfig)
	m.do("systemctl", "reload", "sluice")
	m.until("the socket is where it was", func() bool { return m.exists("/run/sluice/admin.sock") && !m.exists("/run/sluice/other.sock") })

	out := m.install("/root/two.deb")
	if !strings.Contains(out, "sluice 1.1.0 serves now, process ") || !strings.Contains(out, "before: sluice 1.0.0, process ") {
		m.t.Errorf("the newer package says\n%s", out)
	}
	next := m.number("sluice", "MainPID")
	if next == process || next == 0 {
		m.t.Errorf("the main process is %d, and was %d", next, process)
	}
	m.until("the process before has ended", func() bool { return !m.exists(fmt.Sprint("/proc/", process)) })

	// A config that the newer one refuses costs nothing either.
	m.write(configFile, "x = 1\n")
	if out := m.install("/root/one.deb"); !strings.Contains(out, "The version before goes on running") {
		m.t.Errorf("with a config that is wrong the package says\n%s", out)
	}
	if now := m.number("sluice", "MainPID"); now != next {
		m.t.Errorf("the main process is %d, and was %d", now, next)
	}
	m.write(configFile, bootedConfig)
	m.do("sluice", "upgrade")
	if now := m.number("sluice", "MainPID"); now == next {
		m.t.Error("sluice upgrade has changed nothing")
	}
	v.leave("reloads and upgrades")
	if n := m.number("sluice", "NRestarts"); n != 0 {
		m.t.Errorf("it was restarted %d times", n)
	}
}

// isStartedAnew when it has crashed, and when it does not answer any more.
func (m *machine) isStartedAnew() {
	m.t.Helper()
	m.do("systemctl", "kill", "--kill-who=main", "--signal=KILL", "sluice")
	m.until("it is started after a crash", func() bool {
		return m.number("sluice", "NRestarts") == 1 && m.property("sluice", "ActiveState") == "active"
	})
	m.visit(regulars).leave("after a crash")

	// So it is while the process before still has something under way.
	download := m.download()
	m.do("sluice", "upgrade")
	m.do("systemctl", "kill", "--kill-who=main", "--signal=KILL", "sluice")
	m.until("it is started after a crash soon after an upgrade", func() bool {
		return m.number("sluice", "NRestarts") == 2 && m.property("sluice", "ActiveState") == "active"
	})
	m.visit(regulars).leave("after a crash soon after an upgrade")
	download.cmd.Wait() // whatever became of it

	m.write("/etc/systemd/system/sluice.service.d/soon.conf", "[Service]\nWatchdogSec=3s\nTimeoutAbortSec=5s\n")
	m.do("systemctl", "daemon-reload")
	m.do("systemctl", "restart", "sluice")
	m.do("sluice", "upgrade") // whose process has the watchdog from now on
	before := m.number("sluice", "MainPID")
	m.do("systemctl", "kill", "--kill-who=main", "--signal=STOP", "sluice")
	m.until("the watchdog has started it anew", func() bool {
		now := m.number("sluice", "MainPID")
		return now != before && now != 0 && m.property("sluice", "ActiveState") == "active"
	})
	if journal := m.do("journalctl", "--no-pager", "--unit", "sluice"); !strings.Contains(journal, "Watchdog timeout") || !strings.Contains(journal, "SIGABRT: abort") {
		m.t.Errorf("the journal does not say why, nor what it was doing:\n%s", journal)
	}
	m.visit(regulars).leave("after it hung")
	m.do("rm", "-r", "/etc/systemd/system/sluice.service.d")
	m.do("systemctl", "daemon-reload")
}

// finishesWhatIsUnderWay when the service is stopped after an upgrade: in the process
// before, and in the one that serves, for whose end systemd waits as it did for the
// first one's.
func (m *machine) finishesWhatIsUnderWay() {
	m.t.Helper()
	first := m.download()
	m.do("sluice", "upgrade")
	m.do("sluice", "upgrade")
	if n := m.processes(); n != 3 {
		m.t.Errorf("%d processes of sluice, want 3: one with a download, one that waits for it, one that serves", n)
	}
	m.do("systemctl", "restart", "sluice")
	first.isWhole("of the process before two upgrades")

	m.do("sluice", "upgrade") // the process before has nothing to finish
	m.until("there is one process", func() bool { return m.processes() == 1 })
	alone := m.download()
	m.do("systemctl", "restart", "sluice")
	alone.isWhole("of the only process, after an upgrade")
	if result := m.property("sluice", "Result"); result != "success" {
		m.t.Errorf("it was stopped: %s", result)
	}
}

// processes counts those of Sluice.
func (m *machine) processes() int {
	m.t.Helper()
	out, _ := m.try("pgrep", "--count", "--exact", "sluice") // it fails when there is none
	n, err := strconv.Atoi(strings.TrimSpace(out))
	if err != nil {
		m.t.Fatalf("pgrep: %s", out)
	}
	return n
}

// download begins one that takes some seconds.
func (m *machine) download() *running {
	m.t.Helper()
	r := m.start("curl", "-sSN", "http://127.0.0.1/long")
	m.until("a download is under way", func() bool { return strings.Contains(r.said.text(), "and so on") })
	return r
}

// isWhole fails the test unless a download ends as it should.
func (r *running) isWhole(which string) {
	r.m.t.Helper()
	if err := r.cmd.Wait(); err != nil || !strings.HasSuffix(r.said.text(), "hello\n") {
		r.m.t.Errorf("a download %s ended with %v\n%s", which, err, r.said.text())
	}
}

// keepsWhoComesMeanwhile: "With sluice-http.socket [...] clients wait while Sluice is
// started anew, instead of being refused".
func (m *machine) keepsWhoComesMeanwhile() {
	m.t.Helper()
	m.do("systemctl", "stop", "sluice")
	m.do("systemctl", "enable", "--now", "sluice-http.socket")
	v := m.visit(newcomers) // the first of them starts it
	m.do("systemctl", "restart", "sluice")
	m.do("sluice", "upgrade")
	m.do("systemctl", "restart", "sluice")
	v.leave("restarts with a socket that systemd holds")
	m.do("systemctl", "stop", "sluice.service", "sluice-http.socket")
	m.do("systemctl", "disable", "sluice-http.socket")
}

// saysWhyItDoesNotStart where people look, and starts once it can.
func (m *machine) saysWhyItDoesNotStart() {
	m.t.Helper()
	m.write(configFile, strings.Replace(bootedConfig, "upstream =", "upsteam =", 1))
	if out, err := m.try("systemctl", "start", "sluice"); err == nil {
		m.t.Errorf("it starts with a config that is wrong: %s", out)
	}
	const why = configFile + `:8: site.upsteam: unknown key; did you mean "upstream"?`
	if status := m.property("sluice", "StatusText"); !strings.Contains(status, why) {
		m.t.Errorf("systemctl status has %q", status)
	}
	if journal := m.do("journalctl", "--no-pager", "--priority", "err", "--unit", "sluice"); !strings.Contains(journal, why) {
		m.t.Errorf("the journal's errors are\n%s", journal)
	}
	m.write(configFile, bootedConfig)
	m.until("it starts once the config is right", func() bool { return m.property("sluice", "ActiveState") == "active" })
	m.visit(regulars).leave("a config that was corrected")
}
