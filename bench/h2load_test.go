package main

import (
	"strings"
	"testing"
	"time"
)

const h2loadOutput = `starting benchmark...
spawning thread #0: 16 total client(s). Timing-based test with 0s of warm-up time and 2s of main duration for measurements.
spawning thread #1: 16 total client(s). Timing-based test with 0s of warm-up time and 2s of main duration for measurements.
TLS Protocol: TLSv1.3
Cipher: TLS_AES_128_GCM_SHA256
Server Temp Key: X25519 253 bits
Application protocol: h2
Main benchmark duration is over for thread #0. Stopping all clients.
Stopped all clients for thread #0

finished in 2.01s, 64821.40 req/s, 51.00MB/s
requests: 129642 total, 129962 started, 129642 done, 129640 succeeded, 2 failed, 1 errored, 1 timeout
status codes: 129639 2xx, 0 3xx, 1 4xx, 0 5xx
traffic: 102.00MB (106958592) total, 20.10MB (21076377) headers (space savings 13.24%), 75.92MB (79600188) data
                     min         max         mean         sd        +/- sd
time for request:      124us     13.13ms      1.63ms      1.04ms    86.96%
`

func TestParseH2loadReadsTheSummary(t *testing.T) {
	got, err := parseH2load(h2loadOutput)
	want := loadReport{requests: 129640, bytes: 106958592, duration: 2010 * time.Millisecond, read: 1, timeout: 1, status: 1}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestParseH2loadRejectsWhatIsNotWhole(t *testing.T) {
	for _, tt := range []struct{ output, want string }{
		{"", "did not speak"},
		{strings.Replace(h2loadOutput, "protocol: h2", "protocol: http/1.1", 1), "did not speak"},
		{strings.Replace(h2loadOutput, "finished in", "ended in", 1), "lacks figures"},
		{strings.Replace(h2loadOutput, "requests:", "asked:", 1), "lacks figures"},
		{strings.Replace(h2loadOutput, "status codes:", "codes:", 1), "lacks figures"},
		{strings.Replace(h2loadOutput, "traffic:", "bytes:", 1), "lacks figures"},
	} {
		if got, err := parseH2load(tt.output); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %+v, %v; want an error with %q", got, err, tt.want)
		}
	}
}
