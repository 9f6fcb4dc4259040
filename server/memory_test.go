package server

import (
	"io/fs"
	"testing"
)

// "GOMEMLIMIT set from the cgroup or the machine".
func TestMemoryThereIsTheLeastThatSomebodySays(t *testing.T) {
	const machine = "MemTotal:        2000000 kB\nMemFree: 1 kB\n"
	for name, test := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"nobody":           {nil, 0},
		"the machine":      {map[string]string{"/proc/meminfo": machine}, 2000000 << 10},
		"a container":      {map[string]string{"/proc/meminfo": machine, "/sys/fs/cgroup/memory.max": "536870912\n"}, 512 << 20},
		"no limit":         {map[string]string{"/proc/meminfo": machine, "/sys/fs/cgroup/memory.max": "max\n"}, 2000000 << 10},
		"cgroup v1":        {map[string]string{"/proc/meminfo": machine, "/sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824\n"}, 1 << 30},
		"cgroup v1, none":  {map[string]string{"/proc/meminfo": machine, "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 2000000 << 10},
		"a systemd unit":   {map[string]string{"/proc/meminfo": machine, "/proc/self/cgroup": "0::/system.slice/sluice.service\n", "/sys/fs/cgroup/system.slice/sluice.service/memory.max": "268435456\n"}, 256 << 20},
		"something broken": {map[string]string{"/proc/meminfo": "MemTotal:", "/sys/fs/cgroup/memory.max": "-5"}, 0},
	} {
		read := func(path string) ([]byte, error) {
			if text, ok := test.files[path]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		}
		if got := memoryThere(read); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

// Connections are refused before memory is gone, and not by turns.
func TestPressureHasTwoThresholds(t *testing.T) {
	const limit = 1000
	short := false
	for _, step := range []struct {
		used int64
		want bool
	}{{0, false}, {900, false}, {950, false}, {951, true}, {900, true}, {851, true}, {850, false}, {940, false}, {2000, true}, {0, false}} {
		if short = pressed(short, step.used, limit); short != step.want {
			t.Errorf("at %d: %v", step.used, short)
		}
	}
	if used := memoryUsed(); used < 1<<20 || used > 1<<40 {
		t.Errorf("%d bytes are in use", used)
	}
}
