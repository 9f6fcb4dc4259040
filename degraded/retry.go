package degraded

import (
	"fmt"
	"strconv"
	"time"
)

const (
	defaultRetryAfter = 5 * time.Second
	maxRetryAfter     = 24 * time.Hour
)

// retryValues renders the values of Retry-After: every second from after to
// half as much again, at most maxValues of them evenly spread. Clients that
// were refused together shall not come back together.
func retryValues(after time.Duration) ([][]byte, error) {
	const maxValues = 64
	if after < 0 || after > maxRetryAfter {
		return nil, fmt.Errorf("retry_after is %v: it must be between 0 and %v", after, maxRetryAfter)
	}
	first := wholeSeconds(after)
	span := (first + 1) / 2
	n := min(span+1, maxValues)
	values := make([][]byte, n)
	for i := range values {
		values[i] = strconv.AppendInt(nil, int64(first+i*span/max(n-1, 1)), 10)
	}
	return values, nil
}

// wholeSeconds rounds up: Retry-After has no smaller unit (RFC 9110 section
// 10.2.3), and 0 would ask for a storm.
func wholeSeconds(d time.Duration) int {
	return max(1, int((d+time.Second-1)/time.Second))
}
