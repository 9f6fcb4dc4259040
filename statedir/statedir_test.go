package statedir

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// "Each file is for its owner only, is there whole or not at all".
func TestWriteIsForTheOwnerOnlyAndLeavesNothingBehind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "certs")
	path := filepath.Join(dir, "a.pem")
	for _, text := range []string{"one", "two, and longer", ""} {
		if err := Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path, 100); err != nil || string(got) != text {
			t.Errorf("read %q, %v; want %q", got, err, text)
		}
	}
	for path, want := range map[string]fs.FileMode{path: 0o600, dir: 0o700 | fs.ModeDir, filepath.Dir(dir): 0o700 | fs.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("the folder holds %v", left)
	}
}

// "After an error the old file is still there."
func TestAFailedWriteLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "taken") // a folder that is not empty cannot be renamed over
	if err := os.MkdirAll(filepath.Join(path, "inside"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("x")); err == nil {
		t.Fatal("no error")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("the folder holds %v: a temporary file was left", left)
	}
	if err := Write(filepath.Join(path, "inside", "file", "deeper"), nil); err != nil {
		t.Error(err)
	}
	if err := Write(filepath.Join(path, "inside", "file", "deeper", "than", "a file"), nil); err == nil {
		t.Error("a file was taken for a folder")
	}
}

func TestReadIsBoundedAndTakesOnlyFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if _, err := Read(path, 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := Write(path, bytes.Repeat([]byte("x"), 11)); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path, 10); err == nil {
		t.Error("11 bytes within a limit of 10")
	}
	if _, err := Read(path, 11); err != nil {
		t.Error(err)
	}
	if _, err := Read(filepath.Dir(path), 10); err == nil {
		t.Error("a folder was read")
	}
}

func TestNamesAreSafeAndDistinct(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{
		"shop.example.com", "*.example.com", "%2A.example.com", "..", ".", "", "../../etc/passwd",
		"a/b", `a\b`, "nul\x00", "UPPER", "upper", "größe",
		strings.Repeat("long.", 50), strings.Repeat("lung.", 50),
	} {
		name := Name(text, ",x")
		if other, twice := seen[name]; twice {
			t.Errorf("%q and %q share %s", text, other, name)
		}
		seen[name] = text
		if len(name) > maxName || strings.ContainsAny(name, "/\\\x00*") || name == "." || name == ".." {
			t.Errorf("%q is called %q", text, name)
		}
	}
	if got := Name("shop.example.com", ".pem"); got != "shop.example.com.pem" {
		t.Errorf("got %s", got)
	}
}
