package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one thing that is wrong with a configuration file: where it is,
// what it is and what to do about it.
type Error struct {
	File    string
	Line    int    // counted from 1; 1 also for what concerns the whole file
	Key     string // "server.http"; empty where no key can be named
	Problem string
	Remedy  string // may be empty
}

// Error returns "file:line: key: problem; remedy" on one line.
func (e Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: ", e.File, e.Line)
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Problem)
	if e.Remedy != "" {
		b.WriteString("; " + e.Remedy)
	}
	return b.String()
}

// Errors is everything that is wrong with a configuration file, sorted by
// line. It is never empty.
type Errors struct {
	List []Error
}

// Error returns all errors, one per line.
func (e *Errors) Error() string {
	lines := make([]string, len(e.List))
	for i, one := range e.List {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// flaw is why a piece of text is not the value it should be, and what to write
// instead. Those who parse a value know neither file nor line; they return a
// flaw, and the section that holds the value reports it.
type flaw struct {
	problem, remedy string
}

// flawed returns a flaw with the given remedy and a formatted problem.
func flawed(remedy, format string, args ...any) *flaw {
	return &flaw{problem: fmt.Sprintf(format, args...), remedy: remedy}
}

// problems collects the errors of one file.
type problems struct {
	file string
	list []Error
}

// add notes a problem of key at line.
func (p *problems) add(line int, key, remedy, format string, args ...any) {
	p.list = append(p.list, Error{
		File:    p.file,
		Line:    max(line, 1),
		Key:     key,
		Problem: fmt.Sprintf(format, args...),
		Remedy:  remedy,
	})
}

// err returns what was collected as an *Errors, or nil.
func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	slices.SortStableFunc(p.list, func(a, b Error) int { return cmp.Compare(a.Line, b.Line) })
	return &Errors{List: p.list}
}
