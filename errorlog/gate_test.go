package errorlog

import (
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// "What is alike has ten lines a minute, and one when it was more in the minute
// before. How many lines were held back stands in a line at the end."
func TestAFloodOfOneCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, p, errlog := onPaper(Options{})
		stop := run(t, log)
		flood := func(n int) {
			for range n {
				errlog.Warn("upstream is out", "pool", "app", "upstream", "a:1", "why", "refused")
			}
			synctest.Wait()
		}
		const held = `level=WARN msg="more like this was held back" like="upstream is out" pool=app upstream=a:1 lines=`
		for _, tt := range []struct {
			name       string
			n          int
			now, later int    // lines at once, and at the end of the minute
			sum        string // the last one of them
		}{
			{"within the burst", burst, burst, burst, ""},
			{"beyond it", 1000, burst, burst + 1, held + "990 within=1m0s"},
			{"again", 1000, 1, 2, held + "999 within=1m0s"},
			{"a single one", 1, 1, 1, ""},
			{"after a quiet minute", burst + 1, burst, burst + 1, held + "1 within=1m0s"},
			{"in each other minute", 2, 1, 2, held + "1 within=1m0s"},
		} {
			before := p.lines()
			flood(tt.n)
			if got := p.lines() - before; got != tt.now {
				t.Errorf("%s: %d lines at once, want %d", tt.name, got, tt.now)
			}
			time.Sleep(window)
			synctest.Wait()
			if got := p.lines() - before; got != tt.later {
				t.Errorf("%s: %d lines after a minute, want %d", tt.name, got, tt.later)
			}
			if tt.sum != "" && p.last() != tt.sum {
				t.Errorf("%s: the last line is\n%s\nwant\n%s", tt.name, p.last(), tt.sum)
			}
		}
		time.Sleep(window + time.Second)
		before := p.lines()
		if flood(burst); p.lines()-before != burst {
			t.Errorf("%d lines long after, want %d", p.lines()-before, burst)
		}
		if n := log.Stats(); n.HeldBack != 990+999+1+1 || n.Written != uint64(p.lines()) {
			t.Errorf("%+v with %d lines", n, p.lines())
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestAMillionOfOneCause(t *testing.T) {
	log, p, errlog := onPaper(Options{})
	stop := run(t, log)
	for range 1_000_000 {
		errlog.Error("internal error, one connection was cut; please report this", "stack", "x")
	}
	stop()
	if p.lines() >= 100 || !strings.Contains(p.text(), "lines=") {
		t.Errorf("%d lines", p.lines())
	}
	if n := log.Stats(); n.Written-countLines([]byte(p.text())) != 0 || n.Dropped != 0 {
		t.Errorf("%+v with %d lines", n, p.lines())
	}
}

// "All together have 200 [...], and the first line of each message comes in any
// case." Memory is bounded, too.
func TestAFloodOfDistinctCauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, p, errlog := onPaper(Options{})
		stop := run(t, log)
		before := heap()
		const n = 100_000
		for i := range n {
			errlog.Warn("upstream is out", "pool", "app", "upstream", fmt.Sprint("host", i, strings.Repeat("x", 500)))
		}
		errlog.Info("something else")
		synctest.Wait()
		if got := p.lines(); got != most+1 || !strings.Contains(p.last(), "something else") {
			t.Errorf("%d lines, want %d; the last is %s", got, most+1, p.last())
		}
		if got := heap() - before; got > 1<<20 {
			t.Errorf("%d bytes of memory", got)
		}
		time.Sleep(window)
		synctest.Wait()
		sums := strings.Split(strings.TrimSpace(p.text()), "\n")[most+1:]
		if len(sums) != maxSums || !strings.Contains(sums[0], `like="upstream is out" lines=99744 `) ||
			!strings.HasSuffix(sums[maxSums-1], `level=WARN msg="lines of other causes were held back" causes=38 lines=38 within=1m0s`) {
			t.Errorf("%d lines in the end:\n%s", len(sums), strings.Join(sums, "\n"))
		}
		if got := log.Stats().HeldBack; got != n-most {
			t.Errorf("%d held back, want %d", got, n-most)
		}
		stop()
	})
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// "errors of other causes 100 beside those": the first of each.
func TestErrorsPassWhereWarningsDoNot(t *testing.T) {
	_, p, errlog := onPaper(Options{})
	fill := func(level slog.Level) int {
		before := p.lines()
		for i := range 500 {
			errlog.Log(t.Context(), level, "told", "upstream", i)
			errlog.Log(t.Context(), level, "told", "upstream", i)
		}
		return p.lines() - before
	}
	if got := fill(slog.LevelWarn); got != most {
		t.Errorf("%d warnings, want %d", got, most)
	}
	before := p.lines()
	errlog.Error("other", "upstream", 1)
	errlog.Error("other", "upstream", 2)
	errlog.Error("other", "upstream", 2)
	errlog.Warn("other", "upstream", 3)
	if got := p.lines() - before; got > 2 || got < 1 {
		t.Errorf("%d of others, want the first errors only", got)
	}
}

// Messages are words of the program; whatever they are, they are bounded.
func TestAFloodOfMessages(t *testing.T) {
	log, p, errlog := onPaper(Options{})
	long := strings.Repeat("message", 100)
	for i := range 10_000 {
		errlog.Warn(fmt.Sprint(i, long), "pool", long, "pool", long, "pool", long)
	}
	if got := p.lines(); got > most+maxKinds+1 || got < most {
		t.Errorf("%d lines", got)
	}
	for message, kind := range log.gate.kinds {
		if len(message) > maxTelling+20 || len(kind.attrs) > maxAttrs {
			t.Errorf("%d bytes, %d attributes are kept", len(message), len(kind.attrs))
		}
	}
	if len(log.gate.kinds) > maxKinds || len(log.gate.causes) > maxCauses {
		t.Errorf("%d kinds, %d causes", len(log.gate.kinds), len(log.gate.causes))
	}
}

// What was held back is told at the end of Run, too, and before the next line
// where Run does not run.
func TestSumsAreToldInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, p, errlog := onPaper(Options{})
		for range burst + 3 {
			errlog.Warn("told")
		}
		time.Sleep(window)
		errlog.Warn("other")
		lines := strings.Split(p.text(), "\n")
		if len(lines) != burst+3 || !strings.Contains(lines[burst], "like=told lines=3 within=1m0s") || !strings.Contains(lines[burst+1], "msg=other") {
			t.Errorf("without Run:\n%s", p.text())
		}
		stop := run(t, log)
		synctest.Wait()
		for range 5 {
			errlog.Warn("told")
		}
		time.Sleep(10 * time.Second)
		stop()
		if !strings.Contains(p.last(), "like=told lines=4 within=10s") {
			t.Errorf("at the end: %s", p.last())
		}
	})
}

// A Log that nobody tells anything sleeps.
func TestNothingIsToldOfSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, p, _ := onPaper(Options{})
		stop := run(t, log)
		time.Sleep(time.Hour)
		stop()
		if p.text() != "" {
			t.Errorf("%q", p.text())
		}
	})
}

func BenchmarkHeldBack(b *testing.B) {
	_, _, errlog := onPaper(Options{})
	b.ReportAllocs()
	for b.Loop() {
		errlog.Warn("upstream is out", "pool", "app", "upstream", "10.0.0.2:3001", "why", "refused")
	}
}
