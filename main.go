// Sluice is a single-binary reverse proxy for one server or a few.
package main

import (
	"errors"
	"fmt"
	"os"

	"sluice/errorlog"
)

func main() {
	err := newCommand().Execute()
	switch {
	case err == nil:
	case errors.Is(err, errProblems): // they have been shown
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, errorlog.LastWords(cleanLines(err.Error()))) // it may be what somebody else has said
		os.Exit(1)
	}
}
