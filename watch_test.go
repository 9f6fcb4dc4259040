package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sluice/server"
)

// "when stdout is no terminal: one plain block a second separated by a blank
// line". One that cannot be asked is told of, and does not end it.
func TestWatchPrintsABlockASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		var out strings.Builder
		asked := 0
		w := watch{terminal: terminal{out: &out}, every: time.Second, ask: func(context.Context) (*server.Status, error) {
			if asked++; asked == 2 {
				return nil, errors.New("sluice does not answer\x1b[2J")
			}
			return wellStatus(), nil
		}}
		if err := w.blocks(ctx); err != nil {
			t.Fatal(err)
		}
		if asked != 4 {
			t.Errorf("asked %d times in 3.5 s", asked)
		}
		well := printed(view{Status: wellStatus(), most: standardRows()}.sheet(), false)
		const ill = "error: sluice does not answer?[2J\nIt is asked again every second; ^C ends this.\n"
		if want := well + "\n" + ill + "\n" + well + "\n" + well + "\n"; out.String() != want {
			t.Errorf("got\n%s", out.String())
		}
	})
}

// A Sluice that hangs does not keep ^C from ending it.
func TestWatchEndsWhileItAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		w := watch{terminal: terminal{out: &out}, every: time.Second, ask: func(ctx context.Context) (*server.Status, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		ctx, cancel := context.WithTimeout(t.Context(), askPatience+time.Second/2)
		defer cancel()
		began := time.Now()
		if err := w.frames(ctx, nil); err != nil || time.Since(began) != askPatience+time.Second/2 {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if n := strings.Count(out.String(), frameBegin); n != 1 {
			t.Errorf("%d frames, want one that says that there is no answer", n)
		}
	})
}

func TestWatchDrawsAnewWhenItsWindowChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		asked := 0
		w := watch{terminal: terminal{out: &out}, every: time.Second, ask: func(context.Context) (*server.Status, error) {
			asked++
			return wellStatus(), nil
		}}
		ctx, cancel := context.WithCancel(t.Context())
		signals := make(chan os.Signal)
		go func() {
			signals <- syscall.SIGWINCH
			synctest.Wait() // it has drawn
			cancel()
		}()
		if err := w.frames(ctx, signals); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), frameBegin); n != 2 || asked != 1 {
			t.Errorf("%d frames of %d answers, want 2 of 1", n, asked)
		}
	})
}

func TestAFrameFitsIntoItsWindow(t *testing.T) {
	s := illStatus()
	for range 40 {
		s.Pools = append(s.Pools, s.Pools[0])
		s.Events = append(s.Events, s.Events[0])
	}
	for _, status := range []*server.Status{wellStatus(), illStatus(), s} {
		for height := 1; height < 120; height += 1 + height/6 {
			for _, width := range []int{1, 2, 7, 20, 40, 79, 80, 132, 300} {
				got := watch{}.fitting(status, nil, width, height)
				if len(got.lines) > height {
					t.Fatalf("%d lines in a window of %d", len(got.lines), height)
				}
				for _, l := range got.lines {
					n := 0
					for _, p := range l {
						n += columns(p.text)
					}
					if n > width {
						t.Fatalf("%d columns in a window of %d: %q", n, width, l)
					}
				}
			}
		}
	}
	// A large window has all rows, a small one those that matter most.
	all := printed(watch{}.fitting(illStatus(), nil, 132, 100), false)
	if !strings.Contains(all, "The configuration was reloaded") || strings.Contains(all, "more") {
		t.Errorf("in a large window\n%s", all)
	}
	if n := len((watch{}).fitting(s, nil, 132, 300).lines); n < 290 {
		t.Errorf("%d lines of a window of 300 are used, and there is more to show", n)
	}
	few := printed(watch{}.fitting(illStatus(), nil, 80, 30), false)
	if !strings.HasPrefix(few, "error: Pool app") || !strings.Contains(few, "Pool app: 0 of 3") {
		t.Errorf("in a small window\n%s", few)
	}
}

// "no flicker": a frame overwrites the one before and clears only what is left.
func TestAFrameClearsWhatItDoesNotWrite(t *testing.T) {
	s := &sheet{}
	s.line(part{"all is well", good})
	s.line(text("second"))
	const want = frameBegin + "\x1b[32mall is well\x1b[0m" + lineEnd + "\r\nsecond" + lineEnd + frameEnd
	if got := frame(s, true); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
