package main

import (
	"testing"
	"time"
)

func TestStrainCountsGoodAnswersWithinThePhase(t *testing.T) {
	o := &offered{length: time.Second, visits: []visit{
		{due: 0, took: 100 * time.Millisecond, attempts: 1, outcome: good},
		{due: 0, took: 200 * time.Millisecond, attempts: 1, outcome: good},
		{due: 900 * time.Millisecond, took: 300 * time.Millisecond, attempts: 1, outcome: good}, // after the end
		{due: 0, took: patience, attempts: 1, outcome: gaveUp},
		{due: 0, took: time.Millisecond, attempts: 4, outcome: limited},
		{due: 0, took: 2 * time.Millisecond, attempts: 1, outcome: shed},
		{due: 0, took: 0, attempts: 1, outcome: broken},
		{due: 0, outcome: crowdedUp},
	}}
	s := newStrain(10, 4, o)
	if s.goodput != 0.5 || s.visits != 8 || s.attempts != 10 {
		t.Errorf("got %+v, want 2 good of 4 that could be", s)
	}
	if s.admitted.p99 != patience || s.admitted.p50 != 200*time.Millisecond || s.refusals.p99 != 2*time.Millisecond {
		t.Errorf("got %+v", s)
	}
	if s.share(limited, shed) != 0.25 || s.share(good) != 0.375 {
		t.Errorf("shares %v, %v", s.share(limited, shed), s.share(good))
	}
}

// recovery is visits every 2.5 ms for some seconds after the load dropped.
func recovery(length time.Duration, each func(due time.Duration) visit) []visit {
	var all []visit
	for due := time.Duration(0); due < length; due += 2500 * time.Microsecond {
		v := each(due)
		v.due = due
		all = append(all, v)
	}
	return all
}

func TestNormalAgain(t *testing.T) {
	const unloaded = 50 * time.Millisecond
	fine := visit{outcome: good, took: 40 * time.Millisecond, attempts: 1}
	slow := visit{outcome: good, took: 80 * time.Millisecond, attempts: 1}
	until := func(end time.Duration, bad visit) func(time.Duration) visit {
		return func(due time.Duration) visit {
			if due < end {
				return bad
			}
			return fine
		}
	}
	at := func(bad visit, times ...time.Duration) func(time.Duration) visit {
		return func(due time.Duration) visit {
			for _, at := range times {
				if due == at {
					return bad
				}
			}
			return fine
		}
	}
	const s, ms = time.Second, time.Millisecond
	for _, tt := range []struct {
		name string
		each func(time.Duration) visit
		end  time.Duration
		want time.Duration // negative: never
	}{
		{"at once", until(0, slow), 4 * s, 0},
		{"slow for a while", until(730*ms, slow), 4 * s, 800 * ms},
		{"refused for a while", until(1200*ms, visit{outcome: shed, attempts: 1}), 4 * s, 1200 * ms},
		{"only after retries", until(1200*ms, visit{outcome: good, attempts: 2}), 4 * s, 1200 * ms},
		{"gave up for a while", until(500*ms, visit{outcome: gaveUp, took: patience, attempts: 1}), 4 * s, 500 * ms},
		{"one slow window", at(slow, 500*ms), 4 * s, 0},
		{"two slow windows", at(slow, 300*ms, 500*ms), 4 * s, 400 * ms},
		{"one refusal", at(visit{outcome: limited, attempts: 1}, 900*ms), 4 * s, 1000 * ms},
		{"within the limit", until(4*s, visit{outcome: good, took: 75 * ms, attempts: 1}), 4 * s, 0},
		{"never", until(4*s, slow), 4 * s, -1},
		{"too early to say", until(0, slow), 900 * ms, -1},
		{"not looked at what is not over", until(0, slow), 1000 * ms, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := normalAgain(recovery(4*s, tt.each), unloaded, tt.end)
			if ok != (tt.want >= 0) || ok && got != tt.want {
				t.Errorf("got %v, %v; want %v", got, ok, tt.want)
			}
		})
	}
}
