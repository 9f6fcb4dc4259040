package degraded

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"strconv"
	"strings"
)

// The parts of the built-in pages. (They are variables only because go:embed
// knows no constants; nothing writes to them.) They are put together by a
// strings.Replacer and not by html/template: every word that goes in is our
// own, and the template packages keep the linker from dropping unused code.
var (
	//go:embed page.html
	frame string
	//go:embed page.css
	style string
	// retry.js waits for RetryAfter and half as much again, half as long
	// again after each try up to a minute, longer while nobody looks at the
	// page or the device is offline, and then asks for the address again with
	// GET, even if the page was the answer to a POST: nothing that a person
	// has sent may be sent a second time by a page on its own.
	// location.replace does that, but merely scrolls when the address has a
	// fragment; replaceState makes a reload safe then.
	//go:embed retry.js
	retryScript string
)

// page is one page before it is rendered. Its texts are HTML.
type page struct {
	language language
	title    string
	text     string // what happened and what to do
	above    string // over the title
	below    string // under the text
	refresh  string // an element for the head
	script   string
}

// waitingPage returns the page that a Site's degraded answer is by default. It
// tries again by itself.
func waitingPage(l language, wait int) page {
	words := waitingWords(l)
	seconds := strconv.Itoa(wait)
	return page{
		language: l,
		title:    words.title,
		text:     words.text + "</p>\n<p>" + words.calm,
		above:    `<div class="drops" aria-hidden="true"><i></i><i></i><i></i></div>`,
		below: `<p class="again" id="again" data-wait="` + seconds + `" data-in="` + words.in +
			`" data-now="` + words.now + `">` + words.again + `</p>` + "\n" +
			`<div class="bar" aria-hidden="true"><i id="bar"></i></div>`,
		// Without scripts there is no jitter and no growth: wait longer.
		refresh: `<noscript><meta http-equiv="refresh" content="` + strconv.Itoa(wait+10) + `"></noscript>`,
		script:  strings.TrimSpace(retryScript),
	}
}

// refusalPage returns the short page for a request that Sluice refuses.
func refusalPage(l language, r refusal) page {
	words := r.words[l]
	return page{
		language: l,
		title:    words.title,
		text:     words.todo,
		above:    `<p class="status">` + strconv.Itoa(r.status) + `</p>`,
	}
}

// body renders the page.
func (p page) body() *Body {
	css := strings.TrimSpace(style)
	element := ""
	if p.script != "" {
		element = "<script>" + p.script + "</script>"
	}
	text := strings.NewReplacer(
		"[lang]", p.language.tag(),
		"[title]", p.title,
		"[refresh]", p.refresh,
		"[style]", css,
		"[above]", p.above,
		"[text]", p.text,
		"[below]", p.below,
		"[quote]", quote(p.language),
		"[id]", Marker,
		"[script]", element,
	).Replace(frame)
	body, err := newBody([]byte(withoutEmptyLines(text)), fieldsFor(typeHTML, policy(css, p.script)))
	if err != nil {
		panic("internal error: built-in page: " + err.Error())
	}
	return body
}

// withoutEmptyLines removes what parts of the page that are not there leave.
func withoutEmptyLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line != "\n" {
			b.WriteString(line)
		}
	}
	return b.String()
}

// policy returns the Content-Security-Policy of a page: nothing but its own
// style and script, named by their hashes, and no icon but the empty one that
// saves a request for /favicon.ico.
func policy(css, script string) string {
	p := "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src " + hashSource(css)
	if script != "" {
		p += "; script-src " + hashSource(script)
	}
	return p
}

// hashSource returns what allows one inline element in a policy.
func hashSource(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
