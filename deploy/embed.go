// Package deploy holds what a machine gets besides the program: the unit, a first
// config, what logrotate is to do. Packages are built from the same files.
package deploy

import (
	_ "embed"
	"strings"
)

// (Variables only because go:embed knows no constants; nothing writes to them.)
var (
	//go:embed sluice.service
	unit string
	// Config is the config that a machine begins with. It is valid, and needs
	// nothing that is not there.
	//
	//go:embed sluice.toml
	Config string
	// Logrotate is what logrotate is to do.
	//
	//go:embed sluice.logrotate
	Logrotate string
	// Account is Sluice's user, for systemd-sysusers.
	//
	//go:embed sluice.sysusers
	Account string
)

// Unit returns the unit of the service for a program and a config that are at
// these paths.
func Unit(program, config string) string {
	return strings.NewReplacer("/usr/local/bin/sluice", program, "/etc/sluice/sluice.toml", config).Replace(unit)
}
