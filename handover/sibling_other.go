//go:build !linux

package handover

import "syscall"

// asSibling does nothing: there is no systemd here.
func asSibling() *syscall.SysProcAttr { return nil }
