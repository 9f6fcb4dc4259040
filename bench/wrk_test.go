package main

import (
	"strings"
	"testing"
	"time"
)

const wrkOutput = `Running 2s test @ https://127.0.0.1:18443/small.json
  2 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.15ms    1.02ms  18.40ms   83.00%
    Req/Sec    14.95k     1.31k   17.00k    70.00%
  59512 requests in 2.00s, 45.40MB read
Requests/sec:  29751.12
Transfer/sec:     22.70MB
`

func TestParseWrkReadsTheExactFigures(t *testing.T) {
	got, err := parseWrk(wrkOutput + "bench: requests=59512 duration=2000328 bytes=47605321 connect=1 read=2 write=3 timeout=4 status=5\n")
	want := loadReport{requests: 59512, bytes: 47605321, duration: 2000328 * time.Microsecond, connect: 1, read: 2, write: 3, timeout: 4, status: 5}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestParseWrkRejectsIncompleteOutput(t *testing.T) {
	for _, tt := range []struct{ output, want string }{
		{wrkOutput, "no figures"},
		{"", "no figures"},
		{"unable to connect to 127.0.0.1:1 Connection refused", "Connection refused"},
		{"bench: requests=1 duration=2\n", "missing"},
		{"bench: requests=x duration=2 bytes=3 connect=0 read=0 write=0 timeout=0 status=0\n", "requests=x"},
		{"bench: requests=1 requests=2 duration=2 bytes=3 connect=0 read=0 write=0 timeout=0 status=0\n", "unexpected"},
		{"bench: speed=1\n", "unexpected"},
	} {
		if got, err := parseWrk(tt.output); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %+v, %v; want an error with %q", tt.output, got, err, tt.want)
		}
	}
}

func TestVerdictFailsOnAnythingUnexpected(t *testing.T) {
	for _, tt := range []struct {
		name    string
		report  loadReport
		refused bool
		want    string // part of the error; empty: none
	}{
		{"all good", loadReport{requests: 10}, false, ""},
		{"nothing came", loadReport{}, false, "no answers"},
		{"one bad status", loadReport{requests: 10, status: 1}, false, "1 of 10"},
		{"connect error", loadReport{requests: 10, connect: 1}, false, "1 connect"},
		{"read error", loadReport{requests: 10, read: 1}, false, "1 read"},
		{"write error", loadReport{requests: 10, write: 1}, false, "1 write"},
		{"time-out", loadReport{requests: 10, timeout: 1}, false, "1 timeout"},
		{"all refused", loadReport{requests: 10, status: 10}, true, ""},
		{"one let through", loadReport{requests: 10, status: 9}, true, "9 of 10"},
		{"refused with a socket error", loadReport{requests: 10, status: 10, read: 1}, true, "1 read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.report.verdict(tt.refused)
			if (tt.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestLoadURL(t *testing.T) {
	for _, tt := range []struct {
		load load
		want string
	}{
		{load{path: "/a"}, "https://127.0.0.1:99/a"},
		{load{path: "/a", plain: true}, "http://127.0.0.1:99/a"},
		{load{path: "/a", refused: true}, "https://127.0.0.1:99/a"},
	} {
		if got := tt.load.url(99); got != tt.want {
			t.Errorf("%+v: got %s, want %s", tt.load, got, tt.want)
		}
	}
}
