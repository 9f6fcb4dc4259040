//go:build !linux

package handover

import "time"

// monotonic returns nothing: there is no service manager here that asks for it.
func monotonic() (time.Duration, bool) { return 0, false }
