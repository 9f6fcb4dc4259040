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

// ErrorFormat is the form of the error log's lines.
type ErrorFormat string

// The forms of the error log's lines.
const (
	ErrorText ErrorFormat = "text"
	ErrorJSON ErrorFormat = "json"
)

// Log says where the access log and the error log go, and what of the access
// log is written.
type Log struct {
	Access LogPlace
	Error  LogPlace // LogStderr or LogFile
	Format ErrorFormat
	Sample []Sample // in the order of the file: the first that matches decides
}

// LogPlace is where one of the logs goes.
type LogPlace struct {
	To   LogTarget
	File string // of LogFile: the path
}

// log reads [log].
func (d *decoder) log(s section, sites []Site) Log {
	v := Log{
		Access: read(s, "access", d.parseAccessLog),
		Error:  read(s, "error", d.parseErrorLog),
		Format: read(s, "error_format", choice(`write "text" or "json"`, []ErrorFormat{ErrorText, ErrorJSON})),
	}
	if v.Error.To == LogFile && v.Error == v.Access {
		s.fail("error", "write another path", "%s is the file of log.access, too", shorten(v.Error.File))
	}
	for _, rule := range s.tables("sample") {
		v.Sample = append(v.Sample, rule.sample(sites))
	}
	if len(v.Sample) > mostSamples {
		s.fail("sample", "keep the rules that matter", "there are %d rules, and at most %d are possible", len(v.Sample), mostSamples)
	}
	return v
}

// parseAccessLog reads "stdout", "stderr", "off" or a path.
func (d *decoder) parseAccessLog(text string) (LogPlace, *flaw) {
	const remedy = `write "stdout", "stderr", "off", or a path with a slash such as "./access.log"`
	return d.parsePlace(text, choice(remedy, []LogTarget{LogStdout, LogStderr, LogOff}))
}

// parseErrorLog reads "stderr" or a path: an error log cannot be turned off.
func (d *decoder) parseErrorLog(text string) (LogPlace, *flaw) {
	const remedy = `write "stderr", or a path with a slash such as "./error.log"`
	return d.parsePlace(text, choice(remedy, []LogTarget{LogStderr}))
}

// parsePlace reads a word or a path. A path must have a slash, or a misspelt
// word would quietly become a file.
func (d *decoder) parsePlace(text string, word func(string) (LogTarget, *flaw)) (LogPlace, *flaw) {
	if strings.Contains(text, "/") {
		return LogPlace{To: LogFile, File: d.resolve(text)}, nil
	}
	to, bad := word(text)
	return LogPlace{To: to}, bad
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
