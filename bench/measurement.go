package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// measurement is one started proxy while a figure is taken from it.
type measurement struct {
	*bench
	*process
	binary      string
	setup       setup
	layout      layout
	refusal     int
	attack      attack
	firstAnswer time.Duration // from start to first answer
	requests    int64         // asked so far
}

// measureOnce starts an entrant, takes one figure and stops it.
func (b *bench) measureOnce(ctx context.Context, w work, e entrant, o *origin, l layout) (sample, error) {
	s, err := b.newSetup(o, l.proxy)
	if err != nil {
		return sample{}, err
	}
	defer os.RemoveAll(s.Dir) // the whole temporary folder goes at the end anyway
	if e.change != nil {
		e.change(&s)
	}
	taken, requests, err := b.measureStarted(ctx, w, e, s, l)
	if err != nil || s.Access == "" || requests == 0 {
		return taken, err
	}
	lines, err := countLines(s.Access)
	taken.logged = float64(lines) / float64(requests)
	return taken, err
}

// measureStarted is the part of a measurement during which the proxy runs. It
// also returns how many requests were asked.
func (b *bench) measureStarted(ctx context.Context, w work, e entrant, s setup, l layout) (sample, int64, error) {
	p, err := b.startProxy(e.proxy, s, l.proxy)
	if err != nil {
		return sample{}, 0, err
	}
	m := &measurement{bench: b, process: p, binary: e.proxy.binary, setup: s, layout: l, refusal: e.refusal, attack: e.attack}
	if err := awaitAnswer(ctx, p, m.smallProbe()); err != nil {
		return sample{}, 0, stopAfter(p, err)
	}
	m.firstAnswer = time.Since(p.started)
	taken, err := w.measure(ctx, m)
	if err == nil && p.ended() {
		err = fmt.Errorf("%s ended under load; it printed:\n%s", p.name, p.output())
	}
	return taken, m.requests, stopAfter(p, err)
}

// smallProbe asks for the small body over TLS.
func (m *measurement) smallProbe() probe {
	p := newProbe(m.setup.HTTPS)
	p.pool = m.cert.pool
	p.name = benchHost
	return p
}

// countLines counts the lines of a file.
func countLines(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("access log: %w", err)
	}
	defer f.Close()
	var lines int64
	buf := make([]byte, 256<<10)
	for {
		n, err := f.Read(buf)
		lines += int64(bytes.Count(buf[:n], []byte{'\n'}))
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return 0, fmt.Errorf("access log: %w", err)
		}
	}
}
