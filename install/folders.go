package install

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// folders makes the folders of the service, which its unit would make, too: so
// "sluice check" finds them before the first start. Those that Sluice has made
// when root ran it by hand become its user's, with what is in them.
func (i *Installation) folders(context.Context) error {
	m := i.Machine
	for _, folder := range []struct {
		path string
		mode fs.FileMode
	}{{stateDir, 0o700}, {logDir, 0o750}} {
		var err error
		switch {
		case !m.exists(folder.path):
			err = i.step(folder.path, "made", func() error { return m.makeFolder(folder.path, folder.mode) })
		case m.isElses(folder.path):
			err = i.step(folder.path, "given to the user "+userName, func() error { return m.giveFolder(folder.path) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// makeParents makes the folders above path that are not there. Anybody may look
// into them, whatever the umask is.
func (m Machine) makeParents(path string) error {
	folder := filepath.Dir(path)
	if m.exists(folder) {
		return nil
	}
	if folder == "/" {
		return os.MkdirAll(m.at(folder), 0o755)
	}
	if err := m.makeParents(folder); err != nil {
		return err
	}
	if err := os.Mkdir(m.at(folder), 0o755); err != nil {
		return err
	}
	return os.Chmod(m.at(folder), 0o755)
}

// makeFolder makes a folder of the user's, and those above it.
func (m Machine) makeFolder(path string, mode fs.FileMode) error {
	if err := m.makeParents(path); err != nil {
		return err
	}
	path = m.at(path)
	if err := os.Mkdir(path, mode); err != nil {
		return err
	}
	if err := os.Chmod(path, mode); err != nil || m.Run == nil { // whatever the umask is
		return err
	}
	uid, gid, err := m.Account(userName)
	if err != nil {
		return err
	}
	return os.Lchown(path, uid, gid)
}

// isElses reports whether a folder is another user's than Sluice's.
func (m Machine) isElses(path string) bool {
	if m.Run == nil {
		return false
	}
	uid, _, err := m.Account(userName)
	if err != nil {
		return false // the user is still to be made; nothing can be its
	}
	info, err := os.Lstat(m.at(path))
	if err != nil || !info.IsDir() {
		return false
	}
	is, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(is.Uid) != uid
}

// giveFolder gives the user a folder with what is in it. No link leads it out.
func (m Machine) giveFolder(path string) error {
	uid, gid, err := m.Account(userName)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(m.at(path))
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return root.Lchown(name, uid, gid)
	})
}
