package degraded

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// builtIn returns all built-in pages by name, as a client gets them.
func builtIn(t *testing.T) map[string]string {
	t.Helper()
	a, r := build(t, Options{Site: "shop.example.com"}), NewRefusals()
	all := make(map[string]string)
	for _, lang := range []string{"en", "zh"} {
		for k := range kinds {
			all[k.word()+" "+lang] = text(t, a.Choose(k, []byte(browser), []byte(lang)), "ID-1")
		}
		for _, one := range refusals() {
			b := r.Choose(one.status, HTML, nil, []byte(lang))
			all[fmt.Sprint(one.status, " ", lang)] = text(t, b, "ID-1")
		}
	}
	return all
}

func TestPagesAreSmall(t *testing.T) {
	for name, page := range builtIn(t) {
		if len(page) > 6<<10 {
			t.Errorf("%s: %d bytes", name, len(page))
		}
	}
}

func TestPagesAreWhole(t *testing.T) {
	for name, page := range builtIn(t) {
		if strings.Count(page, ">ID-1<") != 1 {
			t.Errorf("%s: the Request-Id does not stand there once", name)
		}
		if left := regexp.MustCompile(`\[[a-z]+\]`).FindString(page[strings.Index(page, "<body>"):]); left != "" && !strings.Contains(retryScript, left) {
			t.Errorf("%s: %s was not replaced", name, left)
		}
	}
}

func TestPagesNeedNothingFromOutside(t *testing.T) {
	outside := regexp.MustCompile(`(?i)//[a-z]|@import|url\(|\bsrc=|\bhref="[^d]`)
	for name, page := range builtIn(t) {
		if found := outside.FindString(page); found != "" {
			t.Errorf("%s: %q", name, found)
		}
	}
}

func TestPagesAreInTheirLanguage(t *testing.T) {
	for name, page := range builtIn(t) {
		tag, _, _ := strings.Cut(strings.SplitAfter(page, `<html lang="`)[1], `"`)
		if !strings.HasPrefix(tag, name[len(name)-2:]) {
			t.Errorf("%s: lang is %q", name, tag)
		}
		if han := regexp.MustCompile(`\p{Han}`).MatchString(page); han != (tag == "zh-CN") {
			t.Errorf("%s: Chinese characters: %v", name, han)
		}
	}
}

func TestPagesAreBalanced(t *testing.T) {
	for name, page := range builtIn(t) {
		if err := balanced(page); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheCheckForBalanceFindsFaults(t *testing.T) {
	for _, page := range []string{
		"<!doctype html><p>", "<!doctype html></p>", "<!doctype html><p><b></p></b>",
		"<!doctype html>a < b", "<!doctype html><p a=b>x</p>", "<p></p>",
	} {
		if balanced(page) == nil {
			t.Errorf("%q passes", page)
		}
	}
}

// A page's policy allows its own style and script, and a changed byte in
// either would make browsers drop it.
func TestPolicyNamesWhatThePageHolds(t *testing.T) {
	b := build(t, Options{}).Choose(Busy, []byte(browser), nil)
	page := text(t, b, "")
	var policy string
	for _, f := range b.Fields {
		if string(f.Name) == "Content-Security-Policy" {
			policy = string(f.Value)
		}
	}
	for _, element := range []string{"style", "script"} {
		_, content, _ := strings.Cut(page, "<"+element+">")
		content, _, _ = strings.Cut(content, "</"+element+">")
		if content == "" || !strings.Contains(policy, element+"-src "+hashSource(content)) {
			t.Errorf("%s: its hash is not in %q", element, policy)
		}
	}
	if strings.Contains(page, " style=") || strings.Contains(page, " onclick=") {
		t.Error("an attribute that the policy forbids")
	}
}

func TestThePageWaitsAsLongAsConfigured(t *testing.T) {
	a := build(t, Options{RetryAfter: 30e9})
	page := text(t, a.Choose(Busy, []byte(browser), nil), "")
	for _, want := range []string{`data-wait="30"`, `<noscript><meta http-equiv="refresh" content="40"></noscript>`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
}

// balanced reports the first element that is not closed in its turn, attribute
// that is not quoted, or stray "<" of a document.
func balanced(page string) error {
	rest, ok := strings.CutPrefix(page, "<!doctype html>")
	if !ok {
		return fmt.Errorf("no doctype")
	}
	tag := regexp.MustCompile(`^<(/?)([a-z][a-z0-9]*)((?: [a-zA-Z-]+(?:="[^"<>]*")?)*)(/?)>`)
	never := []string{"meta", "link", "br", "hr", "img", "input"} // have no end tag
	var open []string
	for {
		i := strings.IndexByte(rest, '<')
		if i < 0 {
			break
		}
		rest = rest[i:]
		m := tag.FindStringSubmatch(rest)
		if m == nil {
			return fmt.Errorf("no tag: %.40q", rest)
		}
		rest = rest[len(m[0]):]
		switch name := m[2]; {
		case m[1] == "/":
			if len(open) == 0 || open[len(open)-1] != name {
				return fmt.Errorf("</%s> inside %v", name, open)
			}
			open = open[:len(open)-1]
		case m[4] == "/" || slices.Contains(never, name):
		case name == "script" || name == "style":
			_, after, ok := strings.Cut(rest, "</"+name+">")
			if !ok {
				return fmt.Errorf("<%s> has no end", name)
			}
			rest = after
		default:
			open = append(open, name)
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("%v not closed", open)
	}
	return nil
}
