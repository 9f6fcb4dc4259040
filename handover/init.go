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
// The name before it may have blanks and brackets in it.
func sessionOf(stat string) string {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const session = 3 // after state, parent and process group
	if len(fields) <= session {
		return ""
	}
	return fields[session]
}
