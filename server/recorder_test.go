package server

import (
	"context"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sluice/metrics"
)

// recording runs a recorder for as long as f runs.
func recording(t *testing.T, f func(r *recorder)) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{metrics: metrics.New("test"), load: func() (int, int) { return 3, 2 }}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			r.run(ctx, func(time.Time) {})
		}()
		synctest.Wait()
		f(r)
		cancel()
		<-ended
	})
}

// pass lets time pass until the samples of that time are taken.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// "Element i of each list is of the second that ends at End - (len-1-i)."
func TestSecondsAreRecorded(t *testing.T) {
	recording(t, func(r *recorder) {
		start := time.Now().Unix()
		pass(300 * time.Millisecond) // samples are taken at whole seconds all the same
		for i := range 3 {
			for range i + 1 {
				r.metrics.Exchange(&metrics.Observation{Status: 200, Total: 20 * time.Millisecond, BytesOut: 100, Cache: "hit"})
			}
			r.metrics.Exchange(&metrics.Observation{Status: 304, Total: time.Millisecond, Cache: "miss"})
			r.metrics.Exchange(&metrics.Observation{Status: 429, Total: time.Millisecond, Cause: "rate_limited"})
			r.metrics.Exchange(&metrics.Observation{Status: 503, Total: time.Millisecond, Cause: "shed", Degraded: "page"})
			pass(time.Second)
		}
		s := r.series()
		if s.End != start+3 {
			t.Errorf("End %d, want %d", s.End, start+3)
		}
		for _, tt := range []struct {
			name      string
			got, want []uint32
		}{
			{"requests", s.Requests, []uint32{4, 5, 6}},
			{"2xx", s.Status2, []uint32{1, 2, 3}},
			{"3xx", s.Status3, []uint32{1, 1, 1}},
			{"4xx", s.Status4, []uint32{1, 1, 1}},
			{"5xx", s.Status5, []uint32{1, 1, 1}},
			{"limited", s.Limited, []uint32{1, 1, 1}},
			{"shed", s.Shed, []uint32{1, 1, 1}},
			{"stale", s.Stale, []uint32{1, 1, 1}},
			{"in flight", s.InFlight, []uint32{3, 3, 3}},
			{"queued", s.Queued, []uint32{2, 2, 2}},
			{"hits", s.Hits, []uint32{1, 2, 3}},
			{"misses", s.Misses, []uint32{1, 1, 1}},
		} {
			if !slices.Equal(tt.got, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, tt.got, tt.want)
			}
		}
		if !slices.Equal(s.BytesOut, []uint64{100, 200, 300}) {
			t.Errorf("bytes: %v", s.BytesOut)
		}
		for i, p99 := range s.P99 {
			if math.Abs(float64(p99)-20) > 1.2 || math.Abs(float64(s.P50[i])-1) > 0.06 {
				t.Errorf("second %d: p50 %v, p99 %v", i, s.P50[i], p99)
			}
		}
		now := r.rates()
		if now.Requests != 5 || now.Errors != 1 || now.Refused != 2 || now.BytesOut != 200 || now.HitRate != 6.0/9 || now.InFlight != 3 || now.Queued != 2 {
			t.Errorf("rates: %+v", now)
		}
		if got := s.last(2); !slices.Equal(got.Requests, []uint32{5, 6}) || len(got.P99) != 2 || got.End != s.End {
			t.Errorf("the last two: %+v", got)
		}
	})
}

// "A ring of 300 seconds; Rates over the last ten."
func TestOldSecondsAreForgotten(t *testing.T) {
	recording(t, func(r *recorder) {
		for range 100 {
			r.metrics.Exchange(&metrics.Observation{Status: 200, Total: time.Second})
		}
		pass(time.Second)
		for range meanSeconds {
			r.metrics.Exchange(&metrics.Observation{Status: 200, Total: time.Millisecond})
			pass(time.Second)
		}
		if now := r.rates(); now.Requests != 1 || now.P99 > 2 {
			t.Errorf("rates of the last ten seconds: %+v", now)
		}
		pass(recordedSeconds * time.Second)
		s := r.series()
		if len(s.Requests) != recordedSeconds || slices.Max(s.Requests) != 0 {
			t.Errorf("%d seconds, at most %d", len(s.Requests), slices.Max(s.Requests))
		}
		if now := r.rates(); now.Requests != 0 || now.P99 != 0 || now.HitRate != -1 {
			t.Errorf("rates of nothing: %+v", now)
		}
	})
}

// The clock is set, and a machine sleeps.
func TestTheClockJumps(t *testing.T) {
	m := metrics.New("test")
	r := &recorder{metrics: m, load: func() (int, int) { return 0, 0 }}
	at := time.Unix(1_800_000_000, 0)
	r.begin(at)
	sample := func(at time.Time) Series {
		m.Exchange(&metrics.Observation{Status: 200, Total: time.Millisecond})
		r.sample(at)
		return r.series()
	}
	for _, tt := range []struct {
		name string
		by   time.Duration
		want []uint32
	}{
		{"a second", time.Second, []uint32{1}},
		{"sleeps for three", 3 * time.Second, []uint32{1, 0, 0, 1}},
		{"an hour on", time.Hour, []uint32{1}},
		{"a second", time.Second, []uint32{1, 1}},
		{"too early by a little", time.Millisecond, []uint32{1, 1}},
		{"a second", time.Second, []uint32{1, 1, 2}},
		{"an hour back", -time.Hour, []uint32{1}},
	} {
		at = at.Add(tt.by)
		s := sample(at)
		if !slices.Equal(s.Requests, tt.want) || s.End != at.Unix() {
			t.Errorf("%s: %v until %d, want %v until %d", tt.name, s.Requests, s.End, tt.want, at.Unix())
		}
		r.rates()
	}
}

// "Negligible when nobody looks (< 100 µs a second)."
func BenchmarkSample(b *testing.B) {
	r := &recorder{metrics: metrics.New("test"), load: func() (int, int) { return 0, 0 }}
	at := time.Unix(1_800_000_000, 0)
	r.begin(at)
	for b.Loop() {
		at = at.Add(time.Second)
		r.sample(at)
	}
}

// When the clock is set, the latency of the first second after that is its own,
// not that of all that was counted in some second before.
func TestLatencyWhenTheClockIsSet(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour, -5 * time.Second, 301 * time.Second} {
		m := metrics.New("test")
		r := &recorder{metrics: m, load: func() (int, int) { return 0, 0 }}
		at := time.Unix(1_800_000_000, 0)
		r.begin(at)
		for range 20 {
			for range 100 {
				m.Exchange(&metrics.Observation{Status: 200, Total: time.Second})
			}
			at = at.Add(time.Second)
			r.sample(at)
		}
		m.Exchange(&metrics.Observation{Status: 200, Total: time.Millisecond})
		at = at.Add(by)
		r.sample(at)
		if s, now := r.series(), r.rates(); len(s.P99) != 1 || s.P99[0] > 2 || now.P99 > 2 || now.Requests != 1 {
			t.Errorf("%v: p99 %v, now %+v", by, s.P99, now)
		}
	}
}

// What the application itself answers with 5xx is told apart from what we do: load,
// maintenance, waiting rooms, Upstreams that are gone.
func TestErrorsOfTheApplication(t *testing.T) {
	recording(t, func(r *recorder) {
		for _, cause := range []string{"maintenance", "waiting_room", "shed", "connection_refused"} {
			r.metrics.Exchange(&metrics.Observation{Status: 503, Cause: cause, Degraded: "page"})
		}
		r.metrics.Exchange(&metrics.Observation{Status: 200})
		pass(time.Second)
		if errors, requests := r.ownErrors(); errors != 0 || requests != 5 {
			t.Errorf("%d of %d", errors, requests)
		}
		for range 7 {
			r.metrics.Exchange(&metrics.Observation{Status: 500})
		}
		pass(time.Second)
		if errors, requests := r.ownErrors(); errors != 7 || requests != 12 {
			t.Errorf("%d of %d", errors, requests)
		}
		pass(meanSeconds * time.Second)
		if errors, requests := r.ownErrors(); errors != 0 || requests != 0 {
			t.Errorf("%d of %d", errors, requests)
		}
	})
}
