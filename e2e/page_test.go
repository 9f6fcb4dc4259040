package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sluice/server"
)

// adminURL is where the admin server of a running program is.
func (s *sluice) adminURL(t *testing.T) string {
	t.Helper()
	found := admits.FindStringSubmatch(s.stderr.text())
	if found == nil {
		t.Fatal("the program does not say where its admin server is")
	}
	return "http://" + found[1]
}

// "the page shows an upstream going down and coming back, within two seconds"
func TestPageShowsAnUpstreamThatGoesAndComesBack(t *testing.T) {
	t.Parallel()
	b := openTab(t, "en-US")
	stays, goes := startProcess(t, reserve(t)), startProcess(t, reserve(t))
	s := start(t, setup{server: withAdmin, upstreams: []string{stays.address, goes.address},
		pool: "[upstream.app.health]\npath = \"/\"\ninterval = \"200ms\"\ntimeout = \"150ms\""})
	b.open(s.adminURL(t) + "/")
	b.says(2*patience, "#title", "All is well")
	b.says(patience, "#pools", goes.address)
	const soon = 2 * time.Second
	var down, up time.Duration
	for range 3 { // the best of a few, for the machine may be busy
		down, up = showsTheWayOut(t, b, s, goes), showsTheWayBack(t, b, s, goes)
		if down <= soon && up <= soon {
			break
		}
	}
	t.Logf("shown %v and %v after the program knew", down, up)
	if down > soon || up > soon {
		t.Errorf("shown %v and %v after the program knew, want within %v", down, up, soon)
	}
	if errors := b.errors(); len(errors) > 0 {
		t.Errorf("errors of the page: %q", errors)
	}
}

// showsTheWayOut kills an upstream, and returns when the page has shown all of that
// after the program knew.
func showsTheWayOut(t *testing.T, b *tab, s *sluice, goes *process) time.Duration {
	t.Helper()
	out := `msg="upstream is out" pool=app upstream=` + goes.address
	before := strings.Count(s.stderr.text(), out)
	goes.kill()
	eventually(t, patience, "the program notices that an upstream is gone", func() bool { return strings.Count(s.stderr.text(), out) > before })
	noticed := time.Now()
	b.says(patience, "#pools .state.out", "out")
	b.says(patience, "#pools tr.why", "connection")
	b.says(patience, "#events", goes.address)
	took := time.Since(noticed)
	if title := b.text("#title"); title == "All is well" {
		t.Errorf("the page says %q while an upstream is out", title)
	}
	b.run("document.querySelector('#language').click()", nil)
	b.says(patience, "#pools tr.why", "连接") // refused, or closed
	b.run("document.querySelector('#language').click()", nil)
	return took
}

// showsTheWayBack is the same of its return.
func showsTheWayBack(t *testing.T, b *tab, s *sluice, goes *process) time.Duration {
	t.Helper()
	back := `msg="upstream is back" pool=app upstream=` + goes.address
	before := strings.Count(s.stderr.text(), back)
	goes.start()
	eventually(t, patience, "the program notices that it is back", func() bool { return strings.Count(s.stderr.text(), back) > before })
	noticed := time.Now()
	b.says(patience, "#pools", "2 of 2 in service")
	b.says(patience, "#title", "All is well")
	took := time.Since(noticed)
	if still := b.text("#pools .state.out"); still != "" {
		t.Errorf("an upstream is still %q", still)
	}
	return took
}

// With two hundred Sites there may be more problems than one wants to scroll past:
// those that are left out are counted.
func TestPageCountsTheProblemsThatItLeavesOut(t *testing.T) {
	t.Parallel()
	b := openTab(t, "en")
	g := newStage(t)
	g.change(func(g *stage) {
		for i := range 20 {
			g.status.Problems = append(g.status.Problems, server.Problem{Level: "error", Code: "pool_empty", Text: fmt.Sprintf("Pool app%d is empty.", i)})
		}
	})
	b.open(g.url)
	b.says(2*patience, "#title", "Pool app0 is empty.")
	b.says(patience, "#problems li:last-child", "And 7 more")
	b.run("document.querySelector('#language').click()", nil)
	b.says(patience, "#problems li:last-child", "另有 7 项")
	g.change(func(g *stage) {
		g.status.Problems = []server.Problem{{Level: "warn", Code: "unstored", Params: map[string]string{"names": "certificates, maintenance"}, Text: "x"}}
	})
	b.says(patience, "#title", "需要保存的数据无法写入磁盘：证书，维护状态。")
}

// The page speaks the browser's language, and the other one when that is chosen,
// also the next time.
func TestPageSpeaksEnglishAndChinese(t *testing.T) {
	t.Parallel()
	b := openTab(t, "zh-CN")
	g := newStage(t)
	b.open(g.url)
	b.says(2*patience, "#title", "一切正常")
	b.says(patience, "#t-failures", "最近失败的请求")
	g.change(func(g *stage) { g.status = troubled() })
	b.says(patience, "#title", "1/2 个上游已停用")
	b.says(patience, "#problems", "Something else is wrong.") // which it has no words for
	b.says(patience, "#pools tr.why", "连接被拒绝（connect: connection refused）")
	b.says(patience, "#events", "app 的上游 10.0.0.2:3001 停用：连接被拒绝")
	b.run("document.querySelector('#failures details').open = true", nil)
	b.says(patience, "#failures .told", "第 1 次尝试（10.0.0.2:3001）")
	// What comes while a story is read waits.
	g.change(func(g *stage) {
		newer := g.status.Failures[0]
		newer.ID = "fedcba9876543210"
		g.status.Failures = append([]server.FailureStatus{newer}, g.status.Failures...)
	})
	b.says(patience, "#failures-held", "有新的失败请求")
	b.run("document.querySelector('#failures details').open = false", nil)
	eventually(t, patience, "the newer failure is shown", func() bool {
		var lines int
		b.run("document.querySelectorAll('#failures details').length", &lines)
		return lines == 3
	})

	b.run("document.querySelector('#language').click()", nil)
	b.says(patience, "#title", "Pool app: 1 of 2 Upstreams is out of service.")
	b.says(patience, "#lead", "Start the app on 10.0.0.2:3001.")
	b.says(patience, "#pools tr.why", "nobody listens there (connect: connection refused)")
	b.run("document.querySelector('#failures details').open = true", nil)
	b.says(patience, "#failures .told", "The client got status 502.")
	b.open(g.url)
	b.says(2*patience, "#t-failures", "Last failures")
	if errors := b.errors(); len(errors) > 0 {
		t.Errorf("errors of the page: %q", errors)
	}
}

// What strangers have sent is shown letter by letter.
func TestPageTakesNothingForItsOwn(t *testing.T) {
	t.Parallel()
	b := openTab(t, "en-US")
	g := newStage(t)
	g.change(func(g *stage) { g.status = troubled() })
	b.open(g.url)
	b.says(2*patience, "#failures", nasty)
	b.run("document.querySelectorAll('details').forEach(d => { d.open = true })", nil)
	b.says(patience, "#failures .told", nasty)
	b.says(patience, "#events", nasty)
	var got struct {
		Strange, Buttons int
		Title            string
	}
	b.run(`({strange: document.querySelectorAll('main img, main script, main b b, main iframe').length,
		buttons: document.querySelectorAll('#failures button').length, title: document.title})`, &got)
	// A command with an ID that a shell would run is not offered for copying.
	if got.Strange != 0 || got.Buttons != 1 || got.Title == "caught" {
		t.Errorf("the page has %+v", got)
	}
	if errors := b.errors(); len(errors) > 0 {
		t.Errorf("errors of the page: %q", errors)
	}
}

// "Sluice does not answer": the page says so and since when, keeps what it knew,
// and goes on by itself. After a restart its charts begin anew.
func TestPageWhileSluiceDoesNotAnswer(t *testing.T) {
	t.Parallel()
	b := openTab(t, "en-US")
	g := newStage(t)
	b.open(g.url)
	b.says(2*patience, "#title", "All is well")
	g.change(func(g *stage) { g.silent = true })
	b.says(2*patience, "#title", "Sluice does not answer since ")
	b.says(patience, "#n-requests", "120")
	b.says(patience, "#live", "no answer")
	g.change(func(g *stage) {
		g.silent, g.asked = false, nil
		g.status.PID, g.status.Started = g.status.PID+1, time.Now()
	})
	b.says(2*patience, "#title", "All is well")
	eventually(t, patience, "the page goes on", func() bool {
		var answers int
		g.change(func(g *stage) { answers = len(g.asked) })
		return answers > 2
	})
	var drawn string
	b.run("document.querySelector('#c-requests .line').getAttribute('d')", &drawn)
	// Of the seconds before the restart nothing is left: it was asked for few.
	var from float64
	if _, err := fmt.Sscanf(drawn, "M%f", &from); err != nil || from < 200 {
		t.Errorf("the line begins at second %v of 300, %v", from, err)
	}
}

// "Point at a chart": all of them tell that second then, and this moment again
// afterwards.
func TestPageTellsTheSecondThatIsPointedAt(t *testing.T) {
	t.Parallel()
	b := openTab(t, "en-US")
	g := newStage(t)
	g.change(func(g *stage) { g.status.Now.P50 = 345 }) // not that of the seconds
	b.screen(1280, 900, "light")
	b.open(g.url)
	b.says(2*patience, "#c-latency .legend", "345 ms")
	var at struct{ X, Y float64 }
	b.run("(r => ({x: r.left + r.width / 2, y: r.top + r.height / 2}))(document.querySelector('#c-requests .plot').getBoundingClientRect())", &at)
	b.call("Input.dispatchMouseEvent", map[string]any{"type": "mouseMoved", "x": at.X, "y": at.Y})
	b.says(patience, "#c-latency .legend", "12 ms")
	b.says(patience, "#c-latency .axis", ":") // the time of that second
	b.call("Input.dispatchMouseEvent", map[string]any{"type": "mouseMoved", "x": 1, "y": 1})
	b.says(patience, "#c-latency .legend", "345 ms")
	b.says(patience, "#c-latency .axis", "5 min ago")
}

// The first time the page asks for five minutes, then for seconds.
func TestPageAsksForLittle(t *testing.T) {
	t.Parallel()
	b := openTab(t, "en-US")
	g := newStage(t)
	b.open(g.url)
	var asked []int
	eventually(t, 2*patience, "the page asks again and again", func() bool {
		g.change(func(g *stage) { asked = append([]int(nil), g.asked...) })
		return len(asked) >= 3
	})
	if asked[0] != 300 || asked[1] > 30 || asked[2] > 30 {
		t.Errorf("it asks for %v seconds", asked)
	}
	var drawn string
	b.run("document.querySelector('#c-requests .line').getAttribute('d')", &drawn)
	var from float64
	if _, err := fmt.Sscanf(drawn, "M%f", &from); err != nil || from > 10 {
		t.Errorf("the line begins at second %v of 300, %v", from, err)
	}
}

// An admin server that wants a token is asked with one, which the tab keeps.
func TestPageAsksForTheToken(t *testing.T) {
	t.Parallel()
	const token = "a-token-of-some-length"
	b := openTab(t, "en-US")
	g := newStage(t)
	g.change(func(g *stage) { g.token = token })
	b.open(g.url)
	b.says(2*patience, "#title", "Sluice asks for a token")
	try := func(token string) {
		b.run(fmt.Sprintf("document.querySelector('#token').value = %q; document.querySelector('#unlock').requestSubmit()", token), nil)
	}
	try("wrong")
	b.says(patience, "#lead", "That is not the token.")
	try(token)
	b.says(patience, "#title", "All is well")
	b.open(g.url)
	b.says(2*patience, "#title", "All is well")
	var kept string
	b.run("JSON.stringify(localStorage) + document.cookie", &kept)
	if kept != "{}" {
		t.Errorf("the browser keeps %s for longer than the tab", kept)
	}
}

func TestPageIsAccessible(t *testing.T) {
	t.Parallel()
	check, err := os.ReadFile("testdata/accessible.js")
	if err != nil {
		t.Fatal(err)
	}
	b := openTab(t, "en-US")
	g := newStage(t)
	for _, tt := range []struct {
		name          string
		width, height int
		theme         string
		status        server.Status
		ready         string // part of the title
	}{
		{"well", 1280, 900, "light", calm(), "All is well"},
		{"well, dark", 1280, 900, "dark", calm(), "All is well"},
		{"trouble", 1280, 900, "light", troubled(), "1 of 2"},
		{"trouble, dark", 1280, 900, "dark", troubled(), "1 of 2"},
		{"tablet", 768, 1024, "light", troubled(), "1 of 2"},
		{"phone", 390, 844, "light", troubled(), "1 of 2"},
		{"phone, dark", 390, 844, "dark", troubled(), "1 of 2"},
		{"small phone", 320, 640, "light", troubled(), "1 of 2"},
		{"just started", 390, 844, "light", server.Status{Started: time.Now()}, "All is well"},
	} {
		g.change(func(g *stage) { g.status = tt.status })
		b.screen(tt.width, tt.height, tt.theme)
		b.open(g.url)
		b.says(2*patience, "#title", tt.ready)
		b.run("document.querySelectorAll('details').forEach(d => { d.open = true })", nil)
		var wrong []string
		b.run(string(check), &wrong)
		for _, w := range wrong {
			t.Errorf("%s: %s", tt.name, w)
		}
	}
	if errors := b.errors(); len(errors) > 0 {
		t.Errorf("errors of the page: %q", errors)
	}
}
