package errorlog

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait for the real world.
const patience = 20 * time.Second

// paper is a stderr that can be read.
type paper struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.Write(b)
}

func (p *paper) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.String()
}

func (p *paper) lines() int { return strings.Count(p.text(), "\n") }

// last returns the last line without its time.
func (p *paper) last() string {
	lines := strings.Split(strings.TrimSuffix(p.text(), "\n"), "\n")
	_, line, _ := strings.Cut(lines[len(lines)-1], " ")
	return line
}

// onPaper returns a Log that writes to a paper, and what tells it.
func onPaper(o Options) (*Log, *paper, *slog.Logger) {
	p := &paper{}
	o.Stderr = p
	if o.Causes == nil {
		o.Causes = []string{"pool", "upstream"}
	}
	log := New(o)
	return log, p, slog.New(log.Handler())
}

// run runs log and returns what ends it and gives Run's result. The test ends
// it if nobody did.
func run(t testing.TB, log *Log) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- log.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { stop() })
	return stop
}

// until polls for a condition of the real world.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// "Before Run, and after it, lines are written at once."
func TestLinesAreWrittenAtOnceWithoutRun(t *testing.T) {
	log, p, slog := onPaper(Options{})
	slog.Info("before", "pool", "app")
	if got := p.last(); got != "level=INFO msg=before pool=app" {
		t.Errorf("before Run: %q", got)
	}
	if err := run(t, log)(); err != nil {
		t.Error(err)
	}
	slog.Info("after")
	if got := p.last(); got != "level=INFO msg=after" {
		t.Errorf("after Run: %q", got)
	}
	if n := log.Stats(); n.Written != 2 || n.Dropped != 0 || n.HeldBack != 0 {
		t.Errorf("%+v", n)
	}
}

func TestRunWritesInOrder(t *testing.T) {
	log, p, slog := onPaper(Options{Causes: []string{"n"}})
	stop := run(t, log)
	for n := range 100 {
		slog.Warn("told", "n", n)
	}
	until(t, "all lines are written", func() bool { return p.lines() == 100 })
	if err := stop(); err != nil {
		t.Error(err)
	}
	n := 0
	for line := range strings.Lines(p.text()) {
		if want := "msg=told n=" + itoa(n) + "\n"; !strings.HasSuffix(line, want) {
			t.Errorf("line %d is %q", n, line)
		}
		n++
	}
}

func TestJSONIsOneObjectALine(t *testing.T) {
	_, p, slog := onPaper(Options{JSON: true})
	slog.Error("bad\nnews", "pool", "a\"b", "why", errors.New("c\nd"))
	if got := p.text(); !strings.Contains(got, `"level":"ERROR","msg":"bad\nnews","pool":"a\"b","why":"c\nd"}`) || p.lines() != 1 {
		t.Errorf("%q", got)
	}
}

// Attributes given by With, and groups, are as slog has them.
func TestWithAndGroups(t *testing.T) {
	_, p, slog := onPaper(Options{})
	one := slog.With("pool", "a")
	two := slog.With("pool", "b").WithGroup("g").With("x", 1)
	for range burst + 5 {
		one.Info("same")
	}
	if got := p.lines(); got != burst {
		t.Errorf("%d lines of one pool, want %d", got, burst)
	}
	two.Info("same", "y", 2)
	if got := p.last(); got != "level=INFO msg=same pool=b g.x=1 g.y=2" {
		t.Errorf("%q", got)
	}
}

func TestLongTextIsCut(t *testing.T) {
	_, p, slog := onPaper(Options{})
	long := strings.Repeat("x", maxValue+1)
	names := make([]string, maxValue)
	slog.Error(long, "text", long, "why", errors.New(long), "names", names, "whole", long[:maxValue])
	if got := len(p.text()); got > 5*maxValue+500 || p.lines() != 1 {
		t.Errorf("%d lines of %d bytes", p.lines(), got)
	}
	if n := strings.Count(p.text(), "... (8193 bytes)"); n != 4 {
		t.Errorf("%d texts are marked as cut, want 4", n)
	}
	slog.Error("灯", "text", strings.Repeat("灯", maxValue))
	if strings.ContainsAny(p.last(), "\\\uFFFD") {
		t.Error("a character is cut in two")
	}
}

func TestDebugIsNotTold(t *testing.T) {
	_, p, slog := onPaper(Options{})
	slog.Debug("quiet")
	if p.text() != "" {
		t.Errorf("%q", p.text())
	}
}
