package main

import (
	"testing"
	"time"
)

func TestPercentileIsTheNearestRank(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for _, tt := range []struct {
		sorted []time.Duration
		p      float64
		want   time.Duration
	}{
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 100, 100},
		{hundred, 0, 1},
		{hundred[:10], 99, 10},
		{hundred[:1], 50, 1},
		{hundred[:4], 50, 2},
		{nil, 99, 0},
	} {
		if got := percentile(tt.sorted, tt.p); got != tt.want {
			t.Errorf("p%v of %d: got %d, want %d", tt.p, len(tt.sorted), got, tt.want)
		}
	}
}

func TestLatencySortsACopy(t *testing.T) {
	took := []time.Duration{3, 1, 2}
	if got, want := newLatency(took, 1), (latency{p50: 2, p99: 3, max: 3, errors: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if took[0] != 3 {
		t.Errorf("the list was reordered to %v", took)
	}
}

func TestSleepUntilIsNotEarly(t *testing.T) {
	due := time.Now().Add(3 * time.Millisecond)
	sleepUntil(due)
	if left := time.Until(due); left > 0 {
		t.Errorf("%v early", left)
	}
	sleepUntil(due) // what is past is not waited for
}
