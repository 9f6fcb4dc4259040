package server

import (
	"sync"

	"sluice/http2"
	"sluice/listener"
)

// bygone is what Reloads have put out of service but still has connections, and
// the sums of what is gone altogether: counters never run backwards. There are
// never more of them than connections that are open, but for those of the last
// Reload.
type bygone struct {
	mu    sync.Mutex // guards what follows
	doors []*door
	wires []*wires
	door  map[string]listener.Stats // by key: sums of the doors that are gone
	http2 http2.Stats               // sum of the wires that are gone
}

// addDoor takes over a door whose accept loop has ended.
func (b *bygone) addDoor(d *door) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.doors = append(b.doors, d)
}

// addWires takes over wires that no new connection gets.
func (b *bygone) addWires(w *wires) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wires = append(b.wires, w)
}

// tidy lets go of what has no connection any more. It comes before a Reload adds
// to it: a connection that was just accepted may have yet to reach its wires.
func (b *bygone) tidy() {
	b.mu.Lock()
	defer b.mu.Unlock()
	var doors []*door
	for _, d := range b.doors {
		n := d.Stats()
		if n.Open > 0 {
			doors = append(doors, d)
			continue
		}
		if b.door == nil {
			b.door = make(map[string]listener.Stats)
		}
		b.door[d.key] = sumOfDoors(b.door[d.key], n)
	}
	b.doors = doors
	var all []*wires
	for _, w := range b.wires {
		if w.open.Load() > 0 {
			all = append(all, w)
			continue
		}
		b.http2 = sumOfHTTP2(b.http2, w.http2.Stats())
	}
	b.wires = all
}

// leftDoors returns the doors that may have connections.
func (b *bygone) leftDoors() []*door {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*door(nil), b.doors...)
}

// doorStats returns what all doors under the keys have counted.
func (b *bygone) doorStats(now doors) map[string]listener.Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make(map[string]listener.Stats)
	for key, n := range b.door {
		all[key] = n
	}
	for _, d := range append(now.clients(), b.doors...) {
		all[d.key] = sumOfDoors(all[d.key], d.Stats())
	}
	return all
}

// http2Stats returns what all wires have counted.
func (b *bygone) http2Stats(now *wires) http2.Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := sumOfHTTP2(b.http2, now.http2.Stats())
	for _, w := range b.wires {
		sum = sumOfHTTP2(sum, w.http2.Stats())
	}
	return sum
}

func sumOfDoors(a, b listener.Stats) listener.Stats {
	return listener.Stats{
		Accepted:          a.Accepted + b.Accepted,
		Open:              a.Open + b.Open,
		Idle:              a.Idle + b.Idle,
		Evicted:           a.Evicted + b.Evicted,
		Aborted:           a.Aborted + b.Aborted,
		Challenges:        a.Challenges + b.Challenges,
		Refused:           sumOfCauses(a.Refused, b.Refused),
		AcceptErrors:      sumOfCauses(a.AcceptErrors, b.AcceptErrors),
		ProxyFailures:     sumOfCauses(a.ProxyFailures, b.ProxyFailures),
		HandshakeFailures: sumOfCauses(a.HandshakeFailures, b.HandshakeFailures),
	}
}

func sumOfCauses(a, b map[string]uint64) map[string]uint64 {
	sum := make(map[string]uint64, len(a)+len(b))
	for cause, n := range a {
		sum[cause] += n
	}
	for cause, n := range b {
		sum[cause] += n
	}
	return sum
}

func sumOfHTTP2(a, b http2.Stats) http2.Stats {
	return http2.Stats{
		Connections:  a.Connections + b.Connections,
		Streams:      a.Streams + b.Streams,
		Resets:       a.Resets + b.Resets,
		Refused:      a.Refused + b.Refused,
		StreamErrors: a.StreamErrors + b.StreamErrors,
		Stalled:      a.Stalled + b.Stalled,
		Violations:   a.Violations + b.Violations,
		Abuse: http2.Abused{
			Resets: a.Abuse.Resets + b.Abuse.Resets, Errors: a.Abuse.Errors + b.Abuse.Errors,
			Head: a.Abuse.Head + b.Abuse.Head, Frames: a.Abuse.Frames + b.Abuse.Frames,
		},
	}
}
