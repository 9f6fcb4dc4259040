package server

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// act posts to the admin server what a command would.
func act(t *testing.T, url, body string) (status int, said string) {
	t.Helper()
	r, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Sluice-Action", "command")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// "sluice maintenance on|off SITE (by the admin API)", and a restart between.
func TestMaintenanceByTheAdminServer(t *testing.T) {
	state := "state_dir = \"" + t.TempDir() + "\""
	site := plainSite(app(t, answering(hello)))
	s := serving(t, state, site)
	visit := func() int {
		status, _, _ := fetch(t, browser(t, s), "http://shop.example.com/")
		return status
	}
	admin := func(action string, query url.Values) (int, string) {
		return act(t, "http://"+s.Admin().String()+"/maintenance/"+action+"?"+query.Encode(), "")
	}
	if got := visit(); got != 200 {
		t.Fatalf("status %d", got)
	}
	until := time.Now().Add(time.Hour).Truncate(time.Second)
	status, said := admin("on", url.Values{"site": {"shop.example.com"}, "until": {until.Format(time.RFC3339)}})
	if status != 200 || said != "shop.example.com: under maintenance until "+until.Format(time.RFC3339)+"\n" {
		t.Fatalf("on: %d %q", status, said)
	}
	if got := visit(); got != 503 {
		t.Errorf("status %d under maintenance", got)
	}
	shows(t, s, `sluice_site_maintenance{site="shop.example.com"} 1`, `sluice_failures_total{cause="maintenance"} 1`, `sluice_maintenance_unstored 0`)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}

	s = serving(t, state, site)
	if got := visit(); got != 503 {
		t.Errorf("status %d after a restart", got)
	}
	if _, _, list := fetch(t, http.DefaultClient, "http://"+s.Admin().String()+"/maintenance"); !strings.Contains(list, `"site": "shop.example.com"`) || !strings.Contains(list, `"until": `) {
		t.Errorf("list: %s", list)
	}
	if status, said := admin("off", url.Values{"site": {"shop.example.com"}}); status != 200 || said != "shop.example.com: open\n" {
		t.Errorf("off: %d %q", status, said)
	}
	if got := visit(); got != 200 {
		t.Errorf("status %d after its end", got)
	}
	if _, _, list := fetch(t, http.DefaultClient, "http://"+s.Admin().String()+"/maintenance"); list != "[]\n" {
		t.Errorf("list: %q", list)
	}
	if status, said := admin("on", url.Values{"site": {"other.example.com"}}); status != 409 || !strings.Contains(said, "there are shop.example.com") {
		t.Errorf("an unknown site: %d %q", status, said)
	}
}

// "in state_dir (a full disk is reported, not fatal)": who turned it on reads it.
func TestWhoTurnsItOnIsToldThatItIsNotStored(t *testing.T) {
	for state, want := range map[string]string{
		"/proc/nowhere": "but this could not be stored, and after a restart it may not be under maintenance: ",
		"":              "a restart ends it, for server.state_dir is \"\"",
	} {
		s := serving(t, "state_dir = \""+state+"\"", plainSite("127.0.0.1:1"))
		status, said := act(t, "http://"+s.Admin().String()+"/maintenance/on?site=shop.example.com", "")
		if status != 200 || !strings.HasPrefix(said, "shop.example.com: under maintenance until it is turned off\n"+want) {
			t.Errorf("state_dir %q: %d %q", state, status, said)
		}
		s.stop()
	}
}

// "Serving must stay without allocation."
func TestAnAnswerUnderMaintenanceAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget at random")
	}
	s := serving(t, `state_dir = ""`, plainSite("127.0.0.1:1"))
	if _, err := s.BeginMaintenance("shop.example.com", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	c := dial(t, s.HTTP())
	answer := make([]byte, 16<<10)
	exchange := func() {
		if _, err := c.Write(browserRequest); err != nil {
			t.Fatal(err)
		}
		for n := 0; ; {
			m, err := c.Read(answer[n:])
			if err != nil {
				t.Fatal(err)
			}
			n += m
			if head := bytes.Index(answer[:n], []byte("\r\n\r\n")); head > 0 && n >= head+4+contentLength(answer[:head]) {
				return
			}
		}
	}
	for range 200 {
		exchange()
	}
	if !bytes.Contains(answer, []byte("Content-Encoding: gzip")) || !bytes.HasPrefix(answer, []byte("HTTP/1.1 503 ")) {
		t.Fatalf("%.600q", answer)
	}
	if n := testing.AllocsPerRun(2000, exchange); n != 0 {
		t.Errorf("%v allocations per answer", n)
	}
}

// contentLength reads the field without allocating.
func contentLength(head []byte) (n int) {
	const name = "Content-Length: "
	for _, c := range head[bytes.Index(head, []byte(name))+len(name):] {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}
