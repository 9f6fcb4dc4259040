package main

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// attackedSample is a sample with round figures.
func attackedSample(quiet, attacked time.Duration) sample {
	s := &abuseSample{
		quiet:    phase{latency: latency{p50: quiet / 2, p99: quiet, max: 2 * quiet}, peak: 15 * megabyte, busy: 0.05},
		attacked: phase{latency: latency{p50: attacked / 2, p99: attacked, max: 2 * attacked, errors: 1}, peak: 20 * megabyte, busy: 0.5},
		before:   15 * megabyte,
		after:    16 * megabyte,
		tally: tally{Connections: 7, Frames: 1000,
			Received: received{GoAways: 7, GoAway: 0xb, Resets: resets{0x1: 20, 0x7: 30}, Heads: 3}},
	}
	return sample{value: s.ratio(), abuse: s}
}

// abuseResult is a result with two rounds of Sluice and one of nginx under two
// attacks, of which nginx failed one.
func abuseResult() result {
	r := result{work: workAbuse(), samples: map[string][]sample{}, failed: map[string]error{}}
	for _, name := range []string{"nothing (control)", "rapid reset", "PING"} {
		a := attack{name: name}
		mine, peer := attackedName(a, sluiceName), attackedName(a, "nginx")
		r.names = append(r.names, mine, peer)
		r.samples[mine] = []sample{
			attackedSample(time.Millisecond, 2*time.Millisecond),
			attackedSample(time.Millisecond, 4*time.Millisecond),
		}
		r.samples[peer] = []sample{attackedSample(2*time.Millisecond, 3*time.Millisecond)}
	}
	control := attackedName(attack{name: "nothing (control)"}, sluiceName)
	r.samples[control] = []sample{attackedSample(time.Millisecond, 90*time.Millisecond)}
	r.samples[control][0].abuse.tally = tally{}
	r.failed[attackedName(attack{name: "PING"}, "nginx")] = errors.New("no answers")
	return r
}

// TestAbuseTablesAreAsWritten compares with the file in testdata;
// UPDATE_GOLDEN=1 writes it anew.
func TestAbuseTablesAreAsWritten(t *testing.T) {
	got := summary([]result{abuseResult()}).String() + "\n" + abuseTables(abuseResult())
	path := filepath.Join("testdata", "abuse.md")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s:\n%s", path, got)
	}
}

func TestWorstRatioIsOfTheAttacks(t *testing.T) {
	r := abuseResult()
	if got := worstRatio(r, sluiceName); got != 3 { // the control had 90
		t.Errorf("got %v, want 3", got)
	}
	if got := worstRatio(r, "nginx"); !math.IsNaN(got) {
		t.Errorf("nginx, of which one attack failed: got %v, want NaN", got)
	}
	if got := worstRatio(r, "Caddy"); !math.IsNaN(got) {
		t.Errorf("Caddy, which was not attacked: got %v, want NaN", got)
	}
}

func TestAbuseReportNamesItsFailures(t *testing.T) {
	text := abuseResult().report()
	for _, want := range []string{"**FAILED**", "**nginx under PING failed:** no answers"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
}

func TestGoalCells(t *testing.T) {
	for _, tt := range []struct {
		goal     goal
		ask, aim string
	}{
		{goal{}, "–", "–"},
		{goal{ask: 0.90, aim: 0.75}, "≤ 0.90", "0.75"},
		{goal{ask: 1.00}, "≤ 1.00", "–"},
		{goal{ask: 100, aim: 50, absolute: true}, "≤ 100", "50"},
		{goal{ask: 3, absolute: true}, "≤ 3.00", "–"},
	} {
		if ask, aim := tt.goal.cells(); ask != tt.ask || aim != tt.aim {
			t.Errorf("%+v: got %s and %s, want %s and %s", tt.goal, ask, aim, tt.ask, tt.aim)
		}
	}
}
