package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhatIsWrongIsReported reads testdata/errors: each file holds a
// configuration, a line "----", and the exact errors that it must give.
func TestWhatIsWrongIsReported(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	dir := t.TempDir()
	writeFiles(t, dir)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			golden, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			input, want, found := strings.Cut(string(golden), "----\n")
			if !found || want == "" {
				t.Fatal("the file has no expected errors")
			}
			c, err := Parse(filepath.Join(dir, "sluice.toml"), []byte(input))
			if err == nil || c != nil {
				t.Fatalf("got %v, %v; want no Config and errors:\n%s", c, err, want)
			}
			got := strings.ReplaceAll(err.Error(), dir+"/", "") + "\n"
			if got != want {
				t.Errorf("got:\n%swant:\n%s", got, want)
			}
		})
	}
}

func TestEveryErrorHasFileLineAndRemedy(t *testing.T) {
	files, _ := filepath.Glob("testdata/errors/*.txt")
	for _, file := range files {
		golden, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		input, _, _ := strings.Cut(string(golden), "----\n")
		_, err = Parse(file, []byte(input))
		var all *Errors
		if !errors.As(err, &all) {
			t.Fatalf("%s: got %T, want *Errors", file, err)
		}
		for i, e := range all.List {
			if e.File != file || e.Line < 1 || e.Problem == "" || e.Remedy == "" {
				t.Errorf("%s: incomplete: %+v", file, e)
			}
			if i > 0 && all.List[i-1].Line > e.Line {
				t.Errorf("%s: line %d comes after line %d", file, e.Line, all.List[i-1].Line)
			}
		}
	}
}

// "file:line: key: problem", with the remedy after it, all on one line.
func TestErrorIsOneLine(t *testing.T) {
	tests := []struct {
		e    Error
		want string
	}{
		{Error{File: "sluice.toml", Line: 7, Key: "site.hots", Problem: "unknown key", Remedy: `did you mean "hosts"?`},
			`sluice.toml:7: site.hots: unknown key; did you mean "hosts"?`},
		{Error{File: "sluice.toml", Line: 1, Problem: "the file is larger than 1MiB"},
			`sluice.toml:1: the file is larger than 1MiB`},
	}
	for _, tt := range tests {
		if got := tt.e.Error(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// Key material is never printed, whichever of the files is mistaken for which.
func TestKeysAreNotPrinted(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir)
	key, err := os.ReadFile(filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tls := range []string{
		`{ cert = "key.pem", key = "cert.pem" }`,
		`{ cert = "key.pem", key = "key.pem" }`,
		`{ cert = "cert.pem", key = "other-key.pem" }`,
		`{ cert = "not-pem.txt", key = "key.pem" }`,
	} {
		_, err := Parse(filepath.Join(dir, "sluice.toml"), []byte(`
[[site]]
hosts = ["shop.example.com"]
upstream = "127.0.0.1:8080"
tls = `+tls))
		if err == nil {
			t.Errorf("%s: no error", tls)
			continue
		}
		for line := range strings.Lines(string(key)) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-") && strings.Contains(err.Error(), line) {
				t.Errorf("%s: the error prints the key", tls)
			}
		}
	}
}
