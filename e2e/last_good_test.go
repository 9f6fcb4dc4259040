package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// reader reads pages again and again, as a person does.
type reader struct {
	took   []time.Duration
	copies int
	wrong  []string
}

// read asks for known pages until stop is closed. killed is closed when nobody
// is left to answer: what is asked for from then on has to be a copy.
func (r *reader) read(c *http.Client, pages int, stop, killed <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		dead := isClosed(killed)
		began := time.Now()
		resp, err := c.Get(fmt.Sprintf("%s/page/%d", secure, i%pages))
		if err != nil {
			r.wrong = append(r.wrong, err.Error())
			return
		}
		_, err = io.Copy(io.Discard, resp.Body) // so that the connection is kept
		resp.Body.Close()
		if err != nil {
			r.wrong = append(r.wrong, err.Error())
			return
		}
		marked := resp.Header.Get("Cache-Status") == "sluice; hit; fwd=stale" && resp.Header.Get("Age") != "" &&
			strings.HasPrefix(resp.Header.Get("Proxy-Status"), "sluice; error=")
		switch {
		case resp.StatusCode != 200, dead && !marked:
			r.wrong = append(r.wrong, fmt.Sprintf("%d %v", resp.StatusCode, resp.Header))
		case marked:
			r.copies++
		}
		if dead {
			r.took = append(r.took, time.Since(began))
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// "All upstreams killed under load: reads seen before go on with 200 and the
// marks above". The default configuration has it on.
func TestReadsGoOnWhenAllUpstreamsAreKilled(t *testing.T) {
	t.Parallel()
	ups := []*process{startProcess(t, reserve(t)), startProcess(t, reserve(t))}
	s := start(t, setup{upstreams: []string{ups[0].address, ups[1].address}})
	c := s.client()
	const pages, readers = 20, 8
	for i := range pages {
		if got := get(t, c, fmt.Sprintf("%s/page/%d", secure, i)); got.StatusCode != 200 || got.Header.Get("Age") != "" {
			t.Fatalf("while all is well: %d %v", got.StatusCode, got.Header)
		}
	}
	stop, killed := make(chan struct{}), make(chan struct{})
	all := make([]reader, readers)
	var done sync.WaitGroup
	for i := range all {
		done.Go(func() { all[i].read(c, pages, stop, killed) })
	}
	ups[0].kill()
	ups[1].kill()
	close(killed)
	const copies = 2000
	eventually(t, 6*patience, "copies for some time", func() bool {
		// Reading the log as JSON again and again costs more than all requests.
		text, err := os.ReadFile(filepath.Join(s.dir, accessLog))
		if err != nil || bytes.Count(text, []byte(`"last_good"`)) <= copies {
			return false
		}
		n := 0
		for _, l := range s.lines(t) {
			if l.Degraded == "last_good" && l.Status == 200 && l.Cause != "" {
				n++
			}
		}
		return n > copies
	})
	close(stop)
	done.Wait()
	var took []time.Duration
	for _, r := range all {
		took = append(took, r.took...)
		if len(r.wrong) > 0 {
			t.Errorf("%d wrong answers, such as %s", len(r.wrong), r.wrong[0])
		}
	}
	slices.Sort(took)
	t.Logf("%d answers without an upstream: median %v, 99 %% under %v", len(took), took[len(took)/2], took[len(took)*99/100])
	if got := get(t, c, secure+"/never/seen"); got.StatusCode < 500 || !strings.Contains(got.Header.Get("Proxy-Status"), "error=") {
		t.Errorf("what was never seen: %d %v", got.StatusCode, got.Header)
	}
	if got := get(t, c, secure+"/page/1", "Cookie: session=1"); got.StatusCode < 500 {
		t.Errorf("somebody who is signed in: %d %v", got.StatusCode, got.Header)
	}
	ups[0].start()
	eventually(t, patience, "answers from the upstream that is back", func() bool {
		got := get(t, c, secure+"/page/1")
		return got.Header.Get("X-Upstream") != "" && got.Header.Get("Age") == ""
	})
}

// "1,000 clients ask for one slow key at once: the upstream sees one request",
// here by 200 over HTTP/2 and HTTP/1.1.
func TestManyForOneSlowPageAreOneRequest(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		w.Header().Set("Cache-Control", "max-age=60")
		fmt.Fprint(w, "the slow page")
	})
	s := start(t, setup{server: manyHandshakes, upstreams: []string{up.address}, site: "[[site.route]]\npath = \"/\"\ncache = { wait = \"30s\" }\n"})
	clients := []*http.Client{s.client(), s.client2()}
	var done sync.WaitGroup
	for i := range 200 {
		done.Go(func() {
			if got := get(t, clients[i%2], secure+"/slow"); got.StatusCode != 200 || got.body != "the slow page" {
				t.Errorf("%d %q", got.StatusCode, got.body)
			}
		})
	}
	eventually(t, patience, "the one request", func() bool { return up.count() == 1 })
	close(release)
	done.Wait()
	if n := up.count(); n != 1 {
		t.Errorf("the upstream saw %d requests", n)
	}
}
