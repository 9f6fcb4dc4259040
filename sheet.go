package main

import (
	"io"
	"strings"
)

// A style is how a part of a line is shown where there is colour: the parameters
// of the escape sequence. What it means is said in words, too.
type style string

const (
	plain style = ""
	title style = "1"
	faint style = "2"
	bad   style = "31"
	good  style = "32"
	doubt style = "33"
)

// part is a piece of a line.
type part struct {
	text  string
	style style
}

func text(s string) part { return part{text: s} }

// sheet is what a command shows, line by line. All text of others goes to a
// terminal through it, and it cleans all.
type sheet struct {
	width int // columns; 0: any number
	lines [][]part
	left  int // rows of tables that are left out
}

// line adds a line. What does not fit is cut.
func (s *sheet) line(parts ...part) {
	var l []part
	room := s.width
	for _, p := range parts {
		p.text = clean(p.text)
		if s.width > 0 {
			p.text = cut(p.text, room)
			room -= columns(p.text)
		}
		if p.text != "" {
			l = append(l, p)
		}
	}
	s.lines = append(s.lines, l)
}

// gap adds an empty line between what is there and what comes.
func (s *sheet) gap() {
	if n := len(s.lines); n > 0 && len(s.lines[n-1]) > 0 {
		s.lines = append(s.lines, nil)
	}
}

// textWidth is how long lines of sentences are: longer ones read badly.
const textWidth = 80

// paragraph adds sentences, broken into lines, after a beginning that all but the
// first line are indented by.
func (s *sheet) paragraph(begin part, sentences string) {
	most := textWidth
	if s.width > 0 {
		most = min(most, s.width)
	}
	begin.text = clean(begin.text)
	indent := columns(begin.text)
	for written := range strings.Lines(sentences) { // errors have several
		for _, l := range wrap(clean(written), most-indent) {
			s.line(begin, text(l))
			begin = text(strings.Repeat(" ", indent))
		}
	}
}

// printTo writes the sheet.
func (s *sheet) printTo(w io.Writer, colour bool) error {
	var b strings.Builder
	for _, l := range s.lines {
		writeLine(&b, l, colour)
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeLine(b *strings.Builder, parts []part, colour bool) {
	for _, p := range parts {
		if colour && p.style != plain {
			b.WriteString("\x1b[" + string(p.style) + "m" + p.text + "\x1b[0m")
			continue
		}
		b.WriteString(p.text)
	}
}
