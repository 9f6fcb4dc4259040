package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"
)

// roomChromiumPage is what those who are in see. It reports who they are.
const roomChromiumPage = `<!doctype html><title>Inside</title><script>
fetch('/verdict', {method: 'POST', body: JSON.stringify({title: document.title, cookies: document.cookie})});
</script>`

// "a browser test sees the page let itself in"
func TestRoomChromium(t *testing.T) {
	t.Parallel()
	browser := program(t, "chromium")
	verdict := make(chan []byte, 1)
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/inside":
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, roomChromiumPage)
		case "/verdict":
			body, _ := io.ReadAll(r.Body)
			select {
			case verdict <- body:
			default:
			}
		}
	})
	s := start(t, setup{server: withAdmin + trustUs, upstreams: []string{up.address},
		site: "[site.waiting_room]\nrate = \"1/s\"\nburst = 1"})
	stop := lineThatMoves(t, newCrowd(t, s), 4)
	defer stop()

	_, port, _ := net.SplitHostPort(s.https)
	ctx, cancel := context.WithTimeout(t.Context(), 9*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking", "--disable-quic", "--ignore-certificate-errors",
		"--no-proxy-server", "--user-data-dir="+t.TempDir(), "--host-resolver-rules=MAP "+host+":443 127.0.0.1:"+port,
		"--remote-debugging-port=0", // which keeps it from ending when the first page is loaded
		secure+"/inside")
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
	eventually(t, 3*patience, "the browser gets the page of the waiting room", func() bool {
		l := s.line(t, "/inside")
		if l.Degraded != "room" || l.Status != 503 {
			t.Fatalf("the browser's first request: %+v", l)
		}
		return true
	})
	stop() // nobody comes behind it
	var body []byte
	select {
	case body = <-verdict:
	case <-ended:
		t.Fatalf("the browser has ended without a verdict:\n%s", tail(said.text(), 2<<10))
	}
	var got struct{ Title, Cookies string }
	if err := json.Unmarshal(body, &got); err != nil || got.Title != "Inside" || got.Cookies != "" {
		t.Errorf("the browser says %s, %v", body, err)
	}
}

// lineThatMoves keeps so many visitors before a waiting room, each of whom
// comes anew when he has been let in, until stop is called. Those who wait then
// wait on until they are in.
func lineThatMoves(t *testing.T, c *crowd, people int) (stop func()) {
	var stopped atomic.Bool
	ended := make(chan struct{}, people)
	deadline := time.Now().Add(9 * patience)
	for i := range people {
		go func() {
			defer func() { ended <- struct{}{} }()
			v := c.visitor(t, i)
			in := v.comes()
			every(100*time.Millisecond, func() bool {
				if !in {
					in = v.polls().State == "entered"
					return time.Now().Before(deadline)
				}
				if stopped.Load() {
					return false
				}
				v = c.visitor(t, i)
				in = v.comes()
				return true
			})
		}()
	}
	t.Cleanup(func() {
		stopped.Store(true)
		for range people {
			<-ended
		}
	})
	eventually(t, patience, "there is a line", func() bool { return !c.visitor(t, 99).comes() })
	return func() { stopped.Store(true) }
}
