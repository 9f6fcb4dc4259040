package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"
)

var devTools = regexp.MustCompile(`DevTools listening on ws://([^/]+)/`)

// tab is a page of Chromium that a test looks into by the DevTools protocol.
type tab struct{ *driven }

// openTab starts a browser whose users read a language ("en-US") and returns its
// empty page. It ends with the test.
func openTab(t *testing.T, language string) *tab {
	t.Helper()
	d, address := drive(t, devTools, "Browser.close", noteOfTab,
		program(t, "chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking", "--no-proxy-server", "--hide-scrollbars",
		"--lang="+language, "--accept-lang="+language, "--user-data-dir="+t.TempDir(), "--remote-debugging-port=0", "about:blank")
	b := &tab{d}
	b.begin(address)
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil)
	}
	return b
}

// begin opens a new page of the browser at address.
func (b *tab) begin(address string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.ctx, http.MethodPut, "http://"+address+"/json/new?about:blank", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	var page struct {
		URL string `json:"webSocketDebuggerUrl"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
		b.t.Fatal(err)
	}
	b.dial(page.URL)
}

// noteOfTab keeps an event if it tells of an error.
func noteOfTab(b *driven, m browserMessage) {
	var p struct {
		Type  string
		Entry struct{ Level string }
	}
	json.Unmarshal(m.Params, &p) // what it lacks is no error
	if m.Method == "Runtime.exceptionThrown" ||
		m.Method == "Runtime.consoleAPICalled" && (p.Type == "error" || p.Type == "assert" || p.Type == "warning") ||
		m.Method == "Log.entryAdded" && p.Entry.Level == "error" {
		b.add(m.Params)
	}
}

// open goes to a page.
func (b *tab) open(url string) {
	b.t.Helper()
	b.call("Page.navigate", map[string]any{"url": url})
}

// screen makes the browser one with a screen of that size, dark or light.
func (b *tab) screen(width, height int, theme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": theme}}})
}

// run evaluates an expression in the page into result.
func (b *tab) run(expression string, result any) {
	b.t.Helper()
	var said struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	raw := b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true})
	if err := json.Unmarshal(raw, &said); err != nil || said.ExceptionDetails != nil {
		b.t.Fatalf("%s: %v %s", expression, err, said.ExceptionDetails)
	}
	if result == nil || len(said.Result.Value) == 0 {
		return
	}
	if err := json.Unmarshal(said.Result.Value, result); err != nil {
		b.t.Fatalf("%s: %s: %v", expression, said.Result.Value, err)
	}
}

// text returns what an element says; empty if there is none.
func (b *tab) text(selector string) (text string) {
	b.t.Helper()
	b.run(fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", selector), &text)
	return text
}

// says waits until an element says something.
func (b *tab) says(within time.Duration, selector, want string) {
	b.t.Helper()
	waitToSay(b.t, b, within, selector, want)
}
