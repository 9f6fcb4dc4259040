package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of CPU time in /proc/PID/stat: USER_HZ, which is 100 on
// every architecture that Go runs on under Linux.
const tick = 10 * time.Millisecond

// stat is the part of /proc/PID/stat that the bench reads.
type stat struct {
	group int           // process group
	cpu   time.Duration // user and system time of all its threads
}

// parseStat reads a line of /proc/PID/stat. The command name, in parentheses,
// may itself hold spaces and parentheses: fields are counted from the last ')'.
func parseStat(line string) (stat, error) {
	end := strings.LastIndexByte(line, ')')
	if end < 0 {
		return stat{}, fmt.Errorf("stat %q: no command name", line)
	}
	// After the name: state ppid pgrp ... and, as 12th and 13th, utime stime.
	f := strings.Fields(line[end+1:])
	if len(f) < 13 {
		return stat{}, fmt.Errorf("stat %q: %d fields after the name, want at least 13", line, len(f))
	}
	group, err := strconv.Atoi(f[2])
	if err != nil {
		return stat{}, fmt.Errorf("stat process group: %w", err)
	}
	user, err := strconv.ParseInt(f[11], 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("stat user time: %w", err)
	}
	system, err := strconv.ParseInt(f[12], 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("stat system time: %w", err)
	}
	return stat{group: group, cpu: time.Duration(user+system) * tick}, nil
}

// groupMembers returns the processes of a process group with their CPU times.
func groupMembers(group int) (map[int]stat, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	members := make(map[int]stat)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue // not a process
		}
		line, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if hasEnded(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read process %d: %w", pid, err)
		}
		s, err := parseStat(string(line))
		if err != nil {
			return nil, err
		}
		if s.group == group {
			members[pid] = s
		}
	}
	return members, nil
}

// hasEnded reports that reading a process's file failed because it is gone.
func hasEnded(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

// groupCPU is the CPU time that the living processes of a group have used.
func groupCPU(group int) (time.Duration, error) {
	members, err := groupMembers(group)
	if err != nil {
		return 0, err
	}
	if len(members) == 0 {
		return 0, fmt.Errorf("process group %d has ended", group)
	}
	var sum time.Duration
	for _, s := range members {
		sum += s.cpu
	}
	return sum, nil
}

// groupRSS is the resident memory of a group in bytes: the sum of VmRSS, which
// counts pages that a master shares with its workers once for each.
func groupRSS(group int) (int64, error) {
	members, err := groupMembers(group)
	if err != nil {
		return 0, err
	}
	return residentMemory(members)
}

// residentMemory is the sum of VmRSS of processes in bytes.
func residentMemory(members map[int]stat) (int64, error) {
	var sum int64
	for pid := range members {
		value, err := procField(fmt.Sprintf("/proc/%d/status", pid), "VmRSS")
		if hasEnded(err) || errors.Is(err, errNoField) {
			continue // one that was not waited for yet has no memory any more
		}
		if err != nil {
			return 0, err
		}
		kb, err := strconv.ParseInt(strings.TrimSuffix(value, " kB"), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("VmRSS %q: %w", value, err)
		}
		sum += kb * 1024
	}
	return sum, nil
}
