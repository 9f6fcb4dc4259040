package degraded

import (
	"errors"
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"

	"sluice/message"
)

// maxRoomTitle is how many characters a site's name may have on the page.
const maxRoomTitle = 80

// RoomPagesOptions say what the pages of a waiting room consist of. The zero
// value is the default.
type RoomPagesOptions struct {
	Title string // the site's or the event's name, over the heading; may be empty
}

// RoomPages are the pages of a Site's waiting room and their JSON, rendered up
// to what differs between two visitors. They are immutable.
type RoomPages struct {
	pages [languages][roomStates]roomForm
	json  [languages][roomStates]roomForm
}

// roomForm is the answer for one state in one form and language.
type roomForm struct {
	fields message.Fields
	text   template
}

// NewRoomPages renders the pages. It returns an error when the title is not
// one line of text.
func NewRoomPages(o RoomPagesOptions) (*RoomPages, error) {
	if err := checkRoomTitle(o.Title); err != nil {
		return nil, fmt.Errorf("title: %w", err)
	}
	p := &RoomPages{}
	for l := range languages {
		words := roomWordsIn(l)
		slots := roomSlots(words)
		for state := range roomStates {
			p.json[l][state] = roomForm{fieldsFor(typeJSON, ""), newTemplate(roomJSON(state, words), slots)}
			p.pages[l][state] = p.json[l][state]
			if state != RoomEntered { // which has no page
				html, policy := roomPage(l, state, words, o.Title).html()
				p.pages[l][state] = roomForm{fieldsFor(typeHTML, policy), newTemplate(html, slots)}
			}
		}
	}
	return p, nil
}

// Render returns the answer for a visitor with these values of Accept and
// Accept-Language, nil for a field that was not sent. What is the visitor's
// own is written into buf from its start; a kilobyte is always enough, and
// with it Render allocates nothing (BenchmarkRoomRender).
func (p *RoomPages) Render(buf []byte, v RoomView, accept, acceptLanguage []byte) RoomAnswer {
	l := languageOf(acceptLanguage)
	form := &p.json[l][v.State]
	if !v.Poll && v.Mode.html(accept) {
		form = &p.pages[l][v.State]
	}
	a := RoomAnswer{Status: v.State.status(v.Poll), Fields: form.fields}
	// Retry-After stands before the text in the same buffer.
	buf = buf[:0]
	if a.Status == 503 {
		buf = strconv.AppendInt(buf, int64(wholeSeconds(v.PollAfter)), 10)
	}
	n := len(buf)
	buf = form.text.append(buf, v)
	if n > 0 {
		a.RetryAfter = buf[:n:n]
	}
	a.Pieces = [3][]byte{form.text.head, buf[n:], form.text.tail}
	a.Length = int64(len(form.text.head) + len(buf) - n + len(form.text.tail))
	return a
}

func checkRoomTitle(title string) error {
	if !utf8.ValidString(title) {
		return errors.New("this is not UTF-8")
	}
	if n := utf8.RuneCountInString(title); n > maxRoomTitle {
		return fmt.Errorf("it has %d characters; at most %d fit over the heading", n, maxRoomTitle)
	}
	for _, r := range title {
		if unicode.IsControl(r) {
			return fmt.Errorf("%q cannot stand in it: it is one line of text", r)
		}
	}
	return nil
}
