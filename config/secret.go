package config

import (
	"fmt"
	"os"
	"strings"
)

// Secret is where a secret stands: in the environment or in a file, never in
// the configuration, which is shown around.
type Secret struct {
	Env  string // name of a variable
	File string // path; when Env is empty
}

// maxSecret bounds a file with a secret in it.
const maxSecret = 64 << 10

// On reports whether a secret is configured at all.
func (s Secret) On() bool { return s != Secret{} }

// Read returns the secret, without white space around it, as it stands there
// now. The error says where it was looked for.
func (s Secret) Read() (string, error) {
	if s.Env != "" {
		text := strings.TrimSpace(os.Getenv(s.Env))
		if text == "" {
			return "", fmt.Errorf("the environment variable %s is not set", s.Env)
		}
		return text, nil
	}
	data, bad := readFile(s.File, maxSecret)
	if bad != nil {
		return "", fmt.Errorf("read a secret: %s", bad.problem)
	}
	text := strings.TrimSpace(string(data))
	if text == "" {
		return "", fmt.Errorf("read a secret: %s is empty", s.File)
	}
	return text, nil
}

// String says where the secret stands, not what it is.
func (s Secret) String() string {
	switch {
	case s.Env != "":
		return "env:" + s.Env
	case s.File != "":
		return "file:" + s.File
	}
	return ""
}

// secret returns the Secret of a key that need not be there. What is written is
// in no message: it may be the secret.
func (s section) secret(name string) Secret {
	if !s.written(name) {
		return Secret{}
	}
	return read(s, name, func(text string) (Secret, *flaw) {
		if env, ok := strings.CutPrefix(text, "env:"); ok && isVariable(env) {
			return Secret{Env: env}, nil
		}
		if path, ok := strings.CutPrefix(text, "file:"); ok && path != "" {
			path = s.d.resolve(path)
			_, bad := readFile(path, maxSecret)
			return Secret{File: path}, bad
		}
		return Secret{}, flawed(`write "env:NAME" for an environment variable or "file:PATH" for a file with the secret alone in it`,
			"a secret must not stand in this file")
	})
}

// isVariable reports whether name can be that of an environment variable.
func isVariable(name string) bool {
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == "" &&
		(name[0] < '0' || name[0] > '9')
}
