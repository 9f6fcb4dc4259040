package acmetest

import (
	"bytes"
	"sync"
	"testing"
)

// panicLog is the log of an HTTP server. It fails the test when a handler
// panics, which the server survives, and is silent about all else: clients that
// do not trust the server are part of the tests.
type panicLog struct{ tb testing.TB }

func (l panicLog) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("panic")) {
		l.tb.Errorf("%s", b)
	}
	return len(b), nil
}

// testLog writes to the log of a test while it runs. Pebble goes on to log
// afterwards, for which package testing would panic.
type testLog struct {
	mu sync.Mutex
	tb testing.TB // nil once the test has ended; guarded by mu
}

func startTestLog(tb testing.TB) *testLog {
	l := &testLog{tb: tb}
	tb.Cleanup(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.tb = nil
	})
	return l
}

func (l *testLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tb != nil {
		l.tb.Logf("%s", bytes.TrimSpace(b))
	}
	return len(b), nil
}
