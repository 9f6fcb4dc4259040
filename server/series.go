package server

// series returns all seconds that are remembered.
func (r *recorder) series() Series {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.known
	s := Series{
		End: r.end + 1, Requests: make([]uint32, n),
		Status2: make([]uint32, n), Status3: make([]uint32, n), Status4: make([]uint32, n), Status5: make([]uint32, n),
		Limited: make([]uint32, n), Shed: make([]uint32, n), Stale: make([]uint32, n),
		P50: make([]float32, n), P90: make([]float32, n), P99: make([]float32, n),
		InFlight: make([]uint32, n), Queued: make([]uint32, n), BytesOut: make([]uint64, n),
		Hits: make([]uint32, n), Misses: make([]uint32, n),
	}
	for i := range n {
		t := &r.seconds[(r.end-int64(n-1-i))%recordedSeconds]
		s.Requests[i] = t.requests()
		s.Status2[i], s.Status3[i] = t.status[0]+t.status[1], t.status[2]
		s.Status4[i], s.Status5[i] = t.status[3], t.status[4]
		s.Limited[i], s.Shed[i], s.Stale[i] = t.limited, t.shed, t.stale
		s.P50[i], s.P90[i], s.P99[i] = t.p50, t.p90, t.p99
		s.InFlight[i], s.Queued[i], s.BytesOut[i] = t.inFlight, t.queued, t.bytesOut
		s.Hits[i], s.Misses[i] = t.hits, t.misses
	}
	return s
}

// last returns the last seconds of s, at most so many.
func (s Series) last(seconds int) Series {
	return Series{
		End: s.End, Requests: lastOf(s.Requests, seconds),
		Status2: lastOf(s.Status2, seconds), Status3: lastOf(s.Status3, seconds),
		Status4: lastOf(s.Status4, seconds), Status5: lastOf(s.Status5, seconds),
		Limited: lastOf(s.Limited, seconds), Shed: lastOf(s.Shed, seconds), Stale: lastOf(s.Stale, seconds),
		P50: lastOf(s.P50, seconds), P90: lastOf(s.P90, seconds), P99: lastOf(s.P99, seconds),
		InFlight: lastOf(s.InFlight, seconds), Queued: lastOf(s.Queued, seconds), BytesOut: lastOf(s.BytesOut, seconds),
		Hits: lastOf(s.Hits, seconds), Misses: lastOf(s.Misses, seconds),
	}
}

func lastOf[T any](all []T, n int) []T { return all[max(0, len(all)-n):] }

// rates returns the means of the last seconds, with the load of this moment.
func (r *recorder) rates() Rates {
	inFlight, queued := r.load()
	now := Rates{InFlight: inFlight, Queued: queued, HitRate: -1}
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(r.known, meanSeconds)
	if n == 0 {
		return now
	}
	var requests, errors, refused, hits, misses float64
	var in, out float64
	for i := range n {
		t := &r.seconds[(r.end-int64(i))%recordedSeconds]
		requests, errors = requests+float64(t.requests()), errors+float64(t.status[4])
		refused += float64(t.limited) + float64(t.shed)
		hits, misses = hits+float64(t.hits), misses+float64(t.misses)
		in, out = in+float64(t.bytesIn), out+float64(t.bytesOut)
	}
	each := float64(n)
	now.Requests, now.Errors, now.Refused = requests/each, errors/each, refused/each
	now.BytesIn, now.BytesOut = in/each, out/each
	if hits+misses > 0 {
		now.HitRate = hits / (hits + misses)
	}
	q := r.latency(r.end).Since(r.latency(r.end-int64(n))).Quantiles(0.5, 0.9, 0.99)
	now.P50, now.P90, now.P99 = milliseconds(q[0]), milliseconds(q[1]), milliseconds(q[2])
	return now
}

// ownErrors returns how many requests there were in the last seconds, and how many
// of them, at least, the application itself has answered with 5xx.
func (r *recorder) ownErrors() (errors, requests uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range min(r.known, meanSeconds) {
		t := &r.seconds[(r.end-int64(i))%recordedSeconds]
		errors, requests = errors+t.unexplained, requests+t.requests()
	}
	return errors, requests
}
