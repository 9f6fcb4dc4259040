package certs

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"time"
)

const (
	// settled is the age from which a file's time of change is trusted to
	// move with the next change. File systems keep times as coarsely as 2 s
	// (FAT); two writes within one step would look like one.
	settled = 2 * time.Second

	// maxFile bounds what is read of a file. A long chain is 10 KiB.
	maxFile = 1 << 20
)

// stamp is how the certificate's and the key's file looked when they were about
// to be read. Symbolic links are followed, so that swapping one anywhere on the
// path changes the stamp.
type stamp struct {
	cert, key os.FileInfo // nil: could not be seen
	taken     time.Time
}

func stampOf(o FileOptions, now time.Time) stamp {
	s := stamp{taken: now}
	s.cert, _ = os.Stat(o.Cert) // the reader will say what is wrong
	s.key, _ = os.Stat(o.Key)
	return s
}

// holds reports whether the files that looked like s when they were read, and
// look like next now, cannot have changed in between.
func (s stamp) holds(next stamp) bool {
	return s.settled(s.cert) && s.settled(s.key) && alike(s.cert, next.cert) && alike(s.key, next.key)
}

func (s stamp) settled(file os.FileInfo) bool {
	return file != nil && s.taken.Sub(file.ModTime()) > settled
}

func alike(a, b os.FileInfo) bool {
	return b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// text is what stood in the two files at a look, or why they could not be read.
type text struct {
	cert, key []byte
	err       *LoadError
}

func readText(o FileOptions) text {
	cert, err := readFile(o.Cert)
	if err != nil {
		return text{err: readError(o.Cert, err)}
	}
	key, err := readFile(o.Key)
	if err != nil {
		return text{err: readError(o.Key, err)}
	}
	return text{cert: cert, key: key}
}

// sum tells distinct contents apart; so do distinct reading errors.
func (t text) sum() [sha256.Size]byte {
	h := sha256.New()
	if t.err != nil {
		io.WriteString(h, t.err.Error())
	}
	binary.Write(h, binary.BigEndian, uint64(len(t.cert)))
	h.Write(t.cert)
	h.Write(t.key)
	return [sha256.Size]byte(h.Sum(nil))
}

// readFile reads a regular file. It looks before it opens: opening a pipe would
// wait for a writer.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		return nil, errors.New("larger than 1 MiB")
	}
	return b, err
}
