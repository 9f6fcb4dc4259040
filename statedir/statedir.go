// Package statedir reads and writes the files under state_dir: what Sluice has
// learnt or obtained and wants to know after a restart. Each file is for its
// owner only, is there whole or not at all, and is on the disk when its writer
// is told so. Several packages keep something there; the folder of each is its
// own.
package statedir

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxName is what most file systems take (255 bytes), less what a temporary
// file adds.
const maxName = 200

// Name returns a file name for what is called text. Letters in lower case,
// digits and "-_." stand for themselves, all else is written as %XX; the suffix
// is appended as it is, and begins with a byte outside of those where "." and
// ".." must not come out. A name that would be too long is a sum of text
// instead, so the file should say itself whose it is.
func Name(text, suffix string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	name := b.String()
	if len(name)+len(suffix) > maxName {
		sum := sha256.Sum256([]byte(text))
		name = hex.EncodeToString(sum[:])
	}
	return name + suffix
}

// Write replaces the file at path by one of mode 0600 that holds data, and
// makes its folder, of mode 0700, if need be. Until the rename the old file is
// there, afterwards the new one, each whole; both the data and the new name
// have been synced when Write returns nil. After an error the old file is
// still there.
func Write(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := replace(path, data); err != nil {
		return err
	}
	return syncFolder(dir)
}

func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
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

// syncFolder makes a rename in dir outlast a power cut.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if bad := d.Close(); err == nil {
		err = bad
	}
	return err
}

// Read reads a regular file of at most limit bytes. It looks before it opens:
// opening a pipe would wait for a writer.
func Read(path string, limit int64) ([]byte, error) {
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
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s: larger than %d bytes", path, limit)
	}
	return data, err
}
