package config

import (
	"fmt"
	"io"
	"os"
)

// readFile returns the contents of a regular file of at most the given size.
// Anything else that a path can name, such as a pipe, could block for ever.
func readFile(path string, most int64) ([]byte, *flaw) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, flawed("name a file", "%s is not a file", shorten(path))
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(path)
	}
	if err != nil {
		return nil, cannotRead(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, cannotRead(path, err)
	}
	if int64(len(data)) > most {
		return nil, flawed(fmt.Sprintf("name a file of at most %s", showSize(most)), "%s is too large", shorten(path))
	}
	return data, nil
}

// cannotRead returns the flaw of a path that failed with err.
func cannotRead(path string, err error) *flaw {
	return flawed("name an existing file that this user may read; relative paths start at the folder of this file",
		"%s cannot be read: %v", shorten(path), cause(err))
}
