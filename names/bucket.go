package names

import "time"

// burstTime is for how long a budget that was not used can be saved up.
const burstTime = 2 * time.Second

// bucket is a token bucket: the budget of queries.
type bucket struct {
	rate   float64 // tokens a second
	burst  float64
	tokens float64
	filled time.Time // up to when tokens are counted
}

func newBucket(rate float64, now time.Time) bucket {
	burst := max(rate*burstTime.Seconds(), 1)
	return bucket{rate: rate, burst: burst, tokens: burst, filled: now}
}

// take takes a token, or says how long it will be until there is one.
func (b *bucket) take(now time.Time) (wait time.Duration) {
	if d := now.Sub(b.filled); d > 0 {
		b.tokens = min(b.tokens+d.Seconds()*b.rate, b.burst)
		b.filled = now
	}
	if b.tokens < 1 {
		return time.Duration((1-b.tokens)/b.rate*float64(time.Second)) + 1
	}
	b.tokens--
	return 0
}

// owe charges for what has been spent already. The debt is bounded, so that
// nothing stands still for long.
func (b *bucket) owe(tokens int) {
	b.tokens = max(b.tokens-float64(max(tokens, 0)), -b.burst)
}
