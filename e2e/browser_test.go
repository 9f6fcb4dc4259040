package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// maxDevTools is the longest message that a browser may send.
const maxDevTools = 16 << 20

var devTools = regexp.MustCompile(`DevTools listening on ws://([^/]+)/`)

// tab is a page of a browser that a test looks into by the DevTools protocol.
type tab struct {
	t    *testing.T
	conn *websocket.Conn
	ctx  context.Context

	last int // the number of the last call; a test drives it from one goroutine

	answers chan devToolsMessage
	silent  chan struct{} // closed when the browser tells no more

	complaints
}

// devToolsMessage is an answer to a call, or an event.
type devToolsMessage struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// openTab starts a browser whose users read a language ("en-US") and returns its
// empty page. It ends with the test.
func openTab(t *testing.T, language string) *tab {
	t.Helper()
	browser := program(t, "chromium")
	ctx, cancel := context.WithTimeout(context.Background(), 9*patience)
	cmd := exec.CommandContext(ctx, browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking", "--no-proxy-server", "--hide-scrollbars",
		"--lang="+language, "--accept-lang="+language, "--user-data-dir="+t.TempDir(), "--remote-debugging-port=0", "about:blank")
	said := new(output)
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cmd.Wait() // it is killed
	}()
	b := &tab{t: t, ctx: ctx, answers: make(chan devToolsMessage, 1), silent: make(chan struct{})}
	t.Cleanup(func() {
		b.quit(ended)
		cancel()
		<-ended
	})
	eventually(t, 3*patience, "the browser can be driven", func() bool { return devTools.MatchString(said.text()) })
	b.dial(devTools.FindStringSubmatch(said.text())[1])
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil)
	}
	return b
}

// dial opens a new page of the browser at address, and reads what it tells until
// the connection ends.
func (b *tab) dial(address string) {
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
	if b.conn, _, err = websocket.Dial(b.ctx, page.URL, nil); err != nil {
		b.t.Fatal(err)
	}
	b.conn.SetReadLimit(maxDevTools)
	go func() {
		defer close(b.silent)
		b.read()
	}()
}

// quit asks the browser to end, so that it takes its own processes with it, and
// waits a while for that.
func (b *tab) quit(ended <-chan struct{}) {
	if b.conn == nil {
		return
	}
	b.conn.Write(b.ctx, websocket.MessageText, []byte(`{"id":0,"method":"Browser.close"}`)) // if it is gone already, so be it
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	}
	b.conn.CloseNow()
	<-b.silent
}

// read takes in what the browser says.
func (b *tab) read() {
	defer close(b.answers)
	for {
		_, text, err := b.conn.Read(b.ctx)
		if err != nil {
			return
		}
		var m devToolsMessage
		if json.Unmarshal(text, &m) != nil {
			continue
		}
		if m.ID != 0 {
			select {
			case b.answers <- m:
			case <-b.ctx.Done():
				return
			}
			continue
		}
		b.note(m)
	}
}

// note keeps an event if it tells of an error.
func (b *tab) note(m devToolsMessage) {
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

// call does something, and returns what came of it.
func (b *tab) call(method string, params map[string]any) json.RawMessage {
	b.t.Helper()
	b.last++
	text, err := json.Marshal(map[string]any{"id": b.last, "method": method, "params": params})
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.conn.Write(b.ctx, websocket.MessageText, text); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	m := receive(b.t, method, b.answers)
	if m.ID != b.last || m.Error != nil {
		b.t.Fatalf("%s: %+v", method, m)
	}
	return m.Result
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

// looked is a page that a test looks into, in whatever browser.
type looked interface {
	run(expression string, result any)
	errors() []string
}

// waitToSay waits until an element of a page says something.
func waitToSay(t *testing.T, page looked, within time.Duration, selector, want string) {
	t.Helper()
	last := ""
	deadline := time.Now().Add(within)
	every(10*time.Millisecond, func() bool {
		page.run(fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", selector), &last)
		return !strings.Contains(last, want) && time.Now().Before(deadline)
	})
	if !strings.Contains(last, want) {
		t.Fatalf("%s says %q, not %q, after %v; errors of the page: %q", selector, tail(last, 500), want, within, page.errors())
	}
}

// complaints are errors that a page has met.
type complaints struct {
	mu  sync.Mutex
	all []string // guarded by mu
}

func (c *complaints) add(text []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, tail(string(text), 1<<10))
}

// errors returns them.
func (c *complaints) errors() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.all...)
}
