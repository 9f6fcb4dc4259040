package main

import (
	"math"
	"testing"
	"time"
)

func TestFiguresAreWrittenForPeople(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{count(0), "0"}, {count(999), "999"}, {count(1000), "1,000"}, {count(1234567), "1,234,567"},
		{count(math.MaxUint64), "18,446,744,073,709,551,615"},
		{figure(0), "0"}, {figure(3.14), "3.1"}, {figure(9.97), "10"}, {figure(412.4), "412"}, {figure(12345), "12,345"},
		{figure(-1), "-"}, {figure(math.NaN()), "-"}, {figure(math.Inf(1)), "+Inf"},
		{milliseconds(3.14), "3.1 ms"}, {milliseconds(80), "80 ms"}, {milliseconds(1500), "1.5 s"}, {milliseconds(300_000), "300 s"},
		{size(0), "0 B"}, {size(999), "999 B"}, {size(3_200_000), "3.2 MB"}, {size(64 << 20), "67 MB"}, {size(math.Inf(1)), "+Inf TB"},
		{length(-time.Second), "0 s"}, {length(90 * time.Second), "90 s"}, {length(10 * time.Minute), "10 min"},
		{length(5 * time.Hour), "5 hours"}, {length(72 * time.Hour), "3 days"},
		{age(time.Time{}, clock), "-"}, {age(clock.Add(-3*time.Second), clock), "3 s"}, {age(clock.Add(time.Hour), clock), "0 s"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}

func TestASparklineShowsWhatIsSeldom(t *testing.T) {
	for _, tt := range []struct {
		values  []float64
		most    int
		want    string
		highest float64
	}{
		{nil, 60, "", 0},
		{[]float64{0, 0, 0}, 60, "▁▁▁", 0},
		{[]float64{0, 1, 1000}, 60, "▁▂█", 1000},
		{[]float64{1, 2, 3, 4, 5, 6, 7}, 60, "▂▃▄▅▆▇█", 7},
		{[]float64{9, 1, 2}, 2, "▅█", 2}, // the last ones
		{[]float64{1, 2}, 0, "", 0},
		{[]float64{1, 2}, -3, "", 0},
		{[]float64{-1, math.NaN(), math.Inf(1), 2}, 60, "▁▁██", 2},
	} {
		got, highest := sparkline(tt.values, tt.most)
		if got != tt.want || highest != tt.highest {
			t.Errorf("%v: %q, highest %v, want %q, %v", tt.values, got, highest, tt.want, tt.highest)
		}
	}
}
