package handover

import "syscall"

// asSibling has a process that we start be a child of whom we are a child of: of
// the service manager. To systemd a main process that is not its child is an alien,
// for whose end it does not wait: told to stop the service it would kill it at once,
// with all that is under way, for as long as the process lives. See clone(2),
// CLONE_PARENT.
func asSibling() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_PARENT}
}
