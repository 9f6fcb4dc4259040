package main

import (
	"fmt"
	"strconv"
	"strings"
)

// cores is a list of CPU numbers.
type cores []int

// String is the list as taskset takes it.
func (c cores) String() string {
	s := make([]string, len(c))
	for i, n := range c {
		s[i] = strconv.Itoa(n)
	}
	return strings.Join(s, ",")
}

// parseCores reads a kernel CPU list such as "0-3,8".
func parseCores(list string) (cores, error) {
	var c cores
	for part := range strings.SplitSeq(strings.TrimSpace(list), ",") {
		low, high, ranged := strings.Cut(part, "-")
		if !ranged {
			high = low
		}
		from, err := strconv.Atoi(low)
		if err != nil {
			return nil, fmt.Errorf("CPU list %q: %w", list, err)
		}
		to, err := strconv.Atoi(high)
		if err != nil {
			return nil, fmt.Errorf("CPU list %q: %w", list, err)
		}
		for n := from; n <= to; n++ {
			c = append(c, n)
		}
	}
	return c, nil
}

// layout says which cores each part of a measurement is pinned to.
type layout struct {
	proxy, origin, load cores
	shared              string // what shares a core with something else, for the report
}

// layoutFor gives the proxy its first n cores and spreads origin and load over
// the rest, down to one shared core on a machine with too few. The proxy's
// cores are its own on every machine with more than n.
func layoutFor(all cores, n int) layout {
	if len(all) <= n {
		return layout{proxy: all, origin: all, load: all, shared: "proxy, origin and load share every core"}
	}
	l := layout{proxy: all[:n]}
	rest := all[n:]
	if len(rest) == 1 || n > 1 {
		l.origin, l.load = rest, rest
		l.shared = "origin and load share cores " + rest.String()
		return l
	}
	l.origin, l.load = rest[:1], rest[1:]
	return l
}

// split gives the last core to an attacker and the others to a client, so that
// the one cannot keep the other waiting; of one core both take that.
func (c cores) split() (client, attacker cores) {
	if len(c) < 2 {
		return c, c
	}
	return c[:len(c)-1], c[len(c)-1:]
}
