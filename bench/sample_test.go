package main

import (
	"math"
	"slices"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		list []float64
		want float64
	}{
		{[]float64{3}, 3},
		{[]float64{5, 1, 3}, 3},
		{[]float64{4, 1, 2, 3}, 2.5},
		{[]float64{100, 1, 2, 2, 2}, 2},
	} {
		before := slices.Clone(tt.list)
		if got := median(tt.list); got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.list, got, tt.want)
		}
		if !slices.Equal(tt.list, before) {
			t.Errorf("%v was reordered to %v", before, tt.list)
		}
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("no figures: got %v, want NaN", got)
	}
}
