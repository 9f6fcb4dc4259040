package metrics

import (
	"sync/atomic"
	"time"
)

// bounds are the upper bounds of the duration histogram. The first is a cached
// answer in the next room, the last is what nobody waits for any more.
var bounds = [...]time.Duration{
	1 * time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	1 * time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, 30 * time.Second, 60 * time.Second,
}

// protocols and classes are the values of these labels; the last of each is
// what all else counts as, and is shown only if there was any.
var (
	protocols = [...]string{"HTTP/1.1", "HTTP/2", "other"}
	classes   = [...]string{"1xx", "2xx", "3xx", "4xx", "5xx", "other"}
)

// site is what is counted of one Site, a row for each lane.
type site []siteRow

type siteRow struct {
	exchanges [len(protocols)][len(classes)]atomic.Uint64
	durations [len(bounds) + 1]atomic.Uint64 // not cumulative; the last is beyond all bounds
	micros    atomic.Uint64                  // nanoseconds would overflow in a year of many long Exchanges
	_         line
}

// add counts one Exchange.
func (s site) add(l lane, o *Observation) {
	r := &s[l]
	r.exchanges[protocolOf(o.Protocol)][classOf(o.Status)].Add(1)
	if o.Status == statusTunnel {
		return
	}
	r.durations[bucketOf(o.Total)].Add(1)
	r.micros.Add(uint64(max(o.Total, 0) / time.Microsecond))
}

// statusTunnel is that of a tunnel. How long a chat is open says nothing about
// how fast the Site is, so it is in no histogram.
const statusTunnel = 101

func protocolOf(name string) int {
	switch name {
	case protocols[0]:
		return 0
	case protocols[1]:
		return 1
	}
	return len(protocols) - 1
}

func classOf(status int) int {
	if status < 100 || status > 599 {
		return len(classes) - 1
	}
	return status/100 - 1
}

// bucketOf returns where a duration belongs. Most belong in one of the first,
// so a search from there is the fastest.
func bucketOf(d time.Duration) int {
	for i, bound := range &bounds {
		if d <= bound {
			return i
		}
	}
	return len(bounds)
}

// exchanges returns how many there were of a protocol and a class.
func (s site) exchanges(protocol, class int) (n uint64) {
	for i := range s {
		n += s[i].exchanges[protocol][class].Load()
	}
	return n
}

// durations returns the histogram: how many there were up to each bound in
// seconds, how many in all, and the sum of their seconds.
func (s site) durations() (upTo map[float64]uint64, count uint64, seconds float64) {
	upTo = make(map[float64]uint64, len(bounds))
	for b := range len(bounds) + 1 {
		for i := range s {
			count += s[i].durations[b].Load()
		}
		if b < len(bounds) {
			upTo[bounds[b].Seconds()] = count
		}
	}
	for i := range s {
		seconds += float64(s[i].micros.Load()) / 1e6
	}
	return upTo, count, seconds
}
