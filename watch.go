package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"sluice/server"
)

// Control sequences of a terminal. A frame is written over the one before, so
// that nothing flickers; what was on the window comes back at the end.
const (
	otherScreen = "\x1b[?1049h\x1b[?25l"
	formerOne   = "\x1b[?25h\x1b[?1049l"
	frameBegin  = "\x1b[?2026h\x1b[H"
	lineEnd     = "\x1b[K"
	frameEnd    = "\x1b[J\x1b[?2026l"
)

// askPatience is how long a frame waits for its numbers.
const askPatience = 3 * time.Second

// watch shows a Status again and again.
type watch struct {
	terminal terminal
	every    time.Duration
	ask      func(context.Context) (*server.Status, error)
	pool     string
	lately   queues // nil: of each look by itself
}

// untilSignal shows it until the context or a signal ends it, and leaves the
// terminal as it was.
func (w watch) untilSignal(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if w.terminal.window == nil {
		return w.blocks(ctx)
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGWINCH, syscall.SIGTSTP)
	defer signal.Stop(signals)
	if _, err := io.WriteString(w.terminal.out, otherScreen); err != nil {
		return err
	}
	defer io.WriteString(w.terminal.out, formerOne)
	return w.frames(ctx, signals)
}

// frames draws on the window until ctx ends.
func (w watch) frames(ctx context.Context, signals <-chan os.Signal) error {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for {
		status, err := w.look(ctx)
		for next := false; !next; {
			if ctx.Err() != nil {
				return nil
			}
			if err := w.draw(status, err); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
			case sig := <-signals: // the same again, as the window is now
				if sig == syscall.SIGTSTP {
					w.pause()
				}
			case <-tick.C:
				next = true
			}
		}
	}
}

// pause does what ^Z asks for, with the terminal as it was.
func (w watch) pause() {
	io.WriteString(w.terminal.out, formerOne)
	syscall.Kill(syscall.Getpid(), syscall.SIGSTOP)
	io.WriteString(w.terminal.out, otherScreen)
}

// look asks, with less patience than a person.
func (w watch) look(ctx context.Context) (*server.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	status, err := w.ask(ctx)
	if err == nil && w.lately != nil {
		w.lately.note(status)
		arrange(status, w.lately)
	}
	return status, err
}

// draw draws one frame.
func (w watch) draw(status *server.Status, why error) error {
	width, height := w.terminal.size()
	width-- // a line that ends at the edge would lose its last character
	_, err := io.WriteString(w.terminal.out, frame(w.fitting(status, why, width, height), w.terminal.colour))
	return err
}

// frame returns what to write for a window to show lines, and no others.
func frame(s *sheet, colour bool) string {
	var b strings.Builder
	b.WriteString(frameBegin)
	for i, l := range s.lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		writeLine(&b, l, colour)
		b.WriteString(lineEnd)
	}
	b.WriteString(frameEnd)
	return b.String()
}

// fitting returns what fits into a window. Problems get a third of it first, and
// Pools a line each of an eighth. Then all get rows in turn as long as there is
// room for more; what is too much even without them is left out at the end.
func (w watch) fitting(status *server.Status, why error, width, height int) *sheet {
	if why != nil {
		s := &sheet{width: width}
		s.paragraph(part{"error: ", bad}, why.Error())
		s.paragraph(part{}, "It is asked again every second; ^C ends this.")
		return s.first(height)
	}
	v := view{Status: status, width: width, pool: w.pool, lately: w.lately}
	v.most[problemLines] = v.problemsWithin(height / 3)
	v.most[poolLines] = max(height/8, 1)
	best := v.sheet()
	var full [sections]bool // there is no room for more
	for _, most := range []int{1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100} {
		for section, had := range v.most {
			if full[section] || had >= most || best.left == 0 {
				continue
			}
			v.most[section] = most
			s := v.sheet()
			if full[section] = len(s.lines) > height; full[section] {
				v.most[section] = had
				continue
			}
			best = s
		}
	}
	return best.first(height)
}

// problemsWithin returns how many Problems so many lines have room for, at least
// one and no more than are shown where there is no window.
func (v view) problemsWithin(lines int) int {
	n := min(len(v.Problems), standardRows()[problemLines])
	for ; n > 1; n-- {
		s := &sheet{width: v.width}
		v.most[problemLines] = n
		if v.health(s); len(s.lines) <= lines {
			break
		}
	}
	return n
}

// first returns the first lines of a sheet, as many as a window has; 0: all.
func (s *sheet) first(height int) *sheet {
	if height <= 0 || len(s.lines) <= height {
		return s
	}
	cropped := &sheet{width: s.width, lines: s.lines[: height-1 : height-1]}
	cropped.line(part{fmt.Sprintf("... and %d more lines", len(s.lines)-height+1), faint})
	return cropped
}

// blocks prints one block a second, with an empty line between two.
func (w watch) blocks(ctx context.Context) error {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for {
		status, err := w.look(ctx)
		if ctx.Err() != nil {
			return nil
		}
		s := w.block(status, err)
		s.lines = append(s.lines, nil)
		if err := s.printTo(w.terminal.out, w.terminal.colour); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// block is a frame where there is no window.
func (w watch) block(status *server.Status, why error) *sheet {
	if why != nil {
		return w.fitting(nil, why, 0, 0)
	}
	return view{Status: status, most: standardRows(), pool: w.pool, lately: w.lately}.sheet()
}
