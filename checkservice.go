package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"

	"sluice/config"
	"sluice/install"
)

// serviceUser is who the unit and the packages have Sluice run as.
const serviceUser = "sluice"

// closedToService returns what the service's user may not read of a configuration
// file and of the files that it names, one thing a line, when we are root, who may
// read everything. Otherwise, and where there is no such user, it returns nothing:
// then whoever checks is taken for who will run it.
func closedToService(ctx context.Context, file string) []string {
	if os.Geteuid() != 0 || file != defaultConfig {
		return nil
	}
	if _, err := user.Lookup(serviceUser); err != nil {
		return nil
	}
	program, err := os.Executable()
	if err != nil {
		return nil
	}
	return closedTo(ctx, install.Here().Run, install.Command{
		Words: []string{program, "check", "--config", file}, Account: serviceUser})
}

// closedTo returns the lines of a check that say that its user may not read a file.
// What else that one finds wrong may be its environment's.
func closedTo(ctx context.Context, run func(context.Context, install.Command) (string, error), check install.Command) (lines []string) {
	said, err := run(ctx, check)
	if err == nil {
		return nil // or there are only warnings, which we have ourselves
	}
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); strings.Contains(line, config.Denied) {
			lines = append(lines, line)
		}
	}
	return lines
}

// warnOfClosed says what is closed to the service, and how it is opened.
func warnOfClosed(w io.Writer, lines []string) {
	for _, line := range lines {
		fmt.Fprintf(w, "warning: the user %s, as which the service runs: %s\n", serviceUser, cleanLines(line))
	}
	if len(lines) > 0 {
		fmt.Fprintf(w, "let it read them, such as by: chgrp %s FILE; chmod 640 FILE; and its folder likewise, by 750\n", serviceUser)
	}
}
