package main

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestTableAlignsItsColumns(t *testing.T) {
	tb := &table{head: []string{"proxy", "µs", "ratio"}}
	tb.add("nginx", "36.6", "1.00")
	tb.add("HAProxy", "–")
	want := strings.Join([]string{
		"| proxy   |   µs | ratio |",
		"|---------|-----:|------:|",
		"| nginx   | 36.6 |  1.00 |",
		"| HAProxy |    – |       |",
		"",
	}, "\n")
	if got := tb.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFigureHasThreeSignificantDigits(t *testing.T) {
	for v, want := range map[float64]string{
		0.123: "0.12", 1.234: "1.23", 27.24: "27.2", 243.4: "243", 16400: "16400", math.NaN(): "–", math.Inf(1): "∞",
	} {
		if got := figure(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

// given is a result with one value a name; 0 stands for a failure.
func given(w work, names []string, values ...float64) result {
	r := result{work: w, names: names, samples: map[string][]sample{}, failed: map[string]error{}}
	for i, name := range names {
		if values[i] == 0 {
			r.failed[name] = errors.New("no answers")
			continue
		}
		r.samples[name] = []sample{{value: values[i]}}
	}
	return r
}

func TestYardstickIsTheBestThatDidTheWork(t *testing.T) {
	names := []string{sluiceName, "nginx", "HAProxy", "Caddy"}
	for _, tt := range []struct {
		name   string
		values []float64
		want   string
		best   float64
	}{
		{"best of three", []float64{10, 36, 34, 92}, "HAProxy", 34},
		{"the best failed", []float64{10, 36, 0, 92}, "nginx", 36},
		{"the first failed", []float64{10, 0, 0, 92}, "Caddy", 92},
		{"all failed", []float64{10, 0, 0, 0}, "", math.NaN()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name, best := given(work{against: peers()}, names, tt.values...).yardstick()
			if name != tt.want || best != tt.best && !math.IsNaN(tt.best) {
				t.Errorf("got %s %v, want %s %v", name, best, tt.want, tt.best)
			}
		})
	}
}

func TestVerdictOfGoals(t *testing.T) {
	ratio := goal{ask: 0.90, aim: 0.75}
	absolute := goal{ask: 100, aim: 50, absolute: true}
	atLeast := goal{ask: 95, aim: 98, absolute: true, atLeast: true}
	noAim := goal{ask: 2, absolute: true}
	for _, tt := range []struct {
		goal       goal
		mine, best float64
		want       string
	}{
		{ratio, 75, 100, "aim reached"},
		{ratio, 90, 100, "ask met"},
		{ratio, 91, 100, "**missed**"},
		{ratio, math.NaN(), 100, "–"},
		{ratio, 10, math.NaN(), "–"},
		{absolute, 50, 1, "aim reached"},
		{absolute, 100, 1, "ask met"},
		{absolute, 101, math.NaN(), "**missed**"},
		{goal{}, 1, 1, "–"},
		{atLeast, 98, math.NaN(), "aim reached"},
		{atLeast, 95, 99, "ask met"},
		{atLeast, 94, 1, "**missed**"},
		{noAim, 2, 1, "ask met"},
	} {
		if got := tt.goal.verdict(tt.mine, tt.best); got != tt.want {
			t.Errorf("%+v of %v and %v: got %s, want %s", tt.goal, tt.mine, tt.best, got, tt.want)
		}
	}
}

func TestReportSaysWhatFailedAndWhatWasLost(t *testing.T) {
	r := given(workP1(), []string{"nginx", "HAProxy"}, 36, 0)
	r.samples["nginx"][0].logged = 0.9
	text := r.report()
	for _, want := range []string{"**FAILED**", "**HAProxy failed:** no answers", "nginx logged 90.0 % of its requests"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if firstFailure([]result{r}) == nil {
		t.Error("a failed entrant must fail the run")
	}
}
