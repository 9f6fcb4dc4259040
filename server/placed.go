package server

import (
	"errors"
	"strconv"

	"sluice/config"
)

// placedError is one that says where in the configuration file it comes from.
type placedError struct {
	at  string
	err error
}

func (e *placedError) Error() string { return e.at + ": " + e.err.Error() }
func (e *placedError) Unwrap() error { return e.err }

// placed says of an error that building or binding has met which line it is about;
// 0: that is not known, or what the file does not have. One that says so already
// stays as it is.
func placed(c *config.Config, line int, err error) error {
	if known := new(placedError); err == nil || errors.As(err, &known) {
		return err
	}
	at := c.File
	if line > 0 {
		at += ":" + strconv.Itoa(line)
	}
	return &placedError{at, err}
}
