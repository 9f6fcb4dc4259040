package e2e

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
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
	t    *testing.T
	conn *websocket.Conn
	ctx  context.Context
	page string // its name

	last    int // the number of the last call; a test drives it from one goroutine
	answers chan foxMessage
	silent  chan struct{} // closed when the browser tells no more

	complaints
}

// foxMessage is an answer to a call, or an event.
type foxMessage struct {
	Type    string          `json:"type"`
	ID      int             `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
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
	ctx, cancel := context.WithTimeout(context.Background(), 9*patience)
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-remote", "--profile", home, "--remote-debugging-port", "0", "about:blank")
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+home, "MOZ_CRASHREPORTER_DISABLE=1")
	said := new(output)
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cmd.Wait() // it is asked to end, or killed
	}()
	f := &fox{t: t, ctx: ctx, answers: make(chan foxMessage, 1), silent: make(chan struct{})}
	t.Cleanup(func() {
		f.quit(ended)
		cancel()
		<-ended
	})
	eventually(t, 3*patience, "Firefox can be driven", func() bool { return foxListens.MatchString(said.text()) })
	f.dial(foxListens.FindStringSubmatch(said.text())[1] + "/session")
	return f
}

// dial begins a session, and reads what the browser tells until the connection
// ends.
func (f *fox) dial(url string) {
	f.t.Helper()
	conn, _, err := websocket.Dial(f.ctx, url, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	f.conn = conn
	f.conn.SetReadLimit(maxDevTools)
	go func() {
		defer close(f.silent)
		f.read()
	}()
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

// quit asks the browser to end, so that it takes its own processes with it, and
// waits a while for that.
func (f *fox) quit(ended <-chan struct{}) {
	if f.conn == nil {
		return
	}
	f.conn.Write(f.ctx, websocket.MessageText, []byte(`{"id":0,"method":"browser.close","params":{}}`)) // if it is gone already, so be it
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	}
	f.conn.CloseNow()
	<-f.silent
}

// read takes in what the browser says.
func (f *fox) read() {
	defer close(f.answers)
	for {
		_, text, err := f.conn.Read(f.ctx)
		if err != nil {
			return
		}
		var m foxMessage
		if json.Unmarshal(text, &m) != nil {
			continue
		}
		if m.Type == "event" {
			f.note(m)
			continue
		}
		select {
		case f.answers <- m:
		case <-f.ctx.Done():
			return
		}
	}
}

// note keeps an event if it tells of an error.
func (f *fox) note(m foxMessage) {
	var p struct{ Level string }
	json.Unmarshal(m.Params, &p) // what it lacks is no error
	if p.Level == "error" || p.Level == "warn" {
		f.add(m.Params)
	}
}

// call does something, and returns what came of it.
func (f *fox) call(method string, params map[string]any) json.RawMessage {
	f.t.Helper()
	f.last++
	if params == nil {
		params = map[string]any{}
	}
	text, err := json.Marshal(map[string]any{"id": f.last, "method": method, "params": params})
	if err != nil {
		f.t.Fatal(err)
	}
	if err := f.conn.Write(f.ctx, websocket.MessageText, text); err != nil {
		f.t.Fatalf("%s: %v", method, err)
	}
	m := receive(f.t, method, f.answers)
	if m.ID != f.last || m.Type != "success" {
		f.t.Fatalf("%s: %s %s", method, m.Error, m.Message)
	}
	return m.Result
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
