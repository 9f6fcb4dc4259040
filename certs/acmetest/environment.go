package acmetest

import (
	"os"
	"sync"
	"testing"
)

// environment is held while environment variables of the process, by which
// alone some of Pebble can be configured, are not what they were. Being the
// process's, they need a lock of the process's.
var environment sync.Mutex

// setEnvironment sets variables, and waits for others that have. The function
// it returns sets them back.
func setEnvironment(tb testing.TB, variables map[string]string) (restore func()) {
	tb.Helper()
	environment.Lock()
	var undo []func() error
	for name, value := range variables {
		if old, ok := os.LookupEnv(name); ok {
			undo = append(undo, func() error { return os.Setenv(name, old) })
		} else {
			undo = append(undo, func() error { return os.Unsetenv(name) })
		}
		if err := os.Setenv(name, value); err != nil {
			tb.Error(err)
		}
	}
	return func() {
		defer environment.Unlock()
		for _, f := range undo {
			if err := f(); err != nil {
				tb.Error(err)
			}
		}
	}
}
