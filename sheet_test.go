package main

import (
	"strings"
	"testing"
)

func printed(s *sheet, colour bool) string {
	var b strings.Builder
	s.printTo(&b, colour)
	return b.String()
}

// "East Asian wide characters do not break columns".
func TestColumnsOfATableStandBelowEachOther(t *testing.T) {
	s := &sheet{}
	tab := table{titles: []string{"SITE", ">REQUESTS", "STATE"}}
	tab.row(text("shop.example.com"), text("1,234"), text("open"))
	tab.row(text("商店.example"), text("5"), text("under maintenance"))
	tab.row(text("a\x1b[2Jb"), text("6"), text("open"))
	s.table(tab, 10)
	const want = "SITE              REQUESTS  STATE\n" +
		"shop.example.com     1,234  open\n" +
		"商店.example             5  under maintenance\n" +
		"a?[2Jb                   6  open\n"
	if got := printed(s, false); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestATableFitsIntoAWindow(t *testing.T) {
	tab := table{titles: []string{"AGO", "!ID", "REQUEST", "CAUSE"}}
	tab.row(text("3 s"), text("hj6hhcqft3s2p6tcfag8"), text("GET shop.example.com/order/1"), text("upstream wait: connection_read_timeout; answered by json"))
	tab.row(text("9 s"), text("x"), text("GET shop.example.com/"), text("short"))
	tab.row(text("10 s"), text("y"), text("GET shop.example.com/"), text("short"))
	s := &sheet{width: 70}
	s.table(tab, 2)
	got := printed(s, false)
	for _, must := range []string{"hj6hhcqft3s2p6tcfag8", "upstream wait:\n", "json\n", "... and 1 more\n"} {
		if !strings.Contains(got, must) {
			t.Errorf("no %q in\n%s", must, got)
		}
	}
	for line := range strings.Lines(got) {
		if n := columns(strings.TrimSuffix(line, "\n")); n > 70 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	s = &sheet{}
	if s.table(tab, 0); len(s.lines) != 0 {
		t.Errorf("%d lines of a table without rows", len(s.lines))
	}
}

func TestSentencesAreIndentedBelowTheirBeginning(t *testing.T) {
	s := &sheet{width: 24}
	s.paragraph(part{"error: ", bad}, "Pool app has no Upstream left.\nsecond")
	const want = "error: Pool app has no\n       Upstream left.\n       second\n"
	if got := printed(s, false); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := printed(s, true); !strings.HasPrefix(got, "\x1b[31merror: \x1b[0mPool") {
		t.Errorf("in colour: %q", got)
	}
}
