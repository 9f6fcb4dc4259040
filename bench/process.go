package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// stopGrace is how long a process has to end after SIGTERM, and again after SIGKILL.
const stopGrace = 3 * time.Second

// command is a program to run, pinned to cores.
type command struct {
	name string // for messages
	argv []string
	env  []string // added to this program's environment
	dir  string   // working directory
	out  string   // file that takes stderr, and stdout unless it has its own
	pin  cores

	stdout string // file that takes stdout; empty: out
}

// process is a started command, in a process group of its own.
type process struct {
	name    string
	group   int
	started time.Time
	out     string
	done    chan struct{} // closed when the group's leader has ended
}

// start runs c. The caller must stop the process.
func (c command) start(taskset string) (*process, error) {
	out, err := os.Create(c.out)
	if err != nil {
		return nil, fmt.Errorf("%s: output file: %w", c.name, err)
	}
	defer out.Close() // the child has its own descriptor

	cmd := exec.Command(taskset, append([]string{"-c", c.pin.String()}, c.argv...)...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stdout, cmd.Stderr = out, out
	if c.stdout != "" {
		own, err := os.Create(c.stdout)
		if err != nil {
			return nil, fmt.Errorf("%s: stdout: %w", c.name, err)
		}
		defer own.Close()
		cmd.Stdout = own
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := &process{name: c.name, started: time.Now(), out: c.out, done: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	p.group = cmd.Process.Pid
	go func() { // ends with the process, awaited by stop
		_ = cmd.Wait() // how it ended does not matter; that it ended does
		close(p.done)
	}()
	return p, nil
}

// ended reports whether the group's leader has ended.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// output is the end of what the process has printed.
func (p *process) output() string {
	data, err := os.ReadFile(p.out)
	if err != nil {
		return "(output unreadable)"
	}
	const most = 1500
	text := strings.TrimSpace(string(data))
	if len(text) > most {
		text = "..." + text[len(text)-most:]
	}
	return text
}

// stop ends the whole group, by force if it lingers, and waits for its leader.
func (p *process) stop() error {
	if !p.ended() {
		if err := p.signal(syscall.SIGTERM); err != nil {
			return err
		}
		select {
		case <-p.done:
		case <-time.After(stopGrace):
		}
	}
	if err := p.signal(syscall.SIGKILL); err != nil { // workers that outlive their master
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(stopGrace):
		return fmt.Errorf("%s does not end: process group %d", p.name, p.group)
	}
}

// signal sends a signal to the group; one that is gone already is no error.
func (p *process) signal(s syscall.Signal) error {
	if err := syscall.Kill(-p.group, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	return nil
}
