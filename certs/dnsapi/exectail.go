package dnsapi

import (
	"strings"
	"unicode"
)

const (
	commandOutput = 4 << 10 // bytes of standard error that are kept, the last ones
	commandLine   = 200     // bytes of its last line that an error shows
)

// commandTail keeps the end of what is written to it.
type commandTail struct{ kept []byte }

// Write never fails: a command that prints much is not stopped by that.
func (t *commandTail) Write(p []byte) (int, error) {
	end := p[max(0, len(p)-commandOutput):]
	if over := len(t.kept) + len(end) - commandOutput; over > 0 {
		t.kept = t.kept[:copy(t.kept, t.kept[over:])]
	}
	t.kept = append(t.kept, end...)
	return len(p), nil
}

// line is the last line that is not empty, fit to be shown: bounded, and
// without bytes that could steer a terminal.
func (t *commandTail) line() string {
	lines := strings.Split(string(t.kept), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if line := commandShown(lines[i]); line != "" {
			return line
		}
	}
	return ""
}

func commandShown(line string) string {
	shown := strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsPrint(r):
			return -1
		}
		return r
	}, line))
	if len(shown) <= commandLine {
		return shown
	}
	return strings.ToValidUTF8(shown[:commandLine], "")
}
