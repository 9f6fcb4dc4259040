package config

import (
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// unixPrefix begins an Address that is the path of a Unix socket.
const unixPrefix = "unix:"

const (
	// mostSocketPath is the longest path of a Unix socket. The system's own bound
	// is 107 bytes, and the socket has a longer name while it is made.
	mostSocketPath = 100

	leastToken = 16 // characters: nobody guesses so many
	mostToken  = 1024
)

// Open reports whether others than this machine can reach a.
func (a Address) Open() bool { return a.On && a.Path == "" && !a.IP.IsLoopback() }

// adminAddress returns the Address of the admin server, which may be the path of
// a Unix socket. One that cannot be read counts as on.
func (s section) adminAddress() Address {
	n := s.value("admin")
	if n.kind != kindText || !strings.HasPrefix(n.text, unixPrefix) {
		return s.listen("admin")
	}
	path, bad := s.d.parseSocketPath(n.text)
	if bad != nil {
		s.fail("admin", bad.remedy, "%s", bad.problem)
	}
	return Address{On: true, Path: path}
}

// parseSocketPath reads "unix:/run/sluice/admin.sock".
func (d *decoder) parseSocketPath(text string) (string, *flaw) {
	path := strings.TrimPrefix(text, unixPrefix)
	if path == "" || strings.HasSuffix(path, "/") || strings.ContainsRune(path, 0) {
		return "", flawed(`write the path of a file, such as "unix:/run/sluice/admin.sock"`, "%s is not a Unix socket", shorten(text))
	}
	if path = d.resolve(path); len(path) > mostSocketPath {
		return "", flawed(`write a shorter path, such as "unix:/run/sluice/admin.sock"`,
			"the path of a Unix socket has at most %d bytes, and this one %d", mostSocketPath, len(path))
	}
	return path, nil
}

// parseSocketMode reads the permissions of a Unix socket.
func parseSocketMode(text string) (fs.FileMode, *flaw) {
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || len(text) < 3 || len(text) > 4 || mode > 0o777 || mode&0o600 != 0o600 {
		return 0, flawed(`write "0600" for the owner only, or "0660" for the group, too`, "%s are not the permissions of a socket", shorten(text))
	}
	return fs.FileMode(mode), nil
}

// parseGroup reads the name or number of a group of this machine. Whether there
// is one is seen when the socket is made.
func parseGroup(text string) (string, *flaw) {
	if text == "" {
		return "", nil
	}
	return oneWord(text)
}

// adminToken returns where the token stands, and reports one that is there and
// cannot be used. One of the environment need not be there: "check" may run in
// another one.
func (s section) adminToken() Secret {
	v := s.secret("admin_token")
	var text string
	switch {
	case v.Env != "":
		if text = strings.TrimSpace(os.Getenv(v.Env)); text == "" {
			return v
		}
	case v.File != "":
		data, bad := readFile(v.File, maxSecret)
		if bad != nil {
			return v // reported
		}
		text = strings.TrimSpace(string(data))
	default:
		return v
	}
	if bad := checkToken(text); bad != nil {
		s.fail("admin_token", bad.remedy, "%s", bad.problem)
	}
	return v
}

// ReadAdminToken returns the token that requests have to bring, as it stands
// there now. There is one: AdminToken is on.
func (v Server) ReadAdminToken() (string, error) {
	text, err := v.AdminToken.Read()
	if err != nil {
		return "", fmt.Errorf("server.admin_token: %w", err)
	}
	if bad := checkToken(text); bad != nil {
		return "", fmt.Errorf("server.admin_token: %s\n%s", bad.problem, bad.remedy)
	}
	return text, nil
}

// checkToken returns what keeps text from being a token of the admin server; it
// does not repeat it.
func checkToken(text string) *flaw {
	const remedy = "make one of random characters (openssl rand -hex 32)"
	switch {
	case len(text) < leastToken:
		return flawed(remedy, "the token has %d characters, and could be guessed: it takes at least %d", len(text), leastToken)
	case len(text) > mostToken:
		return flawed(remedy, "the token has more than %d characters", mostToken)
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return flawed(remedy, "the token has characters that cannot be in a header field")
	}
	return nil
}

// checkAdmin reports an admin address that is taken, or that others than this
// machine could reach without a token, since whoever does sees and changes all.
func (s section) checkAdmin(v Server) {
	a := v.Admin
	// One that could not be read is reported already.
	if n := s.value("admin"); !a.On || n.kind != kindText || n.text == "" || a == (Address{On: true}) {
		return
	}
	if a.Open() && !s.written("admin_token") {
		s.fail("admin", `write "127.0.0.1:9180" and look from this machine (ssh -L 9180:127.0.0.1:9180), or admin_token = "file:PATH" beside it, or "" to turn it off`,
			"%s can be reached from other machines", a)
		return
	}
	for name, l := range map[string]Address{"http": v.HTTP, "https": v.HTTPS} {
		if a.overlaps(l) {
			if s.written("admin") {
				name = "admin"
			}
			s.fail(name, "write another port", "%s and admin %s take the same address", l, a)
		}
	}
}
