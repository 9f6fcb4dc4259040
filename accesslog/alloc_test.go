//go:build !race

package accesslog

import "testing"

// "No allocation per line in the steady state." The race detector makes
// sync.Pool forget at random, so this can't be seen with it.
func TestLogAllocatesNothing(t *testing.T) {
	odd := full()
	odd.Path = []byte("/灯\xff\x00\"")
	for name, e := range map[string]*Entry{"plain": typical(), "by zap": full(), "hostile": odd} {
		log := New(discard{})
		got := testing.AllocsPerRun(1000, func() {
			onStack := *e
			log.Log(&onStack)
			log.flush()
		})
		if got != 0 {
			t.Errorf("%s: %v allocations a line", name, got)
		}
	}
}
