package accesslog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

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

// running returns a Log whose Run ends with the test.
func running(t testing.TB, sink Sink) *Log {
	log := New(sink)
	run(t, log)
	return log
}

// numbered returns an Entry known by its number.
func numbered(n int) *Entry {
	return &Entry{RequestID: strconv.AppendInt(nil, int64(n), 10)}
}

// counts returns the counts of s alone.
func counts(s Stats) [2]uint64 { return [2]uint64{s.Written, s.Dropped} }

func TestALineWaitsASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{room: 1 << 20}
		log := New(d)
		stop := run(t, log)
		time.Sleep(flushEvery / 2)
		log.Log(typical())
		synctest.Wait()
		if got := log.Stats().Written; got != 0 {
			t.Errorf("%d lines written at once", got)
		}
		time.Sleep(flushEvery / 2)
		synctest.Wait()
		if got := log.Stats(); got.Written != 1 || got.Bytes != uint64(d.Len()) || d.Len() == 0 {
			t.Errorf("%+v with %d bytes in the file", got, d.Len())
		}
		stop()
	})
}

func TestManyLinesAreWrittenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{room: 1 << 20}
		log := New(d)
		stop := run(t, log)
		start := time.Now()
		for d.Len() == 0 && log.Stats().Written < 1000 {
			log.Log(typical())
			synctest.Wait()
		}
		if time.Since(start) > 0 || d.Len() < flushSize || d.Len() > flushSize+1024 {
			t.Errorf("%d bytes after %v", d.Len(), time.Since(start))
		}
		stop()
	})
}

func TestWhatWaitsIsWrittenAtTheEnd(t *testing.T) {
	d := &disk{room: 1 << 20}
	log := New(d)
	stop := run(t, log)
	log.Log(numbered(1))
	log.Log(numbered(2))
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	log.Log(numbered(3)) // too late
	if got := counts(log.Stats()); got != [2]uint64{2, 1} || countLines(d.Bytes()) != 2 || !d.closed {
		t.Errorf("written and dropped %v, in the file %q, closed: %v", got, d, d.closed)
	}
}

// stuck is a sink whose writes wait until it is closed.
type stuck struct {
	disk
	until chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.until
	return s.disk.Write(p)
}

// "A full disk costs log lines (counted), never requests."
func TestAStuckSinkCostsLinesAndNeverBlocksLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stuck{disk: disk{room: 1 << 30}, until: make(chan struct{})}
		log := New(s)
		stop := run(t, log)
		const lines = 3 * bufferSize / 500
		start := time.Now()
		for range lines {
			log.Log(typical())
			synctest.Wait() // would deadlock if Log could block
		}
		got := log.Stats()
		if got.Written != 0 || got.Dropped == 0 || time.Since(start) > 0 {
			t.Errorf("%+v after %v", got, time.Since(start))
		}
		if len(log.active) > bufferSize || cap(log.active) != bufferSize {
			t.Errorf("%d of %d bytes buffered", len(log.active), cap(log.active))
		}
		close(s.until)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if got := log.Stats(); got.Written+got.Dropped != lines || got.Written != countLines(s.Bytes()) {
			t.Errorf("%+v of %d lines, %d in the file", got, lines, countLines(s.Bytes()))
		}
	})
}

func TestRunEndsInBoundedTimeThoughTheSinkIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stuck{disk: disk{room: 1 << 30}, until: make(chan struct{})}
		log := New(s)
		stop := run(t, log)
		log.Log(numbered(1))
		time.Sleep(flushEvery) // now 1 is stuck, and 2 waits behind it
		synctest.Wait()
		log.Log(numbered(2))
		start := time.Now()
		if err := stop(); !errors.Is(err, ErrStuck) || time.Since(start) != endWithin {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if got := counts(log.Stats()); got != [2]uint64{0, 1} {
			t.Errorf("written and dropped %v", got)
		}
		close(s.until)
		synctest.Wait()
		if got := counts(log.Stats()); got != [2]uint64{1, 1} || !s.closed {
			t.Errorf("when it came back: written and dropped %v, closed: %v", got, s.closed)
		}
	})
}

func TestAFullDiskIsReportedOnceAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		log := New(d)
		var told []error
		log.Notify = func(err error) { told = append(told, err) }
		stop := run(t, log)
		second := func() {
			log.Log(typical())
			time.Sleep(flushEvery)
			synctest.Wait()
		}
		for range 3 {
			second()
		}
		got := log.Stats()
		if counts(got) != [2]uint64{0, 3} || !errors.Is(got.Failure, syscall.ENOSPC) {
			t.Errorf("full: %+v", got)
		}
		if len(told) != 1 || !errors.Is(told[0], syscall.ENOSPC) {
			t.Errorf("full: told %v", told)
		}
		d.room = 1 << 20
		second()
		second()
		if got := log.Stats(); counts(got) != [2]uint64{2, 3} || got.Failure != nil {
			t.Errorf("room again: %+v", got)
		}
		if len(told) != 2 || told[1] != nil {
			t.Errorf("room again: told %v", told)
		}
		stop()
	})
}

func TestAFailingSinkIsTriedOnceASecondHoweverMuchIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		log := New(d)
		stop := run(t, log)
		log.Log(typical())
		time.Sleep(flushEvery)
		synctest.Wait()
		for range 10 * flushSize / 500 {
			log.Log(typical())
			synctest.Wait()
		}
		if got := log.Stats().Dropped; got != 1 {
			t.Errorf("%d lines dropped before the next second", got)
		}
		stop()
	})
}

func TestReopenComesBeforeTheNextWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{room: 1 << 20}
		log := New(d)
		var told []error
		log.Notify = func(err error) { told = append(told, err) }
		stop := run(t, log)
		log.Log(numbered(1))
		log.Reopen()
		synctest.Wait()
		if d.reopened != 1 || log.Stats().Written != 1 || len(told) != 0 {
			t.Errorf("reopened %d times, %+v, told %v", d.reopened, log.Stats(), told)
		}

		d.noReopen = syscall.EACCES
		log.Log(numbered(2))
		log.Reopen()
		synctest.Wait()
		if got := log.Stats(); got.Written != 2 || got.Failure != nil {
			t.Errorf("the old file isn't kept: %+v", got)
		}
		if len(told) != 1 || !errors.Is(told[0], syscall.EACCES) || !errors.Is(told[0], ErrNotReopened) {
			t.Errorf("told %v", told)
		}

		// It is tried again until the new file is there, or the old one would be
		// removed in time with all that came after.
		time.Sleep(3 * flushEvery)
		synctest.Wait()
		if got := log.Stats(); len(told) != 1 || !errors.Is(got.NotReopened, syscall.EACCES) {
			t.Errorf("%+v, told %v", got, told)
		}
		d.noReopen = nil
		log.Stats() // its lock hands d to Run; sleeping in a bubble does not
		time.Sleep(flushEvery)
		synctest.Wait()
		if got := log.Stats(); d.reopened != 2 || got.NotReopened != nil || len(told) != 2 || told[1] != nil {
			t.Errorf("reopened %d times, %+v, told %v", d.reopened, got, told)
		}
		time.Sleep(2 * flushEvery)
		synctest.Wait()
		if d.reopened != 2 {
			t.Errorf("reopened %d times", d.reopened)
		}
		stop()
	})
}

func TestReopeningTriesAFailingSinkAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		log := New(d)
		stop := run(t, log)
		log.Log(numbered(1))
		time.Sleep(flushEvery)
		synctest.Wait()
		d.room = 1 << 20
		log.Log(numbered(2))
		log.Reopen()
		synctest.Wait()
		if got := log.Stats(); counts(got) != [2]uint64{1, 1} || got.Failure != nil {
			t.Errorf("%+v", got)
		}
		stop()
	})
}

func TestLinesOfManyGoroutinesStayWhole(t *testing.T) {
	const goroutines, each = 8, 500
	d := &disk{room: 1 << 30, step: 1000}
	log := New(d)
	stop := run(t, log)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for n := range each {
				e := typical()
				e.RequestID = fmt.Appendf(nil, "%d-%d", g, n)
				if n%2 == 0 {
					e.Path = []byte("/灯\n")
				}
				log.Log(e)
				if n%100 == 0 {
					log.Reopen()
					log.Stats()
				}
			}
		})
	}
	wg.Wait()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	var last [goroutines]int
	for line := range bytes.Lines(d.Bytes()) {
		var g, n int
		fmt.Sscanf(decode(t, line)["id"].(string), "%d-%d", &g, &n)
		if n < last[g] {
			t.Fatalf("%d-%d after %d", g, n, last[g])
		}
		last[g] = n
	}
	got := log.Stats()
	if got.Written+got.Dropped != goroutines*each || got.Written != countLines(d.Bytes()) {
		t.Errorf("%+v of %d lines, %d in the file", got, goroutines*each, countLines(d.Bytes()))
	}
	if slices.Max(last[:]) == 0 {
		t.Error("nothing written")
	}
}
