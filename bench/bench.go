package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// warmUp is how long load runs before a measurement begins.
const warmUp = time.Second

// bench is everything one run of the program holds. Fixed after prepare.
type bench struct {
	options
	dir      string // temporary folder, removed at the end
	root     string // the checkout
	machine  machine
	versions []version
	cert     certificate
	tools    tools
	started  time.Time
	commit   string
	sluice   sluiceBinary
}

// prepare finds the tools, reads the machine and makes the temporary folder.
func prepare(ctx context.Context, o options) (*bench, error) {
	t, err := findTools()
	if err != nil {
		return nil, err
	}
	m, err := readMachine()
	if err != nil {
		return nil, err
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(temporaryRoot(), "sluice-bench-")
	if err != nil {
		return nil, fmt.Errorf("temporary folder: %w", err)
	}
	b := &bench{options: o, dir: dir, root: root, machine: m, tools: t, started: time.Now()}
	if err := b.fill(ctx); err != nil {
		b.remove()
		return nil, err
	}
	return b, nil
}

// temporaryRoot is where the temporary folder goes: into memory, so that a slow
// disk does not stall proxies that write logs, unless TMPDIR says otherwise.
func temporaryRoot() string {
	const memory, enough = "/dev/shm", 1 << 30
	var fs syscall.Statfs_t
	if os.Getenv("TMPDIR") == "" && syscall.Statfs(memory, &fs) == nil && fs.Bavail*uint64(fs.Bsize) >= enough {
		return memory
	}
	return os.TempDir()
}

// fill puts into the temporary folder what every work needs.
func (b *bench) fill(ctx context.Context) error {
	var err error
	if b.cert, err = writeCertificate(b.dir); err != nil {
		return err
	}
	if err := writeWrkFiles(b.dir); err != nil {
		return err
	}
	b.sluice = findSluice(ctx, b.root, b.dir, b.options.sluice)
	b.commit = readCommit(ctx, b.root)
	b.versions = readVersions(ctx, b.tools, b.sluice)
	if b.sluice.path == "" {
		b.say("Sluice is not measured: %s", b.sluice.missing)
	}
	return b.stepAside(ctx)
}

// stepAside moves this program off the cores that proxies are pinned to, so
// that its own threads never run there.
func (b *bench) stepAside(ctx context.Context) error {
	return b.moveTo(ctx, layoutFor(b.machine.cores, 1).load)
}

// moveTo pins this program.
func (b *bench) moveTo(ctx context.Context, pin cores) error {
	out, err := exec.CommandContext(ctx, b.tools.taskset, "-a", "-c", "-p", pin.String(), strconv.Itoa(os.Getpid())).CombinedOutput()
	if err != nil {
		return fmt.Errorf("taskset of the bench itself: %w: %s", err, out)
	}
	return nil
}

// remove deletes the temporary folder.
func (b *bench) remove() {
	if err := os.RemoveAll(b.dir); err != nil {
		b.say("remove the temporary folder: %v", err)
	}
}

// say prints a line of progress.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

// length is how long one measurement lasts.
func (b *bench) length() time.Duration {
	return time.Duration(b.seconds) * time.Second
}

// resultsPath is where the report is saved.
func (b *bench) resultsPath() string {
	if b.out != "" {
		return b.out
	}
	name := b.started.Format("2006-01-02-1504") + "-" + b.commit
	if b.cacheTests {
		name += "-cache-tests"
	}
	return filepath.Join(b.root, "bench", "results", name+".md")
}
