package dnsapi

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestCommandItself is no test: it is the command that the tests run, this very
// program. Its arguments say what to do.
func TestCommandItself(t *testing.T) {
	args := flag.Args()
	if len(args) == 0 {
		t.Skip("run by other tests")
	}
	switch args[0] {
	case "write":
		fmt.Println("this is dropped")
		text := strings.Join(args[2:], " ") + "\n"
		for _, name := range []string{"SLUICE_ZONE", "SLUICE_NAME", "SLUICE_VALUE", "OF_THE_PARENT"} {
			text += name + "=" + os.Getenv(name) + "\n"
		}
		if err := os.WriteFile(args[1], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		os.Exit(0)
	case "fail":
		fmt.Println("not this")
		fmt.Fprint(os.Stderr, args[1])
		os.Exit(3)
	case "flood":
		chunk := bytes.Repeat([]byte("0123456789abcde\n"), 1<<16)
		for range 1 << 10 {
			os.Stdout.Write(chunk)
			os.Stderr.Write(chunk)
		}
		fmt.Fprintln(os.Stderr, "the end")
		os.Exit(1)
	case "orphan":
		commandChild("hang", args[1])
		os.Exit(0)
	case "family":
		commandChild("hang", args[1])
		fmt.Fprintln(os.Stderr, "waiting for the child")
		commandHang(args[1])
	case "hang":
		commandHang(args[1])
	}
}

// commandChild runs this program once more, which goes on to hold our standard
// error.
func commandChild(args ...string) {
	child := exec.Command(os.Args[0], append([]string{"-test.run=^TestCommandItself$", "--"}, args...)...)
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		os.Exit(9)
	}
}

// commandHang connects to address and waits for something to come from there.
func commandHang(address string) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		os.Exit(8)
	}
	conn.Read(make([]byte, 1))
	os.Exit(0)
}

// commandItself is a Command that runs this program with those arguments.
func commandItself(timeout time.Duration, args ...string) *Command {
	return NewCommand(CommandOptions{
		Command: append([]string{os.Args[0], "-test.run=^TestCommandItself$", "--"}, args...),
		Timeout: timeout,
	})
}

func commandRecord() Record {
	return Record{Zone: "example.com", Name: "_acme-challenge.shop.example.com", Value: "-proof; $(id)"}
}

func TestCommandIsGivenTheRecord(t *testing.T) {
	t.Setenv("OF_THE_PARENT", "kept")
	for action, do := range map[string]func(*Command, context.Context, Record) error{"add": (*Command).Add, "remove": (*Command).Remove} {
		file := filepath.Join(t.TempDir(), "out")
		if err := do(commandItself(0, "write", file), t.Context(), commandRecord()); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := action + ` _acme-challenge.shop.example.com -proof; $(id)
SLUICE_ZONE=example.com
SLUICE_NAME=_acme-challenge.shop.example.com
SLUICE_VALUE=-proof; $(id)
OF_THE_PARENT=kept
`
		if string(got) != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}

func TestCommandSaysWhyItFailed(t *testing.T) {
	for _, tt := range []struct{ stderr, want string }{
		{"first\nlast words\n\n \n", "exit status 3: last words"},
		{"", "exit status 3"},
		{"\x1b[31mred\x1b[0m\ttext\a\u202e\xff", "exit status 3: [31mred[0m text"},
		{strings.Repeat("ü", 150), "exit status 3: " + strings.Repeat("ü", 100)},
	} {
		c := commandItself(0, "fail", tt.stderr)
		err := c.Add(t.Context(), commandRecord())
		var failed *Error
		if !errors.As(err, &failed) {
			t.Fatalf("got %v", err)
		}
		want := c.name() + ": " + tt.want
		if got := failed.Cause.Error(); got != want {
			t.Errorf("%q: got %q, want %q", tt.stderr, got, want)
		}
		if failed.Provider != "exec" || failed.Action != "add" || failed.Record != commandRecord() || failed.Remedy == "" {
			t.Errorf("got %+v", failed)
		}
	}
}

func TestCommandThatPrintsAGibibyteIsNotKept(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := commandItself(0, "flood").Add(t.Context(), commandRecord())
	runtime.ReadMemStats(&after)
	if err == nil || !strings.HasSuffix(err.Error(), "exit status 1: the end") {
		t.Errorf("got %v", err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var all bytes.Buffer
	var tail commandTail
	for i := range 300 {
		p := bytes.Repeat([]byte{byte('a' + i%26)}, i*i%6000)
		all.Write(p)
		if n, err := tail.Write(p); n != len(p) || err != nil {
			t.Fatalf("got %d, %v", n, err)
		}
		want := all.Bytes()[max(0, all.Len()-commandOutput):]
		if !bytes.Equal(tail.kept, want) {
			t.Fatalf("after %d writes: kept %d bytes, want the last %d", i+1, len(tail.kept), len(want))
		}
	}
}

// commandLines is where commands that hang connect to.
func commandLines(t *testing.T) (lines net.Listener, accept func() net.Conn) {
	t.Helper()
	lines, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lines.Close() })
	return lines, func() net.Conn {
		conn, err := lines.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
}

func TestCommandIsKilledWithItsChildren(t *testing.T) {
	lines, accept := commandLines(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- commandItself(0, "family", lines.Addr().String()).Remove(ctx, commandRecord()) }()
	first, second := accept(), accept() // both hang now
	cancel()
	err := <-ended
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "waiting for the child") {
		t.Errorf("got %v", err)
	}
	for _, conn := range []net.Conn{first, second} {
		if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("got %d, %v from a process that should be dead", n, err)
		}
	}
}

func TestCommandIsKilledWhenItTakesTooLong(t *testing.T) {
	lines, _ := commandLines(t) // nobody ever answers
	err := commandItself(50*time.Millisecond, "hang", lines.Addr().String()).Add(t.Context(), commandRecord())
	var failed *Error
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "killed after 50ms") || failed.Remedy == "" {
		t.Errorf("got %v", err)
	}
}

// What a command leaves behind on purpose is not its failure, although it holds
// our end of the standard error.
func TestCommandMayLeaveAChildBehind(t *testing.T) {
	lines, accept := commandLines(t)
	c := commandItself(0, "orphan", lines.Addr().String())
	c.delay = time.Millisecond
	if err := c.Add(t.Context(), commandRecord()); err != nil {
		t.Error(err)
	}
	if _, err := accept().Write([]byte("x")); err != nil { // and ends it
		t.Error(err)
	}
}

func TestCommandRunsOnceAtATime(t *testing.T) {
	lines, accept := commandLines(t)
	c := commandItself(0, "hang", lines.Addr().String())
	ended := make(chan error, 2)
	go func() { ended <- c.Add(t.Context(), commandRecord()) }()
	conn := accept()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Add(ctx, commandRecord()); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "another run") {
		t.Errorf("a second run: got %v", err)
	}
	go func() { ended <- c.Remove(t.Context(), commandRecord()) }()
	io.WriteString(conn, "x")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	io.WriteString(accept(), "x")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestCommandThatCannotBeStarted(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const secret = "a-token-on-the-command-line"
	for _, tt := range []struct {
		what, want, remedy string
		command            []string
	}{
		{"none", "no command", "which command", nil},
		{"missing", "no such file", "path", []string{filepath.Join(dir, "missing"), secret}},
		{"not in PATH", "not found", "path", []string{"no-such-command-of-sluice", secret}},
		{"not executable", "permission denied", "executable", []string{write("plain", "#!/bin/sh\n", 0o600), secret}},
	} {
		err := NewCommand(CommandOptions{Command: tt.command}).Add(t.Context(), commandRecord())
		var failed *Error
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(failed.Remedy, tt.remedy) {
			t.Errorf("%s: got %v (%+v)", tt.what, err, failed)
		}
		if strings.Contains(fmt.Sprint(err), secret) {
			t.Errorf("%s: %v tells an argument", tt.what, err)
		}
	}
}

func FuzzCommandShown(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b[2J\xff\u202e" + strings.Repeat("ü", 120))
	f.Fuzz(func(t *testing.T, text string) {
		var tail commandTail
		io.WriteString(&tail, text)
		line := tail.line()
		if len(line) > commandLine || !utf8.ValidString(line) || strings.ContainsAny(line, "\n\r\t\x1b\x00\x7f") {
			t.Errorf("%q is shown as %q", text, line)
		}
	})
}
