package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// startLimit is how long a program may take to its first answer.
const startLimit = 15 * time.Second

// startProxy writes a proxy's config and starts it.
func (b *bench) startProxy(p proxy, s setup, pin cores) (*process, error) {
	text, err := p.configText(s)
	if err != nil {
		return nil, err
	}
	if err := writeFiles(map[string]string{filepath.Join(s.Dir, p.file): text}); err != nil {
		return nil, err
	}
	c := command{
		name: p.name,
		argv: append([]string{p.binary}, p.args(s)...),
		env:  p.env(s),
		dir:  s.Dir,
		out:  filepath.Join(s.Dir, "output.txt"),
		pin:  pin,
	}
	if p.logs == stdoutIsLog {
		c.stdout = s.Access
	}
	return c.start(b.tools.taskset)
}

// awaitAnswer asks every millisecond until the first good answer.
func awaitAnswer(ctx context.Context, p *process, ask probe) error {
	return awaitGood(ctx, p, ask.check)
}

// awaitGood asks every millisecond until there is no error.
func awaitGood(ctx context.Context, p *process, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-p.done:
			return fmt.Errorf("%s ended before its first answer; it printed:\n%s", p.name, p.output())
		case <-ctx.Done():
			return fmt.Errorf("%s gave no good answer: %w; it printed:\n%s", p.name, err, p.output())
		}
	}
}

// stopAfter stops a process because of an error and returns both errors.
func stopAfter(p *process, err error) error {
	return errors.Join(err, p.stop())
}

// newSetup makes the folder and takes the ports of one proxy for one measurement.
func (b *bench) newSetup(o *origin, pin cores) (setup, error) {
	dir, err := os.MkdirTemp(b.dir, "proxy-")
	if err != nil {
		return setup{}, fmt.Errorf("proxy's folder: %w", err)
	}
	ports, err := freePorts(2)
	if err != nil {
		return setup{}, err
	}
	return setup{
		Dir:        dir,
		Cores:      pin,
		HTTP:       ports[0],
		HTTPS:      ports[1],
		Origins:    o.ports,
		Cert:       b.cert.cert,
		Key:        b.cert.key,
		Both:       b.cert.both,
		Access:     filepath.Join(dir, "access.log"),
		Root:       os.Geteuid() == 0,
		MaxClients: 6000,

		Descriptors: 16384,
	}, nil
}
