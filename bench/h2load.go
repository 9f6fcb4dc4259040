package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The lines of h2load's summary that the bench reads.
var (
	h2loadDuration = regexp.MustCompile(`(?m)^finished in ([0-9.]+)(us|ms|s), `)
	h2loadRequests = regexp.MustCompile(`(?m)^requests: \d+ total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout$`)
	h2loadStatus   = regexp.MustCompile(`(?m)^status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx$`)
	h2loadTraffic  = regexp.MustCompile(`(?m)^traffic: [0-9.]+[KMG]?B \((\d+)\) total, `)
)

// parseH2load reads h2load's summary. HTTP/2 must have been spoken.
func parseH2load(output string) (loadReport, error) {
	if !strings.Contains(output, "Application protocol: h2\n") {
		return loadReport{}, fmt.Errorf("h2load did not speak HTTP/2: %s", strings.TrimSpace(output))
	}
	duration := h2loadDuration.FindStringSubmatch(output)
	requests := h2loadRequests.FindStringSubmatch(output)
	status := h2loadStatus.FindStringSubmatch(output)
	traffic := h2loadTraffic.FindStringSubmatch(output)
	if duration == nil || requests == nil || status == nil || traffic == nil {
		return loadReport{}, fmt.Errorf("h2load output lacks figures: %s", strings.TrimSpace(output))
	}
	length, err := time.ParseDuration(duration[1] + duration[2])
	if err != nil {
		return loadReport{}, fmt.Errorf("h2load output: %w", err)
	}
	return loadReport{
		requests: number(requests[1]),
		bytes:    number(traffic[1]),
		duration: length,
		// "failed" counts what was errored or timed out, and nothing else.
		read: number(requests[3]), timeout: number(requests[4]),
		status: number(status[2]) + number(status[3]) + number(status[4]),
	}, nil
}

// number reads digits that a pattern has found.
func number(digits string) int64 {
	n, _ := strconv.ParseInt(digits, 10, 64) // too many digits give the largest number, which no verdict lets pass
	return n
}

// h2load runs load over HTTP/2 for a while and returns what it counted.
func (b *bench) h2load(ctx context.Context, l load, port int, pin cores, length time.Duration) (loadReport, error) {
	ctx, cancel := context.WithTimeout(ctx, length+30*time.Second)
	defer cancel()
	threads := min(len(pin), l.connections, 4)
	cmd := exec.CommandContext(ctx, b.tools.taskset, "-c", pin.String(), b.tools.h2load,
		"-t", strconv.Itoa(threads),
		"-c", strconv.Itoa(l.connections),
		"-m", strconv.Itoa(l.streams),
		"-D", strconv.Itoa(max(int(length.Seconds()), 1)),
		l.url(port))
	cmd.Env = append(cmd.Environ(), "OPENSSL_CONF="+filepath.Join(b.dir, "openssl.cnf"))
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return loadReport{}, fmt.Errorf("h2load: %w", ctx.Err())
	}
	if err != nil {
		return loadReport{}, fmt.Errorf("h2load: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return parseH2load(string(out))
}
