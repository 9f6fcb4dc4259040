package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// maxFromBrowser is the longest message that a browser may send.
const maxFromBrowser = 16 << 20

// driven is a browser that a test drives by messages over a WebSocket, as both
// DevTools and WebDriver BiDi are spoken: calls with a number, answers with the same,
// and events without one.
type driven struct {
	t    *testing.T
	conn *websocket.Conn
	ctx  context.Context

	last    int // the number of the last call; a test drives it from one goroutine
	answers chan browserMessage
	silent  chan struct{}        // closed when the browser tells no more
	event   func(browserMessage) // is told of events

	complaints
}

// browserMessage is an answer to a call, or an event.
type browserMessage struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`

	// One of the two has words only, the other an object.
	Error   json.RawMessage `json:"error"`
	Message string          `json:"message"`
}

// drive starts a browser and returns what it says when it can be driven, which is
// the first group of listens. It ends with the test, by a call of quit.
func drive(t *testing.T, listens *regexp.Regexp, quit string, event func(*driven, browserMessage), browser string, arguments ...string) (d *driven, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 9*patience)
	cmd := exec.CommandContext(ctx, browser, arguments...)
	told := new(output)
	cmd.Stderr = told
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cmd.Wait() // it is asked to end, or killed
	}()
	d = &driven{t: t, ctx: ctx, answers: make(chan browserMessage, 1), silent: make(chan struct{})}
	d.event = func(m browserMessage) { event(d, m) }
	t.Cleanup(func() {
		d.quit(quit, ended)
		cancel()
		<-ended
	})
	eventually(t, 3*patience, "the browser can be driven", func() bool { return listens.MatchString(told.text()) })
	return d, listens.FindStringSubmatch(told.text())[1]
}

// dial reads what the browser tells until the connection ends.
func (d *driven) dial(url string) {
	d.t.Helper()
	var err error
	if d.conn, _, err = websocket.Dial(d.ctx, url, nil); err != nil {
		d.t.Fatal(err)
	}
	d.conn.SetReadLimit(maxFromBrowser)
	go func() {
		defer close(d.silent)
		d.read()
	}()
}

// quit asks the browser to end, so that it takes its own processes with it, and
// waits a while for that.
func (d *driven) quit(method string, ended <-chan struct{}) {
	if d.conn == nil {
		return
	}
	d.conn.Write(d.ctx, websocket.MessageText, []byte(`{"id":0,"method":"`+method+`","params":{}}`)) // if it is gone already, so be it
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	}
	d.conn.CloseNow()
	<-d.silent
}

// read takes in what the browser says.
func (d *driven) read() {
	defer close(d.answers)
	for {
		_, text, err := d.conn.Read(d.ctx)
		if err != nil {
			return
		}
		var m browserMessage
		if json.Unmarshal(text, &m) != nil {
			continue
		}
		if m.ID == 0 {
			d.event(m)
			continue
		}
		select {
		case d.answers <- m:
		case <-d.ctx.Done():
			return
		}
	}
}

// call does something, and returns what came of it.
func (d *driven) call(method string, params map[string]any) json.RawMessage {
	d.t.Helper()
	d.last++
	if params == nil {
		params = map[string]any{}
	}
	text, err := json.Marshal(map[string]any{"id": d.last, "method": method, "params": params})
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.conn.Write(d.ctx, websocket.MessageText, text); err != nil {
		d.t.Fatalf("%s: %v", method, err)
	}
	m := receive(d.t, method, d.answers)
	if m.ID != d.last || m.Error != nil {
		d.t.Fatalf("%s: %s %s", method, m.Error, m.Message)
	}
	return m.Result
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
