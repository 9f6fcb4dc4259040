package server

import "syscall"

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
