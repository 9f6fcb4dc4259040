package degraded

import (
	_ "embed"
	"strings"
)

// The parts that the pages of a waiting room add to the others'.
var (
	//go:embed room.css
	roomStyle string
	// room.js polls the page's own address for the JSON, in the server's time
	// and up to two seconds more, and shows what it says; the words come from the
	// server. One timer looks once a second whether it is time, by the clock
	// and not by counting: browsers slow timers down or stop them while nobody
	// looks, and this way the page goes on where it should be.
	//
	// When it is the visitor's turn, or something other than the room answers,
	// it asks for the page anew, with GET as retry.js does. But not on a 5xx or
	// a 429 without a state in it: that would swap a page that goes on by
	// itself for one that may not. It says that it cannot get through and asks
	// again, twice as late each time up to a minute.
	//
	// At the opening second nothing happens but that the countdown ends: when
	// to ask is the server's to say.
	//
	// The bar is the part of the line that has gone since the visitor came,
	// which the tab's storage remembers over a reload. Screen readers are told
	// the place twice a minute at most.
	//go:embed room.js
	roomScript string
)

// roomPage returns the page of a state other than RoomEntered.
func roomPage(l language, state RoomState, w roomWords, site string) page {
	p := page{
		language: l,
		title:    w.titles[state],
		style:    roomStyle,
	}
	p.belongTo(site)
	switch state {
	case RoomOver:
		p.text = "<p>" + w.texts[RoomOver] + "</p>"
		return p
	case RoomNotStarted:
		p.text = `<p class="lead" id="text">` +
			strings.Replace(w.opens, "0", `<time id="opens" datetime="{{opens}}">{{opening}}</time>`, 1) + "</p>\n" +
			`<p class="count" id="count" role="timer" data-left="{{left}}" data-day="` + w.day + `" data-days="` + w.days + `" data-now="` + w.opening + `"></p>` + "\n" +
			`<p class="hint" id="hint"></p>`
		p.below = roomNote(w.idle, w, `data-state="not_started"`)
	case RoomWaiting:
		p.text = `<p class="lead" id="text">{{people-b}}</p>` + "\n" +
			`<p class="hint" id="hint">{{wait}}</p>`
		p.below = roomNote(w.stay, w, `data-state="waiting" data-place="{{place}}"`)
	}
	// Without scripts a visitor comes when a poll would have come.
	p.refresh = `<noscript><meta http-equiv="refresh" content="{{after}}"></noscript>`
	p.script = strings.TrimSpace(roomScript)
	p.polls = true
	return p
}

// roomNote returns what stands under the numbers, and what the script starts
// from.
func roomNote(text string, w roomWords, data string) string {
	return `<div class="bar" id="bar" hidden aria-hidden="true"><i></i></div>` + "\n" +
		`<p class="again" id="note" ` + data + ` data-after="{{after}}" data-stay="` + w.stay + `" data-lost="` + w.lost +
		`" data-cookies="` + w.cookies + `">` + text + "</p>\n" +
		`<p class="heard" id="heard" role="status" aria-live="polite"></p>`
}
