package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// machine is what a reader needs to know about where the figures come from.
type machine struct {
	cpu      string
	cores    cores // those this program may use
	kernel   string
	memoryMB int
	load     string // load average before the run
}

// readMachine reads /proc.
func readMachine() (machine, error) {
	m := machine{cpu: "unknown " + runtime.GOARCH}
	if name, err := procField("/proc/cpuinfo", "model name"); err == nil {
		m.cpu = name
	}
	allowed, err := procField("/proc/self/status", "Cpus_allowed_list")
	if err != nil {
		return m, err
	}
	if m.cores, err = parseCores(allowed); err != nil {
		return m, err
	}
	total, err := procField("/proc/meminfo", "MemTotal")
	if err != nil {
		return m, err
	}
	kb, err := strconv.Atoi(strings.TrimSuffix(total, " kB"))
	if err != nil {
		return m, fmt.Errorf("/proc/meminfo MemTotal %q: %w", total, err)
	}
	m.memoryMB = kb / 1024
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return m, fmt.Errorf("kernel release: %w", err)
	}
	m.kernel = strings.TrimSpace(string(kernel))
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return m, fmt.Errorf("load average: %w", err)
	}
	m.load, _, _ = strings.Cut(string(load), " ")
	return m, nil
}

// procField returns the value of the first "key: value" line of a /proc file.
func procField(path, key string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	for line := range strings.Lines(string(data)) {
		name, value, found := strings.Cut(line, ":")
		if found && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("%s %w: %q", path, errNoField, key)
}

// errNoField says that a file of /proc was read and a key is not in it.
var errNoField = errors.New("has no such key")
