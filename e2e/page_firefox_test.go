package e2e

import (
	"os"
	"testing"

	"sluice/server"
)

// Firefox shows the page as Chromium does: nothing is too wide for its screen,
// nothing too faint to read, and nothing is complained of.
func TestPageInFirefox(t *testing.T) {
	t.Parallel()
	check, err := os.ReadFile("testdata/accessible.js")
	if err != nil {
		t.Fatal(err)
	}
	f := openFox(t, `user_pref("intl.accept_languages", "en-US");`)
	g := newStage(t)
	for _, tt := range []struct {
		name          string
		width, height int
		status        server.Status
		ready         string // part of the title
	}{
		{"well", 1280, 900, calm(), "All is well"},
		{"trouble", 1280, 900, troubled(), "1 of 2"},
		{"phone", 390, 844, troubled(), "1 of 2"},
		{"small phone", 320, 640, troubled(), "1 of 2"},
	} {
		g.change(func(g *stage) { g.status = tt.status })
		f.screen(tt.width, tt.height)
		f.open(g.url)
		f.says(2*patience, "#title", tt.ready)
		f.says(patience, "#sites", "shop.example.com")
		f.run("document.querySelectorAll('details').forEach(d => { d.open = true })", nil)
		var wrong []string
		f.run(string(check), &wrong)
		for _, w := range wrong {
			t.Errorf("%s: %s", tt.name, w)
		}
	}
	f.says(patience, "#failures .told", nasty)
	f.run("document.querySelector('#language').click()", nil)
	f.says(patience, "#title", "1/2 个上游已停用")
	f.says(patience, "#pools tr.why", "连接被拒绝（connect: connection refused）")
	g.change(func(g *stage) { g.silent = true })
	f.says(2*patience, "#live", "无应答")
	g.change(func(g *stage) { g.silent = false })
	f.says(2*patience, "#title", "1/2 个上游已停用")
	if errors := f.errors(); len(errors) > 0 {
		t.Errorf("errors of the page: %q", errors)
	}
}
