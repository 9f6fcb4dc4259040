package http1

import "net/http"

// reason returns the phrase of a status line. An unknown status has none,
// which RFC 9112 section 4 allows.
func reason(status int) string { return http.StatusText(status) }
