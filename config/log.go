package config

import (
	"path/filepath"
	"strings"
)

// LogTarget is where log lines go.
type LogTarget string

// Where log lines go.
const (
	LogStdout LogTarget = "stdout"
	LogStderr LogTarget = "stderr"
	LogOff    LogTarget = "off"
	LogFile   LogTarget = "file"
)

// Log says where the access log goes.
type Log struct {
	Access LogTarget
	File   string // of LogFile: the path
}

// readLog reads [log].
func readLog(s section) Log {
	return read(s, "access", s.d.parseLog)
}

// parseLog reads "stdout", "stderr", "off" or a path. A path must have a slash,
// or a misspelt word would quietly become a file.
func (d *decoder) parseLog(text string) (Log, *flaw) {
	if strings.Contains(text, "/") {
		return Log{Access: LogFile, File: d.resolve(text)}, nil
	}
	const remedy = `write "stdout", "stderr", "off", or a path with a slash such as "./access.log"`
	t, bad := choice(remedy, []LogTarget{LogStdout, LogStderr, LogOff})(text)
	return Log{Access: t}, bad
}

// parseDir reads the path of a folder; "" is none.
func (d *decoder) parseDir(text string) (string, *flaw) {
	if text == "" {
		return "", nil
	}
	if strings.ContainsRune(text, 0) {
		return "", flawed("write the path of a folder", "%s is no path", shorten(text))
	}
	return d.resolve(text), nil
}

// resolve returns path as seen from the folder of the configuration file.
func (d *decoder) resolve(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(d.dir, path)
}
