package e2e

import (
	"bytes"
	"strings"
	"sync"
)

// output is what a process writes, to be read while it runs.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

// text returns all that has been written so far.
func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// has reports whether part has been written.
func (o *output) has(part string) bool { return strings.Contains(o.text(), part) }
