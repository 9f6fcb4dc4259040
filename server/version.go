package server

import "runtime/debug"

// release is what deploy/package.sh has the linker write here: the version of the
// package that the program came in.
var release string

// Version returns the release that this is, or else what the build knows of itself:
// a module's version or that of a commit.
func Version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
