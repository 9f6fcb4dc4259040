//go:build !race

package accesslog

import (
	"strconv"
	"testing"
)

// "No allocation per line in the steady state." The race detector makes
// sync.Pool forget at random, so this can't be seen with it.
func TestLogAllocatesNothing(t *testing.T) {
	odd := full()
	odd.Path = []byte("/灯\xff\x00\"")
	for name, e := range map[string]*Entry{"plain": typical(), "by zap": full(), "hostile": odd} {
		log := New(discard{})
		log.Sample([]Rule{{Keep: 0, Path: "/none"}, {Keep: 2}}) // about half of the typical ones are written
		id := make([]byte, 0, 20)
		n := int64(0)
		got := testing.AllocsPerRun(1000, func() {
			onStack := *e
			onStack.RequestID, n = strconv.AppendInt(id, n, 10), n+1
			log.Log(&onStack)
			log.flush()
		})
		if got != 0 {
			t.Errorf("%s: %v allocations a line", name, got)
		}
	}
}
