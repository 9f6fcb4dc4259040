package cachesuite

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// startLimit is how long the origin may take until it listens.
const startLimit = 15 * time.Second

// preloadScript makes the origin listen on 127.0.0.1 only: by itself it takes
// every address of the machine, and serves the files of its folder to all. And
// it ends the origin with its standard input, so that it does not outlive us.
const preloadScript = `'use strict'
process.stdin.resume().on('end', () => process.exit()).unref()
const net = require('net')
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (port) { return listen.call(this, Number(port), '127.0.0.1') }
`

// listening is the line by which the origin tells where it listens.
var listening = regexp.MustCompile(`(?m)^Listening on http://127\.0\.0\.1:(\d+)/\s*$`)

// Origin is the suite's server, running. Whoever started it must Stop it.
type Origin struct {
	Port int // of 127.0.0.1; fixed

	cmd    *exec.Cmd
	stdin  io.Closer
	stdout printed
	dir    string // for the script and the file with its process ID
	cancel context.CancelFunc
	done   chan struct{} // closed when it has ended
}

// StartOrigin starts the suite's server on a free port and waits until it
// listens. It ends with ctx or by Stop, whichever is first.
func (s *Suite) StartOrigin(ctx context.Context) (*Origin, error) {
	dir, err := os.MkdirTemp("", "cachesuite-")
	if err != nil {
		return nil, fmt.Errorf("the suite's origin: %w", err)
	}
	script := filepath.Join(dir, "preload.cjs")
	if err := os.WriteFile(script, []byte(preloadScript), 0o600); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("the suite's origin: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	o := &Origin{dir: dir, cancel: cancel, done: make(chan struct{})}
	port := make(chan int, 1)
	o.stdout.look = announce(port)
	o.cmd = program(ctx, s.dir, s.node, "--require", script, s.server)
	o.cmd.Env = suiteEnvironment(map[string]string{
		"protocol": "http",
		"port":     "0", // the kernel chooses
		"pidfile":  filepath.Join(dir, "pid"),
	})
	o.cmd.Stdout, o.cmd.Stderr = &o.stdout, &o.stdout
	if o.stdin, err = o.cmd.StdinPipe(); err == nil {
		err = o.cmd.Start()
	}
	if err != nil {
		cancel()
		os.RemoveAll(dir)
		return nil, fmt.Errorf("the suite's origin: %w", err)
	}
	go func() { // ends with the process, awaited by Stop
		defer close(o.done)
		_ = o.cmd.Wait() // it does not end by itself, and killed it says so
	}()
	return o, o.await(port)
}

// announce sends the port, which must have room for it, when it is printed.
func announce(port chan<- int) func(string) bool {
	return func(text string) bool {
		found := listening.FindStringSubmatch(text)
		if found == nil {
			return false
		}
		number, _ := strconv.Atoi(found[1]) // 0, which leads nowhere, if it is none
		port <- number
		return true
	}
}

// await waits until it listens, and stops it if it does not.
func (o *Origin) await(port <-chan int) error {
	timer := time.NewTimer(startLimit)
	defer timer.Stop()
	why := "it has ended"
	select {
	case o.Port = <-port:
		return nil
	case <-o.done:
	case <-timer.C:
		why = fmt.Sprintf("it does not listen after %v", startLimit)
	}
	o.Stop()
	return fmt.Errorf("the suite's origin: %s; it printed:\n%s", why, o.stdout.tail())
}

// Output is what it has printed so far: warnings, and the traffic of Dump.
func (o *Origin) Output() string { return o.stdout.text() }

// Stop kills it and returns when it is gone. It may be called again.
func (o *Origin) Stop() {
	o.cancel()
	o.stdin.Close()
	<-o.done
	os.RemoveAll(o.dir)
}
