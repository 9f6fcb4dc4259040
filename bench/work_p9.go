package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// workP9 is one limiter with a million clients. It runs the benchmark in
// limiter_test.go, since no program but Sluice may import Sluice's packages.
func workP9() work {
	return work{
		id:         "P9",
		name:       "a million clients through one limiter",
		title:      "1,000,000 distinct clients through one limiter, one core",
		unit:       "ns/decision",
		proxyCores: 1,
		entrants:   only(sluiceName),
		alone:      millionClients,
		parts: []part{
			limiterPart("a decision", "ns", goal{ask: 250, aim: 100, absolute: true}, func(s *limiterSample) float64 { return s.decision }),
			limiterPart("off the exact limit", "%", goal{ask: 2, absolute: true}, func(s *limiterSample) float64 { return s.off }),
			limiterPart("memory of 100,000 keys, met by a million clients", "x that met by 200,000", goal{ask: 1.10, absolute: true}, func(s *limiterSample) float64 { return s.flooded / s.full }),
		},
		body: limiterTable,
		notes: []string{
			"By `go test -bench " + limiterBenchmark + " ./bench`, on the proxy's core. A decision is for a known client, the next of all in no order of memory, with max_keys = 1,250,000. " +
				"`off` is by how much what all clients together were allowed differs from exact token buckets (1 a second, burst 5; each asks twice a second at random, for ten seconds); `tight` is the same with max_keys = 1,000,000, not one more than there are clients. " +
				"Memory is live heap; the last two columns are a limiter with max_keys = 100,000, after twice as many clients, when it is full, and after a million.",
		},
	}
}

// limiterBenchmark is the benchmark's name.
const limiterBenchmark = "BenchmarkMillionClients"

// limiterSample is what one run of the benchmark gave.
type limiterSample struct {
	decision      float64 // nanoseconds
	off, offTight float64 // percent, with room for more clients and with none
	memory        float64 // MB with a million clients
	full, flooded float64 // MB with 100,000 keys, before and after a million clients
}

// limiterPart is one figure of the limiter that is judged.
func limiterPart(name, unit string, g goal, figure func(*limiterSample) float64) part {
	return part{name: name, unit: unit, goal: g, score: func(r result, entrant string) float64 {
		return median(of(r.samples[entrant], func(s sample) float64 { return figure(s.limiter) }))
	}}
}

// limiterTable has a line a figure.
func limiterTable(r result) string {
	t := &table{head: []string{"limiter", "ns/decision", "off %", "off %, tight", "MB, a million clients", "MB, 100,000 keys, full", "MB, after a million"}}
	if r.failed[sluiceName] != nil {
		t.add(sluiceName, "**FAILED**")
		return t.String()
	}
	cells := []string{sluiceName}
	for _, figureOf := range []func(*limiterSample) float64{
		func(s *limiterSample) float64 { return s.decision },
		func(s *limiterSample) float64 { return s.off },
		func(s *limiterSample) float64 { return s.offTight },
		func(s *limiterSample) float64 { return s.memory },
		func(s *limiterSample) float64 { return s.full },
		func(s *limiterSample) float64 { return s.flooded },
	} {
		cells = append(cells, figure(median(of(r.samples[sluiceName], func(s sample) float64 { return figureOf(s.limiter) }))))
	}
	t.add(cells...)
	return t.String()
}

// millionClients runs the benchmark once a round.
func millionClients(ctx context.Context, b *bench, w work, pin cores) ([]sample, error) {
	cmd := exec.CommandContext(ctx, b.tools.taskset, "-c", pin.String(),
		"go", "test", "-run", "^$", "-bench", "^"+limiterBenchmark+"$", "-cpu", "1",
		"-count", fmt.Sprint(b.roundsOf(w)), "-benchtime", b.length().String(), "./bench")
	cmd.Dir = b.root
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test -bench: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return parseLimiter(string(out))
}

// parseLimiter reads what go test printed.
func parseLimiter(output string) ([]sample, error) {
	var samples []sample
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.HasPrefix(fields[0], limiterBenchmark) {
			continue
		}
		var s limiterSample
		figures := map[string]*float64{"ns/op": &s.decision, "%off": &s.off, "%off-tight": &s.offTight,
			"MB": &s.memory, "MB-full": &s.full, "MB-flooded": &s.flooded}
		for i := 2; i+1 < len(fields); i += 2 { // after name and count: value, unit
			if target := figures[fields[i+1]]; target != nil {
				if _, err := fmt.Sscan(fields[i], target); err != nil {
					return nil, fmt.Errorf("go test output %q: %w", line, err)
				}
				delete(figures, fields[i+1])
			}
		}
		if len(figures) > 0 {
			return nil, fmt.Errorf("go test output: %d figures are missing in %q", len(figures), line)
		}
		samples = append(samples, sample{value: s.decision, limiter: &s})
	}
	if len(samples) == 0 {
		return nil, fmt.Errorf("go test output has no figures: %s", strings.TrimSpace(output))
	}
	return samples, nil
}
