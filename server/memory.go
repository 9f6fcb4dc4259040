package server

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// memoryShare is the part of what there is that the process should stay under.
// The rest is for the kernel's socket buffers, stacks and the Upstreams on the
// same machine.
const memoryShare = 0.8

// memoryGoal is what the process should stay under: as configured, else by
// GOMEMLIMIT, else a share of what the cgroup or the machine has; 0: nobody says.
func memoryGoal(configured int64) int64 {
	if configured > 0 {
		return configured
	}
	if os.Getenv("GOMEMLIMIT") != "" {
		if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
			return limit
		}
		return 0
	}
	return int64(float64(memoryThere(os.ReadFile)) * memoryShare)
}

// limitMemory tells the garbage collector what to stay under: the goal, but for
// what it does not see. It returns that, 0 if there is no limit.
func limitMemory(goal, unseen int64) int64 {
	if goal == 0 {
		return 0
	}
	debug.SetMemoryLimit(goal - unseen)
	return goal - unseen
}

// memoryThere is the memory of the cgroup, or of the machine if that is less, in
// bytes; 0: nobody says.
func memoryThere(read func(path string) ([]byte, error)) int64 {
	least := machineMemory(read)
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes", cgroupPath(read)} {
		text, err := read(path)
		if errors.Is(err, fs.ErrNotExist) || err != nil {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && n > 0 && (least == 0 || n < least) { // "max", and numbers beyond what there is, are none
			least = n
		}
	}
	return least
}

// cgroupPath is where the limit of our own cgroup stands (cgroup v2), outside of
// a container.
func cgroupPath(read func(path string) ([]byte, error)) string {
	text, err := read("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::/"); ok {
			return "/sys/fs/cgroup/" + path + "/memory.max"
		}
	}
	return ""
}

// machineMemory is MemTotal of /proc/meminfo.
func machineMemory(read func(path string) ([]byte, error)) int64 {
	text, err := read("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "MemTotal:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}
