package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// maintenance is a program with a Site to be maintained, and what an operator
// types beside it.
type maintenance struct {
	*sluice
	up *origin
}

func newMaintenance(t *testing.T) *maintenance {
	t.Helper()
	up := serve(t, nil)
	admin, state := reserve(t), filepath.Join(t.TempDir(), "state")
	s := start(t, setup{
		server:    fmt.Sprintf("admin = %q\nstate_dir = %q\n", admin, state),
		upstreams: []string{up.address},
		site:      "[[site.route]]\npath = \"/pay/\"\nclass = \"critical\"\n",
	})
	return &maintenance{s, up}
}

// types runs a command of the program on the same configuration.
func (m *maintenance) types(words ...string) result {
	m.t.Helper()
	return command(m.t, "", built, append(words, "--config", filepath.Join(m.dir, "sluice.toml"))...)
}

// again stops the program and starts it anew.
func (m *maintenance) again() {
	m.t.Helper()
	m.stop()
	s := launch(m.t, m.dir, "run", "--config", filepath.Join(m.dir, "sluice.toml"))
	s.id = m.id
	m.sluice = s
}

// closed wants that nobody gets to the upstream but by the critical Route, and
// that everybody is told why.
func (m *maintenance) closed(when string) {
	m.t.Helper()
	c := m.client()
	before := m.up.count()
	for _, tt := range []struct{ fields, want string }{
		{browser + "|Accept-Language: en", "<h1>Under maintenance</h1>"},
		{browser + "|Accept-Language: zh-CN,zh;q=0.9", "<h1>网站维护中</h1>"},
		{"Accept: */*", `{"code":503,"msg":"maintenance"}`},
	} {
		a := get(m.t, c, secure+"/cart", strings.Split(tt.fields, "|")...)
		if a.StatusCode != 503 || !strings.Contains(a.body, tt.want) {
			m.t.Errorf("%s, %s: %d, no %s in %.300s", when, tt.fields, a.StatusCode, tt.want, a.body)
		}
		if a.Header.Get("Proxy-Status") != "sluice; error=http_request_denied" || a.Header.Get("Cache-Control") != "no-store" {
			m.t.Errorf("%s: fields %v", when, a.Header)
		}
		if after, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || after < 1 {
			m.t.Errorf("%s: Retry-After %q", when, a.Header.Get("Retry-After"))
		}
	}
	if n := m.up.count(); n != before {
		m.t.Errorf("%s: the upstream got %d requests", when, n-before)
	}
	if a := get(m.t, c, secure+"/pay/done"); a.StatusCode != 200 {
		m.t.Errorf("%s: the critical route answers %d", when, a.StatusCode)
	}
}

// "sluice maintenance on|off SITE", page and JSON, critical Routes open, kept
// over a restart.
func TestMaintenance(t *testing.T) {
	t.Parallel()
	m := newMaintenance(t)
	if r := m.types("maintenance"); r.status != 0 || r.stdout != "no site is under maintenance\n" {
		t.Errorf("before: %+v", r)
	}
	if r := m.types("maintenance", "on", "nobody.test"); r.status != 1 || r.stderr != "no site has the host \"nobody.test\"; there are "+host+"\n" {
		t.Errorf("an unknown site: %+v", r)
	}
	if a := get(t, m.client(), secure+"/cart"); a.StatusCode != 200 {
		t.Fatalf("status %d", a.StatusCode)
	}
	if r := m.types("maintenance", "on", host); r.status != 0 || r.stdout != host+": under maintenance until it is turned off\n" {
		t.Fatalf("on: %+v", r)
	}
	m.closed("turned on")
	get(t, m.client(), secure+"/logged")
	if l := m.line(t, "/logged"); l.Who != "sluice" || l.Phase != "admit" || l.Cause != "maintenance" || l.Attempts != 0 {
		t.Errorf("logged: %+v", l)
	}
	m.again()
	m.closed("after a restart")
	if !m.stderr.has("site is under maintenance, as before the restart") {
		t.Errorf("stderr does not tell of it:\n%s", m.stderr.text())
	}
	var all []struct {
		Site  string
		Since time.Time
	}
	r := m.types("maintenance", "--json")
	if err := json.Unmarshal([]byte(r.stdout), &all); err != nil || len(all) != 1 || all[0].Site != host || time.Since(all[0].Since) > time.Hour {
		t.Errorf("--json: %+v, %v", r, err)
	}
	if r := m.types("maintenance", "off", strings.ToUpper(host)); r.status != 0 || r.stdout != host+": open\n" {
		t.Errorf("off: %+v", r)
	}
	if a := get(t, m.client(), secure+"/cart"); a.StatusCode != 200 {
		t.Errorf("status %d after its end", a.StatusCode)
	}
	m.again()
	if a := get(t, m.client(), secure+"/cart"); a.StatusCode != 200 {
		t.Errorf("status %d after its end and a restart", a.StatusCode)
	}
}

// "--until TIME or --for DURATION that sets Retry-After and ends it by itself".
func TestMaintenanceEndsByItself(t *testing.T) {
	t.Parallel()
	m := newMaintenance(t)
	if r := m.types("maintenance", "on", host, "--for", "1h", "--until", "20:00"); r.status == 0 {
		t.Errorf("two ends: %+v", r)
	}
	if r := m.types("maintenance", "on", host, "--until", "2020-01-01T00:00:00Z"); r.status != 1 || !strings.Contains(r.stderr, "over already") {
		t.Errorf("an end of the past: %+v", r)
	}
	if r := m.types("maintenance", "on", host, "--for", "1h"); r.status != 0 {
		t.Fatalf("on: %+v", r)
	}
	if r := m.types("maintenance"); !strings.Contains(r.stdout, host) || !strings.Contains(r.stdout, "(in ") {
		t.Errorf("shown: %+v", r)
	}
	after, err := strconv.Atoi(get(t, m.client(), secure+"/cart").Header.Get("Retry-After"))
	if most := 3601 + 361; err != nil || after > most || after < 3600-int(3*patience/time.Second) {
		t.Errorf("Retry-After %d, want the rest of an hour and up to a tenth more", after)
	}
	if r := m.types("maintenance", "on", host, "--for", "1s"); r.status != 0 {
		t.Fatalf("on: %+v", r)
	}
	eventually(t, patience, "it ends by itself", func() bool { return get(t, m.client(), secure+"/cart").StatusCode == 200 })
}

// "pre-compressed in memory": what curl unpacks is what it gets without.
func TestDegradedPageIsCompressed(t *testing.T) {
	t.Parallel()
	m := newMaintenance(t)
	if r := m.types("maintenance", "on", host); r.status != 0 {
		t.Fatalf("on: %+v", r)
	}
	c := m.client()
	const id = "Request-Id: 0123456789-abc"
	plainPage := get(t, c, secure+"/", browser, id)
	packed := get(t, c, secure+"/", browser, id, "Accept-Encoding: gzip, deflate, br")
	if packed.Header.Get("Content-Encoding") != "gzip" || packed.Header.Get("Vary") != "Accept-Encoding" || len(packed.body) > len(plainPage.body)*2/3 {
		t.Errorf("%d bytes for %d, fields %v", len(packed.body), len(plainPage.body), packed.Header)
	}
	r, err := gzip.NewReader(bytes.NewReader([]byte(packed.body)))
	if err != nil {
		t.Fatal(err)
	}
	if page, err := io.ReadAll(r); err != nil || string(page) != plainPage.body || !strings.Contains(string(page), ">0123456789-abc<") {
		t.Errorf("%v, %q", err, page)
	}
	curl := program(t, "curl")
	_, port, _ := strings.Cut(m.https, ":")
	got := command(t, "", curl, "--silent", "--compressed", "--cacert", m.id.caFile, "--connect-to", host+":443:127.0.0.1:"+port,
		"--header", browser, "--header", id, secure+"/")
	if got.status != 0 || got.stdout != plainPage.body {
		t.Errorf("curl: %+v", got)
	}
}
