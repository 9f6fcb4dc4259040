package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// chromiumPage fetches fifty things, talks through a WebSocket, and reports
// which protocol each of them came by.
const chromiumPage = `<!doctype html><title>Sluice</title><script>
const report = async () => {
  const things = await Promise.all([...Array(50).keys()].map(i => fetch('/thing/' + i).then(r => r.text())));
  const echo = await new Promise((done, failed) => {
    const ws = new WebSocket('wss://' + location.host + '/ws');
    ws.onopen = () => ws.send('hello');
    ws.onmessage = m => { ws.close(); done(m.data); };
    ws.onerror = () => failed('the WebSocket failed');
  });
  const protocols = performance.getEntriesByType('resource').map(e => e.nextHopProtocol);
  return {things: things.length, wrong: things.filter((t, i) => t !== 'thing /thing/' + i).length, echo,
    protocols: [...new Set(protocols)], counted: protocols.length};
};
report().catch(e => ({error: String(e)})).then(r => fetch('/verdict', {method: 'POST', body: JSON.stringify(r)}));
</script><img src="/wait">`

// A browser of the people that Sluice is for speaks HTTP/2 with it.
func TestH2Chromium(t *testing.T) {
	t.Parallel()
	browser := program(t, "chromium")
	verdict, leave := make(chan []byte, 1), make(chan struct{})
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/":
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, chromiumPage)
		case strings.HasPrefix(r.URL.Path, "/thing/"):
			io.WriteString(w, "thing "+r.URL.Path)
		case r.URL.Path == "/wait": // which keeps the page from being complete
			select {
			case <-leave:
			case <-r.Context().Done():
			}
		case r.URL.Path == "/verdict":
			body, _ := io.ReadAll(r.Body)
			verdict <- body
		case r.URL.Path == "/ws":
			echo(w, r)
		}
	})
	s := start(t, setup{upstreams: []string{up.address}})
	_, port, _ := net.SplitHostPort(s.https)
	ctx, cancel := context.WithTimeout(t.Context(), 6*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking", "--disable-quic", "--ignore-certificate-errors",
		"--no-proxy-server", "--user-data-dir="+t.TempDir(), "--host-resolver-rules=MAP "+host+":443 127.0.0.1:"+port,
		"--dump-dom", secure+"/")
	var said output
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cmd.Wait() // it is killed, or ends by itself: either is right
	}()
	defer func() {
		cancel()
		<-ended
	}()
	var body []byte
	select {
	case body = <-verdict:
	case <-ended:
		t.Fatalf("the browser has ended without a verdict:\n%s", tail(said.text(), 2<<10))
	}
	close(leave)
	var got struct {
		Things, Wrong, Counted int
		Echo, Error            string
		Protocols              []string
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if got.Error != "" || got.Things != 50 || got.Wrong != 0 || got.Echo != "HELLO" ||
		got.Counted < 50 || len(got.Protocols) != 1 || got.Protocols[0] != "h2" {
		t.Errorf("the browser says %s", body)
	}
}

// echo answers messages of a WebSocket in upper case.
func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	for {
		kind, message, err := c.Read(r.Context())
		if err != nil {
			return
		}
		c.Write(r.Context(), kind, []byte(strings.ToUpper(string(message))))
	}
}
