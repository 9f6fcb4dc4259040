package names

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// The bounds of a watched file.
const (
	maxLines      = 10_000
	maxFileSize   = 1 << 20
	maxLineErrors = 10 // that are told
)

// LineError is what is wrong with one line of a watched file.
type LineError struct {
	File    string
	Line    int    // from 1; 0: the whole file
	Problem string // and what to write instead
}

// Error returns "file:line: problem".
func (e *LineError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Problem
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
}

// ParseFile reads the text of a watched file:
//
//	# one address a line
//	10.0.0.2:3000
//	10.0.0.3:3000 weight=2
//	[fd00::2]:3000        # IPv6 in brackets
//
// Addresses are IP addresses; weights are 1 to 1000 and 1 if absent. The text
// must name at least one address, each once, and end with a newline, so that
// half a file is not taken for a whole one. name is for the errors: a text that
// is wrong in any line leads nowhere, and the error joins a *LineError for each
// of the first 10.
func ParseFile(name string, data []byte) ([]Address, error) {
	p := fileParser{name: name, lines: map[netip.AddrPort]int{}}
	if len(data) > maxFileSize {
		p.fault(0, "larger than %d bytes", maxFileSize)
		return nil, p.err()
	}
	n := 0
	for line := range bytes.Lines(data) {
		if n++; n > maxLines {
			p.fault(n, "more than %d lines", maxLines)
			break
		}
		p.line(n, string(line))
	}
	if len(p.errs) == 0 && len(p.all) == 0 {
		p.fault(0, `no address in it: write one a line, such as "10.0.0.2:3000"`)
	}
	if len(p.errs) > 0 {
		return nil, p.err()
	}
	return sorted(p.all), nil
}

// fileParser is the state of ParseFile.
type fileParser struct {
	name  string
	all   []Address
	lines map[netip.AddrPort]int // where each address stands
	errs  []error
	more  int // errors that are not told
}

func (p *fileParser) fault(line int, format string, args ...any) {
	if len(p.errs) == maxLineErrors {
		p.more++
		return
	}
	p.errs = append(p.errs, &LineError{p.name, line, fmt.Sprintf(format, args...)})
}

func (p *fileParser) err() error {
	errs := p.errs
	if p.more > 0 {
		errs = append(errs, &LineError{p.name, 0, fmt.Sprintf("%d more lines are wrong", p.more)})
	}
	return errors.Join(errs...)
}

// line reads one line with its newline.
func (p *fileParser) line(n int, text string) {
	text, whole := strings.CutSuffix(text, "\n")
	if !whole {
		p.fault(n, "no newline at the end of %.60q: the file may be half-written", text)
		return
	}
	text, _, _ = strings.Cut(text, "#")
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return
	}
	addr, problem := parseFileAddress(fields[0])
	if problem != "" {
		p.fault(n, "%.60q %s", fields[0], problem)
		return
	}
	weight, problem := parseFileWeight(fields[1:])
	if problem != "" {
		p.fault(n, "%.60q %s", strings.Join(fields[1:], " "), problem)
		return
	}
	if first, twice := p.lines[addr]; twice {
		p.fault(n, "%s stands in line %d already: name it once, with weight=N for a larger share", addr, first)
		return
	}
	p.lines[addr] = n
	p.all = append(p.all, Address{AddrPort: addr, Weight: weight})
}

func parseFileAddress(text string) (addr netip.AddrPort, problem string) {
	addr, err := netip.ParseAddrPort(text)
	if err != nil {
		return addr, `is not an IP address and a port: write "10.0.0.2:3000" or "[fd00::2]:3000"`
	}
	addr = netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
	if err := unusable(addr.Addr()); err != nil {
		return addr, err.Error()
	}
	if addr.Port() == 0 {
		return addr, "has port 0: write one of 1 to 65535"
	}
	return addr, ""
}

// parseFileWeight reads what stands behind an address: nothing, or weight=N.
func parseFileWeight(fields []string) (weight int, problem string) {
	if len(fields) == 0 {
		return 1, ""
	}
	text, found := strings.CutPrefix(fields[0], "weight=")
	if !found || len(fields) > 1 {
		return 0, `is not known after an address: write at most one weight=N`
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxWeight {
		return 0, fmt.Sprintf("is not usable: write a whole number of 1 to %d", maxWeight)
	}
	return n, ""
}
