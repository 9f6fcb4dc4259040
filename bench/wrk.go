package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// wrkScript makes wrk print exact figures: its own summary is rounded. It runs
// after the load, and so costs wrk nothing under it.
const wrkScript = `done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("bench: requests=%d duration=%d bytes=%d connect=%d read=%d write=%d timeout=%d status=%d\n",
    summary.requests, summary.duration, summary.bytes, e.connect, e.read, e.write, e.timeout, e.status))
end
`

// wrkOpenSSL makes wrk offer TLS 1.3 with one cipher suite only, so that all
// proxies encrypt alike: left to themselves, Go servers choose AES-128 and
// OpenSSL servers AES-256.
const wrkOpenSSL = `openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = client
[client]
MinProtocol = TLSv1.3
Ciphersuites = TLS_AES_128_GCM_SHA256
`

// writeWrkFiles writes the script and the OpenSSL config into the temporary folder.
func writeWrkFiles(dir string) error {
	return writeFiles(map[string]string{
		filepath.Join(dir, "wrk.lua"):     wrkScript,
		filepath.Join(dir, "openssl.cnf"): wrkOpenSSL,
	})
}

// loadReport is what wrk or h2load counted.
type loadReport struct {
	requests                      int64
	bytes                         int64 // received, heads included
	duration                      time.Duration
	status                        int64 // answers of status 400 and above
	connect, read, write, timeout int64 // socket errors
}

// parseWrk finds the line of wrkScript in wrk's output.
func parseWrk(output string) (loadReport, error) {
	var r loadReport
	var microseconds int64
	fields := map[string]*int64{
		"requests": &r.requests, "duration": &microseconds, "bytes": &r.bytes, "status": &r.status,
		"connect": &r.connect, "read": &r.read, "write": &r.write, "timeout": &r.timeout,
	}
	for line := range strings.Lines(output) {
		rest, found := strings.CutPrefix(line, "bench: ")
		if !found {
			continue
		}
		for pair := range strings.FieldsSeq(rest) {
			key, value, _ := strings.Cut(pair, "=")
			target := fields[key]
			if target == nil {
				return r, fmt.Errorf("wrk output: unexpected %q", pair)
			}
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return r, fmt.Errorf("wrk output %q: %w", pair, err)
			}
			*target = n
			delete(fields, key)
		}
		if len(fields) > 0 {
			return r, fmt.Errorf("wrk output: %d figures are missing in %q", len(fields), line)
		}
		r.duration = time.Duration(microseconds) * time.Microsecond
		return r, nil
	}
	return r, fmt.Errorf("wrk output has no figures: %s", strings.TrimSpace(output))
}

// verdict is the error in a report: any answer or socket that was not as it
// should be. With refused, every answer must have been a refusal.
func (r loadReport) verdict(refused bool) error {
	if r.connect+r.read+r.write+r.timeout > 0 {
		return fmt.Errorf("socket errors: %d connect, %d read, %d write, %d timeout in %d requests",
			r.connect, r.read, r.write, r.timeout, r.requests)
	}
	if r.requests == 0 {
		return fmt.Errorf("no answers")
	}
	if refused && r.status != r.requests {
		return fmt.Errorf("only %d of %d requests were refused", r.status, r.requests)
	}
	if !refused && r.status > 0 {
		return fmt.Errorf("%d of %d answers had status 400 or above", r.status, r.requests)
	}
	return nil
}

// wrk runs load for a while and returns what it counted.
func (b *bench) wrk(ctx context.Context, l load, port int, pin cores, length time.Duration) (loadReport, error) {
	ctx, cancel := context.WithTimeout(ctx, length+30*time.Second)
	defer cancel()
	threads := min(len(pin), l.connections, 4)
	cmd := exec.CommandContext(ctx, b.tools.taskset, "-c", pin.String(), b.tools.wrk,
		"-t", strconv.Itoa(threads),
		"-c", strconv.Itoa(l.connections),
		"-d", fmt.Sprintf("%ds", int(length.Seconds())),
		"--timeout", "10s",
		"-s", filepath.Join(b.dir, "wrk.lua"),
		"-H", "Host: "+benchHost,
		l.url(port))
	cmd.Env = append(cmd.Environ(), "OPENSSL_CONF="+filepath.Join(b.dir, "openssl.cnf"))
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return loadReport{}, fmt.Errorf("wrk: %w", ctx.Err())
	}
	if err != nil {
		return loadReport{}, fmt.Errorf("wrk: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return parseWrk(string(out))
}
