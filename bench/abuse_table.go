package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// worstRatio is the largest ratio of a proxy over all attacks; NaN if one could
// not be measured.
func worstRatio(r result, proxy string) float64 {
	worst := math.NaN()
	for _, a := range attacks() {
		name := attackedName(a, proxy)
		if a.control || !slices.Contains(r.names, name) {
			continue
		}
		v := r.median(name)
		if math.IsNaN(v) {
			return v
		}
		if !(v <= worst) {
			worst = v
		}
	}
	return worst
}

// abuseTables are what the client and the proxy felt, and what the attacker did.
func abuseTables(r result) string {
	return abuseTable(r).String() + "\n" + attackerTable(r).String()
}

// abuseTable has a line an attack and proxy: what it asks is in it.
func abuseTable(r result) *table {
	t := &table{head: []string{"attack", "proxy", "p99 quiet ms", "p99 attacked ms", "ratio", "errors",
		"RSS before MB", "peak", "after", "CPU", "connections", "GOAWAY"}}
	eachAttacked(r, t, func(samples []sample) []string {
		last := samples[len(samples)-1].abuse.tally.Received
		return []string{
			milliseconds(samples, func(s *abuseSample) time.Duration { return s.quiet.latency.p99 }),
			milliseconds(samples, func(s *abuseSample) time.Duration { return s.attacked.latency.p99 }),
			fmt.Sprintf("%.2f", medianOf(samples, (*abuseSample).ratio)),
			total(samples, func(s *abuseSample) int64 { return int64(s.quiet.latency.errors + s.attacked.latency.errors) }),
			megabytes(medianOf(samples, func(s *abuseSample) float64 { return float64(s.before) })),
			megabytes(slices.Max(ofAbuse(samples, func(s *abuseSample) float64 { return float64(s.attacked.peak) }))),
			megabytes(medianOf(samples, func(s *abuseSample) float64 { return float64(s.after) })),
			fmt.Sprintf("%.0f %%", 100*medianOf(samples, func(s *abuseSample) float64 { return s.attacked.busy })),
			total(samples, func(s *abuseSample) int64 { return int64(s.tally.Connections) }),
			codeOf(int64(last.GoAways), last.GoAway),
		}
	})
	return t
}

// attackerTable has a line an attack and proxy: whether the attack was one.
func attackerTable(r result) *table {
	t := &table{head: []string{"attack", "proxy", "p50 quiet ms", "p50 attacked ms", "max quiet ms", "max attacked ms",
		"CPU quiet", "frames sent", "response heads", "streams reset", "most by"}}
	eachAttacked(r, t, func(samples []sample) []string {
		last := samples[len(samples)-1].abuse.tally.Received
		return []string{
			milliseconds(samples, func(s *abuseSample) time.Duration { return s.quiet.latency.p50 }),
			milliseconds(samples, func(s *abuseSample) time.Duration { return s.attacked.latency.p50 }),
			milliseconds(samples, func(s *abuseSample) time.Duration { return s.quiet.latency.max }),
			milliseconds(samples, func(s *abuseSample) time.Duration { return s.attacked.latency.max }),
			fmt.Sprintf("%.0f %%", 100*medianOf(samples, func(s *abuseSample) float64 { return s.quiet.busy })),
			total(samples, func(s *abuseSample) int64 { return s.tally.Frames }),
			total(samples, func(s *abuseSample) int64 { return s.tally.Received.Heads }),
			total(samples, func(s *abuseSample) int64 { return s.tally.Received.Resets.sum() }),
			codeOf(last.Resets.sum(), last.Resets.most()),
		}
	})
	return t
}

// eachAttacked adds a line an attack and proxy, whose figures cells makes of
// its samples.
func eachAttacked(r result, t *table, cells func([]sample) []string) {
	for _, a := range attacks() {
		for _, proxy := range abused() {
			name := attackedName(a, proxy)
			switch samples := r.samples[name]; {
			case !slices.Contains(r.names, name):
			case r.failed[name] != nil:
				t.add(a.name, proxy, "**FAILED**")
			default:
				t.add(append([]string{a.name, proxy}, cells(samples)...)...)
			}
		}
	}
}

// ofAbuse returns one figure of every sample under an attack.
func ofAbuse(samples []sample, figure func(*abuseSample) float64) []float64 {
	return of(samples, func(s sample) float64 { return figure(s.abuse) })
}

// medianOf is the median of one figure.
func medianOf(samples []sample, figure func(*abuseSample) float64) float64 {
	return median(ofAbuse(samples, figure))
}

// milliseconds is the median of a time.
func milliseconds(samples []sample, of func(*abuseSample) time.Duration) string {
	return figure(medianOf(samples, func(s *abuseSample) float64 { return of(s).Seconds() * 1000 }))
}

// megabytes prints a number of bytes.
func megabytes(v float64) string { return figure(v / megabyte) }

// total is the sum of one count.
func total(samples []sample, count func(*abuseSample) int64) string {
	var sum int64
	for _, s := range samples {
		sum += count(s.abuse)
	}
	return fmt.Sprint(sum)
}

// codeOf is the name of an error code that was seen times times.
func codeOf(times int64, code uint32) string {
	if times == 0 {
		return "–"
	}
	return codeName(code)
}
