package main

import "strings"

const (
	maxCell   = 120 // columns, where a window does not say
	minCell   = 6   // columns that none is made narrower than
	lastCell  = 26  // columns that the last one keeps, as long as others can be narrower
	cellLines = 3   // that the last cell of a row may have
	cellsGap  = 2
)

// table is rows of cells below the titles of their columns. A title that begins
// with ">" has its column on the right, as numbers have it; one with "!" is of
// what must not be cut. The last column's cells may take several lines.
type table struct {
	titles []string
	rows   [][]part
	left   int    // rows that there are besides
	how    string // to see those that are left out, after their number
}

func (t *table) row(cells ...part) { t.rows = append(t.rows, cells) }

// table adds the first rows of t, and says how many more there are.
func (s *sheet) table(t table, most int) {
	left := t.left + max(len(t.rows)-max(most, 0), 0)
	t.rows = t.rows[:min(len(t.rows), max(most, 0))]
	s.left += left
	if len(t.rows) == 0 {
		return
	}
	widths := t.widths(s.width)
	var head []part
	for _, name := range t.titles {
		head = append(head, part{strings.Trim(name, ">!"), faint})
	}
	for _, row := range append([][]part{head}, t.rows...) {
		for _, l := range t.laidOut(row, widths) {
			s.line(l...)
		}
	}
	if left > 0 {
		s.line(part{"... and " + count(uint64(left)) + " more" + t.how, faint})
	}
}

// section adds a table with a title and room before it. Without rows there is
// nothing.
func (s *sheet) section(name string, t table, most int, after ...part) {
	if len(t.rows) > 0 && most > 0 {
		s.gap()
		s.line(append([]part{{name, title}}, after...)...)
	}
	s.table(t, most)
}

// widths returns how wide the columns are so that all fits into room; 0: any.
func (t *table) widths(room int) []int {
	widths := make([]int, len(t.titles))
	sum := cellsGap * (len(widths) - 1)
	for i, name := range t.titles {
		widths[i] = columns(strings.Trim(name, ">!"))
		for _, row := range t.rows {
			widths[i] = min(max(widths[i], columns(clean(row[i].text))), maxCell)
		}
		sum += widths[i]
	}
	if room <= 0 {
		return widths
	}
	if last := len(widths) - 1; sum > room { // it has lines to go on
		less := min(sum-room, max(widths[last]-lastCell, 0))
		widths[last] -= less
		sum -= less
	}
	for ; sum > room; sum-- {
		widest := -1
		for i, name := range t.titles {
			if name[0] != '!' && widths[i] > minCell && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break // the line is cut
		}
		widths[widest]--
	}
	return widths
}

// laidOut returns a row as lines.
func (t *table) laidOut(row []part, widths []int) (lines [][]part) {
	last := len(row) - 1
	var line []part
	indent := 0
	for i, cell := range row[:last] {
		cell.text = cut(clean(cell.text), widths[i])
		blank := text(strings.Repeat(" ", widths[i]-columns(cell.text)))
		if t.titles[i][0] == '>' {
			line = append(line, blank, cell)
		} else {
			line = append(line, cell, blank)
		}
		line = append(line, text(strings.Repeat(" ", cellsGap)))
		indent += widths[i] + cellsGap
	}
	written := wrap(clean(row[last].text), widths[last])
	if len(written) > cellLines {
		rest := strings.Join(written[cellLines-1:], " ")
		written = append(written[:cellLines-1], cut(rest, widths[last]))
	}
	for i, words := range written {
		if i > 0 {
			line = []part{text(strings.Repeat(" ", indent))}
		}
		lines = append(lines, append(line, part{words, row[last].style}))
	}
	if len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}
