package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestParseStatCountsFromTheLastParenthesis(t *testing.T) {
	const rest = " S 1 77 77 0 -1 4194560 1520 0 0 0 250 75 3 4 20 0 1 0 12345 10000 500"
	for _, tt := range []struct {
		name string
		line string
		want stat
	}{
		{"plain name", "42 (nginx)" + rest, stat{77, 3250 * time.Millisecond}},
		{"spaces", "42 (nginx: worker process)" + rest, stat{77, 3250 * time.Millisecond}},
		{"parentheses", "42 (a) b (c))" + rest, stat{77, 3250 * time.Millisecond}},
		{"name that looks like fields", "42 () S 1 2 3 4 5 6)" + rest, stat{77, 3250 * time.Millisecond}},
		{"line end", "42 (nginx)" + rest + "\n", stat{77, 3250 * time.Millisecond}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseStat(tt.line)
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

func TestParseStatRejectsWhatIsNotAStatLine(t *testing.T) {
	for _, line := range []string{
		"",
		"42 nginx S 1 77",
		"42 (nginx) S 1 77",
		"42 (nginx) S 1 x 77 0 -1 4194560 1520 0 0 0 250 75 3 4",
		"42 (nginx) S 1 77 77 0 -1 4194560 1520 0 0 0 x 75 3 4",
		"42 (nginx) S 1 77 77 0 -1 4194560 1520 0 0 0 250 x 3 4",
	} {
		if got, err := parseStat(line); err == nil {
			t.Errorf("%q: got %+v, want an error", line, got)
		}
	}
}

func TestOwnProcessGroupHasCPUTimeAndMemory(t *testing.T) {
	group := syscall.Getpgrp()
	members, err := groupMembers(group)
	if err != nil {
		t.Fatal(err)
	}
	if _, found := members[os.Getpid()]; !found {
		t.Errorf("group %d has %d members, want this process among them", group, len(members))
	}
	if rss, err := groupRSS(group); err != nil || rss < 1<<20 {
		t.Errorf("got %d bytes, %v; want at least 1 MB", rss, err)
	}
	if _, err := groupCPU(group); err != nil {
		t.Error(err)
	}
}

func TestProcFieldNamesWhatIsMissing(t *testing.T) {
	_, err := procField("/proc/self/status", "NoSuchKey")
	if err == nil || !strings.Contains(err.Error(), "NoSuchKey") {
		t.Errorf("got %v, want an error that names the key", err)
	}
}
