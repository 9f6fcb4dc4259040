package dnsapi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

const (
	// commandTimeout is how long a command may run when its options do not say.
	commandTimeout = 2 * time.Minute
	// commandDelay is how long its standard error may stay open after it has
	// ended: a child that it left behind, or that left the group, may hold it.
	commandDelay = 5 * time.Second
)

// CommandOptions say what to run.
type CommandOptions struct {
	// Command is the program and its first arguments. No shell reads them.
	Command []string
	Timeout time.Duration // of one run; 0: 2 minutes
}

// Command is a Provider that runs a command of the user's:
//
//	COMMAND… add NAME VALUE
//	COMMAND… remove NAME VALUE
//
// NAME is the whole name, without a trailing dot, and has only letters, digits,
// hyphens, underscores and dots in it when a Finder placed it. VALUE is the text
// without quotes; it may begin with a hyphen. Both stand in the environment too,
// with the zone: SLUICE_ZONE, SLUICE_NAME, SLUICE_VALUE. The rest of the
// environment is ours, for that is where the command's keys may be.
//
// The command ends with status 0 when the record is there, or gone, however
// often it is run. What it prints to standard output is dropped; the last line
// on standard error becomes the error's. It runs once at a time, so that it may
// change a file without locking it. When it takes too long, or is no longer
// wanted, its whole process group is killed.
type Command struct {
	options CommandOptions // fixed after NewCommand
	turn    chan struct{}  // holds a token while the command runs

	delay time.Duration // that its standard error may stay open; changed by tests
}

// NewCommand returns a Command. It runs nothing; what is wrong with the options
// shows when a record is to be changed.
func NewCommand(o CommandOptions) *Command {
	if o.Timeout <= 0 {
		o.Timeout = commandTimeout
	}
	o.Command = slices.Clone(o.Command)
	return &Command{options: o, turn: make(chan struct{}, 1), delay: commandDelay}
}

// Add runs the command with "add".
func (c *Command) Add(ctx context.Context, r Record) error {
	return c.change(ctx, "add", r)
}

// Remove runs the command with "remove".
func (c *Command) Remove(ctx context.Context, r Record) error {
	return c.change(ctx, "remove", r)
}

func (c *Command) change(ctx context.Context, action string, r Record) error {
	e := &Error{Provider: "exec", Action: action, Record: r}
	if len(c.options.Command) == 0 {
		e.Cause, e.Remedy = errors.New("there is no command"), "say which command to run"
		return e
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		e.Cause = fmt.Errorf("another run of %s was waited for: %w", c.name(), ctx.Err())
		return e
	}
	if e.Cause = c.run(ctx, action, r); e.Cause == nil {
		return nil
	}
	e.Remedy = commandRemedy(e.Cause)
	return e
}

// run runs the command once. The error is in one line.
func (c *Command) run(ctx context.Context, action string, r Record) error {
	within, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	var stderr commandTail
	cmd := c.prepare(within, action, r)
	cmd.Stderr = &stderr
	err := cmd.Run()
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return nil // it ended well; a child it left behind is its own affair
	case ctx.Err() != nil:
		err = ctx.Err()
	case within.Err() != nil:
		err = fmt.Errorf("killed after %v: %w", c.options.Timeout, within.Err())
	}
	if line := stderr.line(); line != "" {
		return fmt.Errorf("%s: %w: %s", c.name(), err, line)
	}
	return fmt.Errorf("%s: %w", c.name(), err)
}

// prepare makes the process the first of a group, so that its children can be
// killed with it. Those that leave the group survive.
func (c *Command) prepare(ctx context.Context, action string, r Record) *exec.Cmd {
	args := slices.Concat(c.options.Command[1:], []string{action, r.Name, r.Value})
	cmd := exec.CommandContext(ctx, c.options.Command[0], args...)
	cmd.Env = append(os.Environ(), "SLUICE_ZONE="+r.Zone, "SLUICE_NAME="+r.Name, "SLUICE_VALUE="+r.Value)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		if syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) != nil {
			return os.ErrProcessDone
		}
		return nil
	}
	cmd.WaitDelay = c.delay
	return cmd
}

// name is the program without its folder and arguments: those may hold secrets.
func (c *Command) name() string { return filepath.Base(c.options.Command[0]) }

// commandRemedy is what a person can do about cause.
func commandRemedy(cause error) string {
	var exit *exec.ExitError
	switch {
	case errors.Is(cause, context.Canceled):
		return ""
	case errors.Is(cause, context.DeadlineExceeded):
		return "see what the command waits for, or give it more time"
	case errors.Is(cause, fs.ErrNotExist), errors.Is(cause, exec.ErrNotFound):
		return "check the command's path, and the interpreter in its first line"
	case errors.Is(cause, fs.ErrPermission):
		return "make the file executable for the user that sluice runs as"
	case errors.Is(cause, syscall.ENOEXEC):
		return "say the interpreter in the file's first line, such as #!/bin/sh"
	case errors.As(cause, &exit):
		return "run the command by hand and see what it prints"
	}
	return ""
}
