package proxy

import (
	"fmt"
	"runtime/debug"
)

// mishap is a panic, a bug of ours, on a goroutine that an Exchange has
// started. There it would end the process; passed on to the goroutine of the
// client's connection it ends that connection.
type mishap struct {
	value any
	stack []byte
}

// caught runs f and returns its panic, nil if there was none.
func caught(f func()) (m *mishap) {
	defer func() {
		if v := recover(); v != nil {
			m = &mishap{v, debug.Stack()}
		}
	}()
	f()
	return nil
}

// pass panics with m, if there is one.
func (m *mishap) pass() {
	if m != nil {
		panic(fmt.Sprintf("%v\n%s", m.value, m.stack))
	}
}
