package names

import (
	"os"
	"time"
)

// stampSettled is the age from which a file's time of change is trusted to move
// with the next change. File systems keep times as coarsely as 2 s (FAT); two
// writes within one step look like one.
const stampSettled = 2 * time.Second

// stamp is how a file looked. Symbolic links are followed, so that swapping one
// anywhere on the path changes the stamp.
type stamp struct {
	info  os.FileInfo // nil: it could not be seen
	err   error       // why not
	taken time.Time
}

func stampOf(path string, now time.Time) stamp {
	info, err := os.Stat(path)
	return stamp{info, err, now}
}

// alike reports whether the file looked the same: by inode, size and time of
// change, or by the reason why it could not be seen.
func (s stamp) alike(t stamp) bool {
	if s.err != nil || t.err != nil {
		return s.err != nil && t.err != nil && s.err.Error() == t.err.Error()
	}
	return s.info != nil && t.info != nil && os.SameFile(s.info, t.info) &&
		s.info.Size() == t.info.Size() && s.info.ModTime().Equal(t.info.ModTime())
}

// holds reports whether the file that looked like s when it was read, and looks
// like t now, cannot have changed in between.
func (s stamp) holds(t stamp) bool {
	return s.alike(t) && (s.err != nil || s.taken.Sub(s.info.ModTime()) > stampSettled)
}
