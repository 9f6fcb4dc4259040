package cachesuite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// mostPrinted bounds what is kept of a program's output. The suite's
	// results and cases take less than a megabyte.
	mostPrinted = 8 << 20
	// killGrace is how long a killed program's output may stay open.
	killGrace = 3 * time.Second
)

// printed keeps the first bytes that a program prints, and forgets the rest.
type printed struct {
	mu   sync.Mutex
	kept bytes.Buffer
	lost bool
	look func(string) bool // at the text so far, after each write until it reports true; nil: nobody looks
}

// Write never fails, so that a program which prints too much can end.
func (p *printed) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	room := min(len(data), mostPrinted-p.kept.Len())
	p.kept.Write(data[:room])
	p.lost = p.lost || room < len(data)
	if p.look != nil && p.look(p.kept.String()) {
		p.look = nil
	}
	return len(data), nil
}

// text is what was kept.
func (p *printed) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept.String()
}

// tail is the end of it, for an error.
func (p *printed) tail() string {
	const most = 1500
	text := strings.TrimSpace(p.text())
	if len(text) > most {
		text = "..." + text[len(text)-most:]
	}
	return text
}

// program is a command in a process group of its own: when ctx ends, all that
// it has started is killed with it.
func program(ctx context.Context, dir, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		return nil
	}
	cmd.WaitDelay = killGrace
	return cmd
}

// runToEnd runs a program and returns what it prints to stdout.
func runToEnd(ctx context.Context, cmd *exec.Cmd) (string, error) {
	var stdout, stderr printed
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return "", fmt.Errorf("%s was not at its end in time: %w", cmd.Path, ctx.Err())
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w; it printed:\n%s\n%s", cmd.Path, err, stdout.tail(), stderr.tail())
	}
	if stdout.lost {
		return "", fmt.Errorf("%s printed more than %d bytes", cmd.Path, mostPrinted)
	}
	return stdout.text(), nil
}

// suiteEnvironment is what the suite's programs get: the variables by which
// npm would hand them its options, and nothing of ours that could lead them
// through a proxy.
func suiteEnvironment(options map[string]string) []string {
	list := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for name, value := range options {
		list = append(list, "npm_config_"+name+"="+value, "npm_package_config_"+name+"="+value)
	}
	return list
}
