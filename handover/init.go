package handover

import (
	"os"
	"strconv"
	"strings"
)

// startedByInit reports whether this process was started by systemd, or by the
// first process of a container. Without a Notifier they take its end for that of
// the service, or end with it.
func startedByInit() bool {
	switch {
	case os.Getenv("SYSTEMD_EXEC_PID") == strconv.Itoa(os.Getpid()):
		return true
	case os.Getppid() != 1:
		return false
	case os.Getenv("INVOCATION_ID") != "": // of a systemd that does not say the above
		return true
	}
	// A process whose parent has ended has the first one for its parent, too. But
	// it is seldom of the same session.
	stat, err := os.ReadFile("/proc/self/stat")
	return err == nil && sessionOf(string(stat)) == "1"
}

// sessionOf returns the session that /proc/PID/stat tells of (proc_pid_stat(5)).
func sessionOf(stat string) string { return statField(stat, 3) }

// stateOf returns the state of a process that it tells of.
func stateOf(stat string) string { return statField(stat, 0) }

// statField returns a field behind the name, which may have blanks and brackets in
// it: state, parent, process group, session.
func statField(stat string, i int) string {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) <= i {
		return ""
	}
	return fields[i]
}
