package main

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// climbed is a sample of the ladder with round figures.
func climbed(goodput float64, p99 time.Duration, normal float64) sample {
	s := &overloadSample{}
	for _, load := range slices.Concat([]float64{unloadedAt}, overloads()) {
		st := strain{load: load, visits: 1000, attempts: 1500, goodput: goodput, admitted: latency{p50: p99 / 2, p99: p99},
			refusals: latency{p50: time.Millisecond, p99: 2 * time.Millisecond}, late: time.Millisecond / 10,
			busy: 0.3, working: 0.99, wasted: 0.01, normal: normal}
		st.ends[good], st.ends[limited], st.ends[shed], st.ends[gaveUp] = 700, 100, 150, 50
		if load == unloadedAt {
			st = strain{load: load, visits: 1000, attempts: 1000, goodput: 0.5, admitted: latency{p50: 20 * time.Millisecond, p99: 50 * time.Millisecond},
				busy: 0.02, working: 0.5, late: time.Millisecond / 10, normal: math.NaN()}
			st.ends[good] = 1000
		}
		s.steps = append(s.steps, st)
	}
	return sample{value: 100 * goodput, overload: s}
}

// overloadResult is a result with two rounds of Sluice, one of nginx, and one
// entrant that failed.
func overloadResult() result {
	r := result{work: worksP7()[0], samples: map[string][]sample{}, failed: map[string]error{}}
	r.names = []string{sluiceName, sluiceOff, nginxLimits, "nginx"}
	r.samples[sluiceName] = []sample{climbed(0.97, 100*time.Millisecond, 0.5), climbed(0.99, 120*time.Millisecond, 0.7)}
	r.samples[nginxLimits] = []sample{climbed(0.90, 200*time.Millisecond, 0)}
	r.samples["nginx"] = []sample{climbed(0.001, time.Second, math.Inf(1))}
	r.failed[sluiceOff] = errors.New("no answers")
	return r
}

// TestOverloadTablesAreAsWritten compares with the file in testdata;
// UPDATE_GOLDEN=1 writes it anew.
func TestOverloadTablesAreAsWritten(t *testing.T) {
	got := summary([]result{overloadResult()}).String() + "\n" + overloadTables(overloadResult())
	path := filepath.Join("testdata", "overload.md")
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

func TestOverloadPlotHasAllThatWereMeasured(t *testing.T) {
	series, _, circles := readSVG(t, overloadPlot(overloadResult()))
	one := []string{sluiceName, nginxLimits, "nginx"}
	if !slices.Equal(series, slices.Concat(one, one)) || circles != 2*3*6 {
		t.Errorf("series %q with %d points", series, circles)
	}
	r := overloadResult()
	r.samples = nil
	readSVG(t, overloadPlot(r)) // nobody was measured
}

func TestPlotsAreBesideTheReport(t *testing.T) {
	b := &bench{options: options{out: filepath.Join(t.TempDir(), "results", "run.md")}}
	results := []result{overloadResult(), {work: workP1()}}
	if err := b.savePlots(results); err != nil {
		t.Fatal(err)
	}
	if results[0].plot != "run-P7.svg" || results[1].plot != "" {
		t.Errorf("got %q, %q", results[0].plot, results[1].plot)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(b.out), results[0].plot)); err != nil {
		t.Error(err)
	}
	if text := results[0].report(); !strings.Contains(text, "](run-P7.svg)") {
		t.Errorf("the report does not show it:\n%s", text)
	}
}

func TestWhoIsWanted(t *testing.T) {
	all := func() []entrant { return overloaded([]proxy{sluiceProxy("sluice"), nginxProxy("nginx")}) }
	for _, tt := range []struct {
		who  []string
		want int
	}{{nil, 5}, {[]string{"NGINX"}, 1}, {[]string{"sluice ("}, 2}, {[]string{"off", "limits"}, 2}, {[]string{"varnish"}, 0}} {
		b := &bench{options: options{who: tt.who}}
		if got := b.wanted(all()); len(got) != tt.want {
			t.Errorf("%q: got %d, want %d", tt.who, len(got), tt.want)
		}
	}
}
