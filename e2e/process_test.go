package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// serveUpstream is what an upstream process does: it answers every request
// with its address in X-Upstream, and prints the body of each POST before it
// answers. It ends when its standard input does, so that it cannot outlive
// the test.
func serveUpstream(address string) error {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("listening")
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			fmt.Println("got " + string(body))
		}
		w.Header().Set("X-Upstream", address)
		io.WriteString(w, "ok")
	}))
}

// process is an upstream server in a process of its own.
type process struct {
	t       *testing.T
	address string
	cmd     *exec.Cmd
	stdin   io.Closer
	stdout  *output // of all its lives
}

// startProcess starts one at an address that was reserved.
func startProcess(t *testing.T, address string) *process {
	t.Helper()
	p := &process{t: t, address: address, stdout: new(output)}
	t.Cleanup(p.kill)
	p.start()
	return p
}

// start begins a life and waits until it listens.
func (p *process) start() {
	p.t.Helper()
	lives := strings.Count(p.stdout.text(), "listening")
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), upstreamVariable+"="+p.address)
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, os.Stderr
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	eventually(p.t, patience, "an upstream process listens", func() bool {
		return strings.Count(p.stdout.text(), "listening") > lives
	})
}

// kill ends it as kill -9 does.
func (p *process) kill() {
	if p.cmd != nil {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		p.stdin.Close()
		p.cmd = nil
	}
}

// posted returns the bodies of POSTs that it has received.
func (p *process) posted() (all []string) {
	for line := range strings.Lines(p.stdout.text()) {
		if body, ok := strings.CutPrefix(line, "got "); ok {
			all = append(all, strings.TrimSpace(body))
		}
	}
	return all
}
