package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var foxListens = regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)

// foxSettings keep it from asking anybody for anything but what a test opens.
const foxSettings = `user_pref("app.normandy.enabled", false);
user_pref("app.update.disabledForTesting", true);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.safebrowsing.downloads.remote.enabled", false);
user_pref("browser.search.update", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("browser.startup.page", 0);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("extensions.systemAddon.update.enabled", false);
user_pref("extensions.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.dns.disablePrefetch", true);
user_pref("network.proxy.type", 0);
user_pref("services.settings.server", "data:,#remote-settings-dummy/v1");
user_pref("toolkit.telemetry.server", "");
`

// fox is a page of Firefox that a test looks into by WebDriver BiDi.
type fox struct {
	*driven
	page string // its name
}

// openFox starts Firefox with further settings and returns its empty page. It
// ends with the test.
func openFox(t *testing.T, settings string) *fox {
	t.Helper()
	browser, err := exec.LookPath("firefox-esr")
	if err != nil {
		browser = program(t, "firefox")
	}
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "user.js"), []byte(foxSettings+settings), 0o600); err != nil {
		t.Fatal(err)
	}
	d, address := drive(t, foxListens, "browser.close", noteOfFox,
		"env", "HOME="+home, "XDG_CACHE_HOME="+home, "MOZ_CRASHREPORTER_DISABLE=1", browser, "--headless", "--no-remote", "--profile", home, "--remote-debugging-port", "0", "about:blank")
	f := &fox{driven: d}
	f.begin(address)
	return f
}

// begin begins a session.
func (f *fox) begin(address string) {
	f.t.Helper()
	f.dial(address + "/session")
	f.call("session.new", map[string]any{"capabilities": map[string]any{}})
	f.call("session.subscribe", map[string]any{"events": []string{"log.entryAdded"}})
	var tree struct {
		Contexts []struct{ Context string }
	}
	if err := json.Unmarshal(f.call("browsingContext.getTree", nil), &tree); err != nil || len(tree.Contexts) == 0 {
		f.t.Fatalf("%+v, %v", tree, err)
	}
	f.page = tree.Contexts[0].Context
}

// noteOfFox keeps an event if it tells of an error.
func noteOfFox(f *driven, m browserMessage) {
	var p struct{ Level string }
	json.Unmarshal(m.Params, &p) // what it lacks is no error
	if p.Level == "error" || p.Level == "warn" {
		f.add(m.Params)
	}
}

// open goes to a page.
func (f *fox) open(url string) {
	f.t.Helper()
	f.call("browsingContext.navigate", map[string]any{"context": f.page, "url": url, "wait": "complete"})
}

// screen makes the page one on a screen of that size.
func (f *fox) screen(width, height int) {
	f.t.Helper()
	f.call("browsingContext.setViewport", map[string]any{"context": f.page, "viewport": map[string]int{"width": width, "height": height}})
}

// run evaluates an expression in the page into result.
func (f *fox) run(expression string, result any) {
	f.t.Helper()
	expression = "Promise.resolve(" + strings.TrimRight(strings.TrimSpace(expression), ";") + ").then(v => JSON.stringify(v ?? null))"
	var said struct {
		Type             string
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	raw := f.call("script.evaluate", map[string]any{"expression": expression, "target": map[string]string{"context": f.page}, "awaitPromise": true})
	if err := json.Unmarshal(raw, &said); err != nil || said.Type != "success" {
		f.t.Fatalf("%s: %v %s", expression, err, said.ExceptionDetails.Text)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal([]byte(said.Result.Value), result); err != nil {
		f.t.Fatalf("%s: %s: %v", expression, said.Result.Value, err)
	}
}

// says waits until an element says something.
func (f *fox) says(within time.Duration, selector, want string) {
	f.t.Helper()
	waitToSay(f.t, f, within, selector, want)
}
