package server

import (
	"os"
	"syscall"
)

// spareDescriptors are kept for everything that is not a client: listeners,
// files, probes.
const spareDescriptors = 128

// maxConnections returns how many client connections there may be. Without a
// number in the config that is half of the descriptors, because each client
// may need a connection to an upstream too.
func maxConnections(configured int) int {
	if configured > 0 {
		return configured
	}
	const modest = 1024
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return modest
	}
	const most = 1 << 20
	descriptors := int(min(uint64(limit.Cur), most))
	return max((descriptors-spareDescriptors)/2, 16)
}

// openDescriptors returns how many descriptors are open; -1: not known.
func openDescriptors() int {
	const folder = "/proc/self/fd"
	if info, err := os.Stat(folder); err == nil && info.Size() > 0 {
		return int(info.Size()) // since Linux 6.2
	}
	f, err := os.Open(folder)
	if err != nil {
		return -1
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return -1
	}
	return len(names) - 1 // without f itself
}
