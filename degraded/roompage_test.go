package degraded

import (
	"regexp"
	"strings"
	"testing"
)

// roomHTML returns all pages of a waiting room by state and language.
func roomHTML(t *testing.T, title string) map[string]string {
	t.Helper()
	p, all := roomPages(t, title), make(map[string]string)
	for _, lang := range []string{"en", "zh"} {
		for _, state := range []string{"waiting", "not_started", "over"} {
			all[state+" "+lang] = roomText(t, p.Render(nil, roomViews[state], []byte(browser), []byte(lang)))
		}
	}
	return all
}

func TestRoomPagesAreWellMade(t *testing.T) {
	outside := regexp.MustCompile(`(?i)//[a-z]|@import|url\(|\bsrc=|\bhref="[^d]`)
	unfilled := regexp.MustCompile(`\{\{|\[[a-z]+\]\n`)
	attribute := regexp.MustCompile(` (style|on[a-z]+)=`)
	for name, page := range roomHTML(t, "Shop") {
		if err := balanced(page); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(page) > 9<<10 {
			t.Errorf("%s: %d bytes", name, len(page))
		}
		for what, re := range map[string]*regexp.Regexp{"from outside": outside, "not filled in": unfilled, "forbidden by the policy": attribute} {
			if found := re.FindString(page); found != "" {
				t.Errorf("%s: %s: %q", name, what, found)
			}
		}
		tag, _, _ := strings.Cut(strings.SplitAfter(page, `<html lang="`)[1], `"`)
		if !strings.HasPrefix(tag, name[len(name)-2:]) {
			t.Errorf("%s: lang is %q", name, tag)
		}
		if han := regexp.MustCompile(`\p{Han}`).MatchString(page); han != (tag == "zh-CN") {
			t.Errorf("%s: Chinese characters: %v", name, han)
		}
	}
}

func TestRoomPagesHoldWhatTheyAreFor(t *testing.T) {
	pages := roomHTML(t, "Shop")
	for name, wants := range map[string][]string{
		"waiting en": {
			"<title>You are in line · Shop</title>", `<p class="site">Shop</p>`, "<h1>You are in line</h1>",
			"<b>1,234</b>", "Estimated wait: about 5 minutes", "you may leave it open", `aria-live="polite"`,
			`<noscript><meta http-equiv="refresh" content="7"></noscript>`,
			`data-state="waiting" data-place="1234" data-after="7"`,
		},
		"waiting zh": {"<title>您正在排队 · Shop</title>", "预计等待约 5 分钟", "无需刷新"},
		"not_started en": {
			`Opens <time id="opens" datetime="2026-11-22T20:00:00+08:00">2026-11-22 20:00 UTC+08:00</time>`,
			`data-left="3600"`, `data-state="not_started" data-after="60"`,
			`<noscript><meta http-equiv="refresh" content="60"></noscript>`,
		},
		"not_started zh": {`开始时间：<time id="opens"`},
		"over en":        {"<h1>This has ended</h1>"},
		"over zh":        {"<h1>已经结束</h1>"},
	} {
		for _, want := range wants {
			if !strings.Contains(pages[name], want) {
				t.Errorf("%s: no %s", name, want)
			}
		}
	}
	for _, never := range []string{"<script>", "refresh"} {
		if strings.Contains(pages["over en"], never) {
			t.Errorf("the page of what is over has %s", never)
		}
	}
}

func TestRoomPagesNeedNoTitle(t *testing.T) {
	page := roomHTML(t, "")["waiting en"]
	if !strings.Contains(page, "<title>You are in line</title>") || strings.Contains(page, `<p class="site">`) {
		t.Error("there is a place for a title that is not there")
	}
}

func TestRoomTitleIsNoMarkupAndNoSlot(t *testing.T) {
	for title, want := range map[string]string{
		`</title><script>alert(1)</script>`: "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;",
		`a "b" & 'c'`:                       "a &#34;b&#34; &amp; &#39;c&#39;",
		"{{place}} [script]":                "&#123;&#123;place}} [script]",
		"{{request_id}}":                    "&#123;&#123;request_id}}",
		"秋季特卖":                              "秋季特卖",
	} {
		for name, page := range roomHTML(t, title) {
			if !strings.Contains(page, `<p class="site">`+want+"</p>") || !strings.Contains(page, " · "+want+"</title>") {
				t.Errorf("%s: %q is not shown as %q", name, title, want)
			}
			if err := balanced(page); err != nil {
				t.Errorf("%s: %q: %v", name, title, err)
			}
		}
	}
}

func TestRoomPolicyNamesWhatThePageHolds(t *testing.T) {
	p := roomPages(t, "Shop")
	for _, state := range []string{"waiting", "not_started", "over"} {
		a := p.Render(nil, roomViews[state], []byte(browser), nil)
		page, policy := roomText(t, a), ""
		for _, f := range a.Fields {
			if string(f.Name) == "Content-Security-Policy" {
				policy = string(f.Value)
			}
		}
		want := "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src " + hashSource(inside(page, "style"))
		if script := inside(page, "script"); script != "" {
			want += "; script-src " + hashSource(script) + "; connect-src 'self'"
		}
		if policy != want {
			t.Errorf("%s: policy %q, want %q", state, policy, want)
		}
	}
}

// inside returns what the element of a page holds.
func inside(page, element string) string {
	_, content, _ := strings.Cut(page, "<"+element+">")
	content, _, _ = strings.Cut(content, "</"+element+">")
	return content
}

func TestRoomScriptFindsWhatItLooksFor(t *testing.T) {
	pages := roomHTML(t, "")
	for state, ids := range map[string][]string{
		"waiting":     {"text", "hint", "bar", "note", "heard"},
		"not_started": {"text", "hint", "bar", "note", "heard", "opens", "count"},
	} {
		for _, id := range ids {
			if !strings.Contains(pages[state+" en"], ` id="`+id+`"`) {
				t.Errorf("%s: no element %q", state, id)
			}
		}
	}
	for _, m := range regexp.MustCompile(`id\('([a-z]+)'\)`).FindAllStringSubmatch(roomScript, -1) {
		if !strings.Contains(pages["not_started en"], ` id="`+m[1]+`"`) {
			t.Errorf("the script looks for %q", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`\bdata(?:set)?\.([a-z]+)`).FindAllStringSubmatch(roomScript, -1) {
		if !strings.Contains(pages["not_started en"]+pages["waiting en"], " data-"+m[1]+`="`) {
			t.Errorf("the script looks for data-%s", m[1])
		}
	}
	for state := range roomStates {
		if !strings.Contains(roomScript, state.name()) {
			t.Errorf("the script does not know the state %q", state.name())
		}
	}
}
