package main

import (
	"context"
	"fmt"
)

// load is closed-loop load of one kind.
type load struct {
	plain       bool // HTTP rather than HTTPS
	path        string
	connections int
	streams     int  // at a time on each connection, over HTTP/2; 0: HTTP/1.1
	perByte     bool // CPU per byte rather than per request
	refused     bool // every answer is a refusal
}

// url is what wrk asks for.
func (l load) url(port int) string {
	scheme := "https"
	if l.plain {
		scheme = "http"
	}
	return fmt.Sprintf("%s://%s%s", scheme, address(port), l.path)
}

// underLoad measures the CPU that a proxy spends on a load.
func underLoad(l load) measure {
	return func(ctx context.Context, m *measurement) (sample, error) {
		port := m.setup.HTTPS
		if l.plain {
			port = m.setup.HTTP
		}
		if _, err := m.drive(ctx, l, port, true); err != nil {
			return sample{}, fmt.Errorf("warm-up: %w", err)
		}
		if err := m.checkLoad(ctx, l, port); err != nil {
			return sample{}, err
		}
		before, err := groupCPU(m.group)
		if err != nil {
			return sample{}, err
		}
		report, err := m.drive(ctx, l, port, false)
		if err != nil {
			return sample{}, err
		}
		after, err := groupCPU(m.group)
		if err != nil {
			return sample{}, err
		}
		if err := report.verdict(l.refused); err != nil {
			return sample{}, err
		}
		cpu := after - before
		s := sample{
			value: float64(cpu.Microseconds()) / float64(report.requests),
			rate:  float64(report.requests) / report.duration.Seconds(),
			busy:  cpu.Seconds() / report.duration.Seconds() / float64(len(m.setup.Cores)),
		}
		if l.perByte {
			s.value = float64(cpu.Nanoseconds()) / float64(report.bytes)
		}
		return s, nil
	}
}

// drive runs the load, to warm up or to measure. A warm-up may still meet the
// one request that a limit lets pass.
func (m *measurement) drive(ctx context.Context, l load, port int, warming bool) (loadReport, error) {
	length := m.length()
	if warming {
		length = warmUp
	}
	generate := m.wrk
	if l.streams > 0 {
		generate = m.h2load
	}
	report, err := generate(ctx, l, port, m.layout.load, length)
	m.requests += report.requests
	return report, err
}

// checkLoad asks once, as wrk does, and wants the right answer: wrk itself
// tells neither a redirect nor a wrong body from a good answer.
func (m *measurement) checkLoad(ctx context.Context, l load, port int) error {
	p := probe{port: port, host: benchHost, path: l.path, name: benchHost}
	if !l.plain {
		p.pool = m.cert.pool
	}
	if !l.refused {
		return p.check(ctx)
	}
	a, err := p.ask(ctx)
	if err != nil {
		return err
	}
	if want := m.refusal; a.status != want {
		return fmt.Errorf("status %d, want the refusal %d", a.status, want)
	}
	return nil
}
