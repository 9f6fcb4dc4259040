package errorlog

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// ToJournal reports whether the process's stderr goes to systemd's journal:
// whether it is the stream whose device and inode are in $JOURNAL_STREAM
// (systemd.exec(5)). A stderr that somebody has redirected is not.
func ToJournal() bool {
	var st syscall.Stat_t
	if syscall.Fstat(syscall.Stderr, &st) != nil {
		return false
	}
	return os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}

// Priorities of syslog(3), as sd-daemon(3) has them before a line: the journal
// takes them off and shows lines of that priority for "journalctl -p".
var (
	priorityError   = []byte("<3>")
	priorityWarning = []byte("<4>")
	priorityInfo    = []byte("<6>")
	priorityDebug   = []byte("<7>")
)

// prioritized returns lines, which are ours, with each one's priority before it.
func prioritized(lines []byte) []byte {
	all := make([]byte, 0, len(lines)+len(lines)/16)
	for line := range bytes.Lines(lines) {
		all = append(append(all, priorityOf(line)...), line...)
	}
	return all
}

// LastWords returns what a program says on its stderr as it fails, when there is no
// log any more: the same text, and if stderr goes to the journal, with the priority
// of an error before each line.
func LastWords(text string) string {
	if !ToJournal() {
		return text
	}
	var all strings.Builder
	for line := range strings.Lines(text) {
		all.Write(priorityError)
		all.WriteString(line)
	}
	return all.String()
}

// priorityOf reads the level, which stands behind the time in either format.
func priorityOf(line []byte) []byte {
	_, rest, found := bytes.Cut(line, []byte(" level="))
	if bytes.HasPrefix(line, []byte("{")) {
		_, rest, found = bytes.Cut(line, []byte(`,"level":"`))
	}
	switch {
	case !found:
		return priorityInfo
	case bytes.HasPrefix(rest, []byte("ERROR")):
		return priorityError
	case bytes.HasPrefix(rest, []byte("WARN")):
		return priorityWarning
	case bytes.HasPrefix(rest, []byte("DEBUG")):
		return priorityDebug
	}
	return priorityInfo
}
