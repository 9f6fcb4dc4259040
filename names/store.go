package names

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// store keeps stored answers in files, one a Query.
type store struct {
	dir string // state_dir; "": nothing is kept
}

// maxFileName is what most file systems take, less what a temporary file adds.
const maxFileName = 200

// path returns where the answer to q is. The file's name is the Query with all
// but letters, digits and "-_." written as %XX; a comma, which those exclude,
// keeps the forms apart and "." and ".." away. One that would be too long is a
// sum instead; the text in the file still says whose it is.
func (s store) path(q Query) string {
	var b strings.Builder
	for _, c := range []byte(q.Host) {
		if plainName("x" + string(rune(c))) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	name, suffix := b.String(), ",srv"
	if q.Form == FormHost {
		suffix = "," + strconv.Itoa(int(q.Port))
	}
	if len(name)+len(suffix) > maxFileName {
		sum := sha256.Sum256([]byte(q.Host))
		name = hex.EncodeToString(sum[:])
	}
	return filepath.Join(s.dir, "names", name+suffix)
}

// load returns the stored answer to q, or nothing if there is none. An error
// says that there is a file that cannot be used.
func (s store) load(q Query) ([]Address, time.Time, error) {
	if s.dir == "" {
		return nil, time.Time{}, nil
	}
	path := s.path(q)
	text, err := readFile(path, maxStored)
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

// save replaces the stored answer. Until the rename the old file is there,
// afterwards the new one, each whole. The folder is not synced: should a crash
// bring the old answer back, it is still a good one.
func (s store) save(answer storedAnswer) error {
	path := s.path(answer.query)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("store an answer: %w", err)
	}
	if err := replace(path, answer.text()); err != nil {
		return fmt.Errorf("store an answer: %w", err)
	}
	return nil
}

// replace writes a file of mode 0600 under another name and renames it.
func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if bad := f.Close(); err == nil {
		err = bad
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// readFile reads a regular file of at most limit bytes. It looks before it
// opens: opening a pipe would wait for a writer.
func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s: larger than %d bytes", path, limit)
	}
	return text, err
}
