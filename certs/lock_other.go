//go:build !unix

package certs

import "os"

// tryLock does nothing where there is no flock: there, two processes on one
// state directory are the operator's mistake that nobody notices.
func tryLock(*os.File) error { return nil }
