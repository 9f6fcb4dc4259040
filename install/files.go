package install

import (
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// maxFile bounds what is read of a file that may be ours.
const maxFile = 1 << 20

// replace puts a file at path that holds what source has, whole or not at all: a
// program that runs from the old file goes on with that. It is on the disk when
// replace returns nil.
func (m Machine) replace(path string, source io.Reader, mode fs.FileMode) error {
	path = m.at(path)
	folder, pattern := filepath.Dir(path), "."+filepath.Base(path)+".*.tmp"
	if left, err := filepath.Glob(filepath.Join(folder, pattern)); err == nil {
		for _, file := range left { // by one that was killed
			os.Remove(file)
		}
	}
	f, err := os.CreateTemp(folder, pattern)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, source)
	if err == nil {
		err = f.Chmod(mode)
	}
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
		return err
	}
	return syncFolder(folder)
}

// syncFolder makes a rename in folder outlast a power cut.
func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	err = d.Sync()
	if bad := d.Close(); err == nil {
		err = bad
	}
	return err
}

// read returns what a file holds that may be ours; "" and no error without one.
func (m Machine) read(path string) (text string, there bool, err error) {
	info, err := os.Lstat(m.at(path))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return "", true, err // such a thing is not ours
	}
	data, err := os.ReadFile(m.at(path))
	return string(data), true, err
}

// isSluice reports whether the program at path is one of ours, of whatever
// version.
func (m Machine) isSluice(path string) bool {
	info, err := buildinfo.ReadFile(m.at(path))
	return err == nil && info.Main.Path == "sluice"
}

// same reports whether two files hold the same; a file that cannot be read holds
// nothing of the kind.
func same(a, b string) bool {
	first, err := sumOf(a)
	if err != nil {
		return false
	}
	second, err := sumOf(b)
	return err == nil && first == second
}

func sumOf(path string) (sum [sha256.Size]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return [sha256.Size]byte(h.Sum(nil)), err
}

// remedy says what to do about an error of the file system's.
func remedy(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "the disk is full: make room (df -h)"
	case errors.Is(err, syscall.EROFS):
		return "the file system is read-only: make it writable (mount -o remount,rw), or put Sluice elsewhere by hand"
	case errors.Is(err, fs.ErrPermission):
		return "root may not do that here: look at the folder (ls -ld, lsattr -d), and at what SELinux or AppArmor say"
	}
	return "correct that"
}
