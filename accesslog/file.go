package accesslog

import (
	"os"

	"sluice/logfile"
)

// file is a sink at a path.
type file struct {
	path string
	open *os.File
	torn bool // see logfile.Open
}

func openFile(path string) (*file, error) {
	f := &file{path: path}
	if err := f.Reopen(); err != nil {
		return nil, err
	}
	return f, nil
}

// Write appends p.
func (f *file) Write(p []byte) (int, error) {
	if f.torn {
		if _, err := f.open.Write([]byte{'\n'}); err != nil {
			return 0, err
		}
		f.torn = false
	}
	return f.open.Write(p)
}

// Reopen opens what is at the path now, and closes what was open before.
func (f *file) Reopen() error {
	next, torn, err := logfile.Open(f.path)
	if err != nil {
		return err
	}
	if f.open != nil {
		f.open.Close() // every byte is with the kernel already
	}
	f.open, f.torn = next, torn
	return nil
}

// Gone reports whether somebody has deleted the file.
func (f *file) Gone() bool { return logfile.Gone(f.open) }

// Close closes the file.
func (f *file) Close() error { return f.open.Close() }
