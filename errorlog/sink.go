package errorlog

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"syscall"

	"sluice/logfile"
)

// maxEarly bounds the lines that are kept for a file which is not open yet.
const maxEarly = 64 << 10

// sink is where lines go: a file, and stderr where there is none or while it
// fails.
type sink struct {
	path   string // "": there is no file
	stderr io.Writer
	// journal: stderr is systemd's journal, and takes a priority before a line.
	journal bool
	say     func(level slog.Level, message string, args ...any) []byte

	file io.WriteCloser // nil: not open
	dup  *os.File       // of the process's stderr; nil: none
	torn bool           // the file does not end with a line's end

	anew bool // it was deleted and made anew, which is not told yet

	opened bool   // open was called
	early  []byte // lines from before it, for the file; stderr has them, too

	failing bool   // the file did not take the last line
	missed  uint64 // lines that went to stderr since it fails
}

// outcome is what became of lines.
type outcome struct {
	written, dropped uint64
	err              error
}

// open opens the file, and what stderr is if it is that of the process: when
// the reader of a pipe goes away, a write to descriptor 2 itself would end the
// process with SIGPIPE (see os/signal), one to any other number is an error.
func (s *sink) open(ownStderr bool) error {
	if s.path != "" {
		f, torn, err := logfile.Open(s.path)
		if err != nil {
			return err
		}
		s.file, s.torn = f, torn
	}
	s.opened = true
	if s.file != nil && len(s.early) > 0 {
		s.write(s.early)
	}
	s.early = nil
	if !ownStderr {
		return nil
	}
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := syscall.Dup(syscall.Stderr)
	if err != nil {
		s.close()
		return fmt.Errorf("open stderr: %w", err)
	}
	syscall.CloseOnExec(fd)
	s.dup = os.NewFile(uintptr(fd), "stderr")
	s.stderr = s.dup
	return nil
}

// close closes what open has opened. Lines go to stderr from then on.
func (s *sink) close() {
	if s.file != nil {
		s.file.Close() // every byte is with the kernel already
		s.file, s.failing = nil, false
	}
	if s.dup != nil {
		s.dup.Close()
		s.dup, s.stderr = nil, os.Stderr
	}
}

// reopen opens what is at the path now. That it couldn't is told in the old
// file, which still takes lines; if that was deleted, where look has it told.
func (s *sink) reopen() outcome {
	if s.file == nil {
		return outcome{}
	}
	if s.gone() {
		return s.write(nil)
	}
	if err := s.renew(); err != nil {
		return s.write(s.say(slog.LevelError, "error log cannot be reopened, the file before stays in use", "file", s.path, "why", err))
	}
	return outcome{}
}

// renew opens what is at the path now, and closes what was open before. After an
// error all is as before.
func (s *sink) renew() error {
	next, torn, err := logfile.Open(s.path)
	if err != nil {
		return err
	}
	s.file.Close()
	s.file, s.torn = next, torn
	return nil
}

// look opens what is at the path now if the file was deleted. It returns why it
// couldn't: nobody would see what is written until it can.
func (s *sink) look() error {
	if !s.gone() {
		return nil
	}
	if err := s.renew(); err != nil {
		return fmt.Errorf("it was deleted, and cannot be made anew: %w", err)
	}
	s.anew = true
	return nil
}

// gone reports whether somebody has deleted the file.
func (s *sink) gone() bool {
	f, ok := s.file.(*os.File)
	return ok && logfile.Gone(f)
}

// write writes lines: to the file, and what it does not take to stderr.
func (s *sink) write(lines []byte) outcome {
	if s.file == nil {
		if s.path != "" && !s.opened && len(s.early)+len(lines) <= maxEarly {
			s.early = append(s.early, lines...)
		}
		return s.toStderr(lines)
	}
	if err := s.look(); err != nil {
		return s.instead(lines, err)
	}
	before := s.before()
	all := append(before[:len(before):len(before)], lines...)
	n, err := s.file.Write(all)
	if n > 0 {
		s.torn = all[n-1] != '\n'
	}
	if err == nil {
		s.failing, s.missed, s.anew = false, 0, false
		return outcome{written: countLines(lines)}
	}
	done := bytes.LastIndexByte(lines[:max(n-len(before), 0)], '\n') + 1
	o := s.instead(lines[done:], err)
	o.written += countLines(lines[:done])
	return o
}

// instead writes to stderr what the file does not take, which err is why.
func (s *sink) instead(lines []byte, err error) outcome {
	if !s.failing {
		s.failing = true
		s.toStderr(s.say(slog.LevelError, "error log cannot be written; lines come here until it can", "file", s.path, "why", err))
	}
	o := s.toStderr(lines)
	s.missed += o.written
	o.err = err
	return o
}

// before returns what has to stand before the next line in the file.
func (s *sink) before() (text []byte) {
	if s.torn {
		text = append(text, '\n')
	}
	if s.anew {
		text = append(text, s.say(slog.LevelWarn, "error log was deleted; lines go to a new file in its place", "file", s.path)...)
	}
	if s.failing {
		text = append(text, s.say(slog.LevelInfo, "error log is written again", "lines_on_stderr", s.missed)...)
	}
	return text
}

// toStderr writes lines to stderr.
func (s *sink) toStderr(lines []byte) outcome {
	if s.journal {
		lines = prioritized(lines)
	}
	n, err := s.stderr.Write(lines)
	if err == nil {
		return outcome{written: countLines(lines)}
	}
	written := countLines(lines[:max(n, 0)])
	return outcome{written: written, dropped: countLines(lines) - written, err: err}
}
