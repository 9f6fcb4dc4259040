package config

import (
	"bytes"
	"errors"
	"slices"
	"strings"
)

// mostDropped is how many lines that are no TOML LoadAsked passes over.
const mostDropped = 20

// LoadAsked is Load for who only asks the Sluice that runs: a file that is wrong
// elsewhere still says where that is. Then both are returned: the *Errors of Load,
// and a Config of which server.admin and admin_token are right, and nothing else
// need be. A file that this user may not read, such as a certificate's key, is no
// error: the Sluice that runs may.
func LoadAsked(path string) (*Config, error) {
	data, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	c, wrong := Parse(path, data)
	if wrong == nil {
		return c, nil
	}
	if c = parseAsked(path, data); c == nil {
		return nil, wrong
	}
	var all *Errors
	if errors.As(wrong, &all) {
		all.List = slices.DeleteFunc(all.List, Error.ofThisUser)
		if len(all.List) == 0 {
			return c, nil
		}
	}
	return c, wrong
}

// Denied ends the Problem of an Error that is only that this user may not read a
// file: another may.
const Denied = "cannot be read: permission denied" // as fs.ErrPermission says it

func (e Error) ofThisUser() bool { return strings.HasSuffix(e.Problem, Denied) }

// parseAsked returns what data says of how Sluice is asked; nil if that is wrong.
// A line at which data stops being TOML is taken for an empty one, unless it may
// be of that.
func parseAsked(file string, data []byte) *Config {
	if len(data) > maxFile {
		return nil
	}
	lines := bytes.Split(bytes.TrimPrefix(data, []byte(byteOrderMark)), []byte("\n"))
	for range mostDropped {
		c, wrong := decode(file, bytes.Join(lines, []byte("\n")))
		var all *Errors
		if c != nil && (!errors.As(wrong, &all) || !slices.ContainsFunc(all.List, Error.ofAsking)) {
			return c
		}
		if c != nil || !errors.As(wrong, &all) {
			return nil
		}
		at := min(all.List[len(all.List)-1].Line, len(lines)) - 1
		if bytes.Contains(lines[at], []byte("admin")) {
			return nil
		}
		lines[at] = nil
	}
	return nil
}

// ofAsking reports whether e is of what has to be right for Sluice to be asked.
func (e Error) ofAsking() bool {
	return e.Key == "server" || e.Key == "server.admin" || e.Key == "server.admin_token"
}
