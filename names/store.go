package names

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"sluice/statedir"
)

// store keeps stored answers in files, one a Query.
type store struct {
	dir string // state_dir; "": nothing is kept
}

// path returns where the answer to q is. The comma keeps the forms apart; the
// text in the file says whose it is, should the name have been too long.
func (s store) path(q Query) string {
	suffix := ",srv"
	if q.Form == FormHost {
		suffix = "," + strconv.Itoa(int(q.Port))
	}
	return filepath.Join(s.dir, "names", statedir.Name(q.Host, suffix))
}

// load returns the stored answer to q, or nothing if there is none. An error
// says that there is a file that cannot be used.
func (s store) load(q Query) ([]Address, time.Time, error) {
	if s.dir == "" {
		return nil, time.Time{}, nil
	}
	path := s.path(q)
	text, err := statedir.Read(path, maxStored)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the stored answer: %w", err)
	}
	got, err := parseStored(q, text)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the stored answer %s: %w", path, err)
	}
	return got.addresses, got.at, nil
}

// save replaces the stored answer.
func (s store) save(answer storedAnswer) error {
	if err := statedir.Write(s.path(answer.query), answer.text()); err != nil {
		return fmt.Errorf("store an answer: %w", err)
	}
	return nil
}
