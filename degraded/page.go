package degraded

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html"
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
	tab      string // the title in the tab; empty: title
	text     string // what happened and what to do, in paragraphs
	above    string // over the title
	below    string // under the text
	footer   string
	style    string // after that of all pages
	refresh  string // an element for the head
	script   string
	polls    bool // the script asks the Site for news
}

// waitingPage returns the page that a Site's degraded answer is by default. It
// tries again by itself.
func waitingPage(k Kind, l language, site string, wait int) page {
	words := waitingWords(k, l)
	seconds := strconv.Itoa(wait)
	p := page{
		language: l,
		title:    words.title,
		text:     "<p>" + words.text + "</p>\n<p>" + words.calm + "</p>",
		above:    `<div class="drops" aria-hidden="true"><i></i><i></i><i></i></div>`,
		below: `<p class="again" id="again" data-wait="` + seconds + `" data-in="` + words.in +
			`" data-now="` + words.now + `">` + words.again + `</p>` + "\n" +
			`<div class="bar" aria-hidden="true"><i id="bar"></i></div>`,
		// Without scripts there is no jitter and no growth: wait longer.
		refresh: `<noscript><meta http-equiv="refresh" content="` + strconv.Itoa(wait+10) + `"></noscript>`,
		script:  strings.TrimSpace(retryScript),
		footer:  quoteFooter(l),
	}
	p.belongTo(site)
	return p
}

// belongTo has the page say whose it is, if the name is known.
func (p *page) belongTo(site string) {
	if site == "" {
		return
	}
	site = withoutSlots(html.EscapeString(site))
	p.tab = p.title + " · " + site
	p.above += "\n" + `<p class="site">` + site + "</p>"
}

// refusalPage returns the short page for a request that Sluice refuses.
func refusalPage(l language, r refusal) page {
	words := r.words[l]
	return page{
		language: l,
		title:    words.title,
		text:     "<p>" + words.todo + "</p>",
		above:    `<p class="status">` + strconv.Itoa(r.status) + `</p>`,
		footer:   quoteFooter(l),
	}
}

// quoteFooter returns the footer with the Request-Id.
func quoteFooter(l language) string {
	return "<footer>" + quote(l) + " <code>" + Marker + "</code></footer>"
}

// body renders the page. What comes before its title is the same on all pages
// of its language.
func (p page) body(c *Common) *Body {
	text, policy := p.html()
	body, err := c.newBody(text, strings.Index(text, "<title>"), typeHTML, policy)
	if err != nil {
		panic("internal error: built-in page: " + err.Error())
	}
	return body
}

// html returns the page's text and its Content-Security-Policy.
func (p page) html() (text, policy string) {
	css := strings.TrimSpace(style + p.style)
	element := ""
	if p.script != "" {
		element = "<script>" + p.script + "</script>"
	}
	tab := p.tab
	if tab == "" {
		tab = p.title
	}
	text = strings.NewReplacer(
		"[lang]", p.language.tag(),
		"[tab]", tab,
		"[title]", p.title,
		"[refresh]", p.refresh,
		"[style]", css,
		"[above]", p.above,
		"[text]", p.text,
		"[below]", p.below,
		"[footer]", p.footer,
		"[script]", element,
	).Replace(frame)
	return withoutEmptyLines(text), p.policy(css)
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
// style and script, named by their hashes, no icon but the empty one that saves
// a request for /favicon.ico, and requests to its Site only for a page that
// polls.
func (p page) policy(css string) string {
	policy := "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src " + hashSource(css)
	if p.script != "" {
		policy += "; script-src " + hashSource(p.script)
	}
	if p.polls {
		policy += "; connect-src 'self'"
	}
	return policy
}

// hashSource returns what allows one inline element in a policy.
func hashSource(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
