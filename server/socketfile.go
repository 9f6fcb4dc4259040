package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"sluice/config"
)

// socketFile is the file of a Unix socket that we have made, or whose maker has
// left it to us. It is removed at the end, unless it is left to another process.
type socketFile struct {
	path string
	made fs.FileInfo // what path led to when it was made
	left atomic.Bool // to another process, which listens on the same socket
}

// socketTimeout is how long who listens on a Unix socket may take to take us in.
const socketTimeout = time.Second

// bindSocket makes a Unix socket that only those may connect to whom c admits.
func bindSocket(ctx context.Context, c config.Server) (net.Listener, *socketFile, error) {
	path := c.Admin.Path
	if err := removeStale(ctx, path); err != nil {
		return nil, nil, err
	}
	// The file begins with the permissions of the descriptor: nobody but its owner
	// may connect before it has its own.
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { syscall.Fchmod(int(fd), 0o600) })
	}}
	ln, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, nil, socketError(path, err)
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false) // it would remove the file of whoever came after us, too
	f, err := fileOfSocket(path)
	if err == nil {
		err = f.permit(c.AdminSocketMode, c.AdminSocketGroup)
	}
	if err != nil {
		f.remove()
		ln.Close()
		return nil, nil, err
	}
	return ln, f, nil
}

// fileOfSocket returns the file of a socket that is ours.
func fileOfSocket(path string) (*socketFile, error) {
	made, err := os.Lstat(path)
	if err != nil {
		return nil, socketError(path, err)
	}
	return &socketFile{path: path, made: made}, nil
}

// removeStale removes a socket on which nobody listens any more: of a process
// that was killed. Two that are started in the same moment may both find it, and
// the later one then takes the path from the earlier one; the ports of Sites keep
// such two apart.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return socketError(path, err)
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("server.admin: unix:%s: a file that is not a socket is there\nremove it, or write another path", path)
	}
	if !unheard(ctx, path) {
		return fmt.Errorf("server.admin: unix:%s: another program listens there\nif that is Sluice, it is running already (sluice reload puts a changed configuration in force); else write another path", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return socketError(path, err)
	}
	return nil
}

// unheard reports whether the file of a Unix socket is there on which nobody
// listens.
func unheard(ctx context.Context, path string) bool {
	d := net.Dialer{Timeout: socketTimeout}
	c, err := d.DialContext(ctx, "unix", path)
	if err == nil {
		c.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// socketError says why a socket cannot be made, and what to do.
func socketError(path string, err error) error {
	remedy := "write another path for server.admin"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		remedy = "make its folder (RuntimeDirectory=sluice in the unit makes /run/sluice)"
	case errors.Is(err, fs.ErrPermission):
		remedy = "let the user that Sluice runs as write in its folder (RuntimeDirectory=sluice in the unit makes /run/sluice)"
	}
	return fmt.Errorf("server.admin: listen on unix:%s: %w\n%s", path, err, remedy)
}

// permit says who may connect.
func (f *socketFile) permit(mode fs.FileMode, group string) error {
	id := groupIn(filepath.Dir(f.path))
	if group != "" {
		var err error
		if id, err = groupID(group); err != nil {
			return err
		}
	}
	if err := f.giveTo(id); err != nil {
		return fmt.Errorf("server.admin_socket_group: %w\nthe user that Sluice runs as must be in the group %s (usermod -aG %[2]s, or SupplementaryGroups= in the unit)", err, cmp.Or(group, strconv.Itoa(id)))
	}
	if err := os.Chmod(f.path, mode); err != nil {
		return fmt.Errorf("server.admin_socket_mode: %w\nwrite another path for server.admin, in a folder of the user that Sluice runs as", err)
	}
	return nil
}

// giveTo gives it to a group, unless it is that one's: not each service may
// change groups at all.
func (f *socketFile) giveTo(group int) error {
	info, err := os.Lstat(f.path)
	if err != nil {
		return err
	}
	if is, ok := info.Sys().(*syscall.Stat_t); ok && int(is.Gid) == group {
		return nil
	}
	return os.Lchown(f.path, -1, group)
}

// groupIn returns the group that a new file of ours has in a folder: ours, or the
// folder's if that is to hand it on (open(2)).
func groupIn(folder string) int {
	if info, err := os.Stat(folder); err == nil && info.Mode()&fs.ModeSetgid != 0 {
		if is, ok := info.Sys().(*syscall.Stat_t); ok {
			return int(is.Gid)
		}
	}
	return os.Getegid()
}

// groupID returns the number of a group.
func groupID(name string) (int, error) {
	if id, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(id), nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, fmt.Errorf("server.admin_socket_group: this machine has no group %s\nwrite one that it has (getent group shows them)", name)
	}
	return strconv.Atoi(g.Gid)
}

// isThere reports whether the path still leads to our socket.
func (f *socketFile) isThere() bool {
	now, err := os.Lstat(f.path)
	return err == nil && os.SameFile(now, f.made)
}

// remove removes it, unless it is another's by now. Nil has nothing to remove.
func (f *socketFile) remove() {
	if f != nil && !f.left.Load() && f.isThere() {
		os.Remove(f.path) // who cannot finds it stale at the next start
	}
}

// removeUnheard removes one that was left to another process which does not
// listen there: its configuration has moved or ended it. It comes after our own
// end of the socket is closed.
func (f *socketFile) removeUnheard() {
	if f != nil && f.left.Load() && f.isThere() && unheard(context.Background(), f.path) {
		os.Remove(f.path)
	}
}
