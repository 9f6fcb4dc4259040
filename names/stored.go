package names

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// A stored answer is a small text that a person can read:
//
//	sluice-names 1
//	query srv _http._tcp.example.com
//	time 2026-03-01T10:00:00Z
//	192.0.2.1:8080 weight=2 host=web1.example.com
//	192.0.2.2:8080 weight=1 host=web2.example.com
//	end 2
//
// The first line names the format and its version. The last one shows that
// nothing is missing.
const storedHead = "sluice-names 1"

// maxStored bounds what is read of one file: maxAddresses of the longest lines.
const maxStored = 400 << 10

// storedAnswer is what such a text says.
type storedAnswer struct {
	query     Query
	at        time.Time // to the second
	addresses []Address
}

// text writes it.
func (s storedAnswer) text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nquery %s\ntime %s\n", storedHead, s.query, s.at.UTC().Format(time.RFC3339))
	for _, a := range s.addresses {
		fmt.Fprintf(&b, "%s weight=%d", a.AddrPort, a.Weight)
		if a.Host != "" {
			fmt.Fprintf(&b, " host=%s", a.Host)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "end %d\n", len(s.addresses))
	return b.Bytes()
}

// What is wrong with a stored answer.
var (
	errNotWhole   = errors.New("it is not whole: the line end N is missing or wrong")
	errOtherQuery = errors.New("it is about another query")
	errFormat     = errors.New("it does not begin as version 1 of the format does")
)

// parseStored reads the stored answer to q, and nothing but what text writes.
func parseStored(q Query, text []byte) (storedAnswer, error) {
	s := storedAnswer{query: q}
	if len(text) > maxStored {
		return s, fmt.Errorf("it is larger than %d bytes", maxStored)
	}
	body, whole := strings.CutSuffix(string(text), "\n")
	lines := strings.Split(body, "\n")
	if len(lines) < 4 || lines[0] != storedHead {
		return s, errFormat
	}
	if lines[1] != "query "+q.String() {
		return s, errOtherQuery
	}
	var err error
	if s.at, err = time.Parse(time.RFC3339, strings.TrimPrefix(lines[2], "time ")); err != nil {
		return s, fmt.Errorf("line 3: %w", err)
	}
	last := len(lines) - 1
	if !whole || lines[last] != "end "+strconv.Itoa(last-3) {
		return s, errNotWhole
	}
	for i, line := range lines[3:last] {
		a, err := parseStoredLine(q, line)
		if err != nil {
			return s, fmt.Errorf("line %d: %w", i+4, err)
		}
		s.addresses = append(s.addresses, a)
	}
	if !bytes.Equal(s.text(), text) {
		return s, errors.New("it is not written as it would have been")
	}
	s.addresses = sorted(s.addresses)
	return s, nil
}

// parseStoredLine reads one address of the answer to q.
func parseStoredLine(q Query, line string) (a Address, err error) {
	fields := strings.Split(line, " ")
	if a.AddrPort, err = netip.ParseAddrPort(fields[0]); err != nil {
		return a, err
	}
	if err := unusable(a.AddrPort.Addr()); err != nil {
		return a, fmt.Errorf("%s %w", a.AddrPort.Addr(), err)
	}
	for _, field := range fields[1:] {
		if text, found := strings.CutPrefix(field, "weight="); found {
			a.Weight, _ = strconv.Atoi(text)
		} else if text, found := strings.CutPrefix(field, "host="); found {
			a.Host = text
		}
	}
	a.AddrPort = netip.AddrPortFrom(a.AddrPort.Addr().Unmap(), a.AddrPort.Port()) // text writes no other
	right := a.Host == "" && a.AddrPort.Port() == q.Port && a.Weight == 1
	if q.Form == FormSRV {
		right = plainName(a.Host) && a.AddrPort.Port() != 0 && 1 <= a.Weight && a.Weight <= maxWeight
	}
	if !right {
		return a, fmt.Errorf("%.80q is no address of %s", line, q)
	}
	return a, nil
}
