package degraded

// Mode says how the form of an answer is decided.
type Mode uint8

const (
	// Auto lets the client's Accept field decide.
	Auto Mode = iota
	// HTML gives everybody the page.
	HTML
	// JSON gives everybody JSON: for routes that only programs call.
	JSON
)

// html reports whether the answer is to be the page. accept is the value of
// the Accept field, nil without one.
func (m Mode) html(accept []byte) bool {
	if m == Auto {
		return prefersHTML(accept)
	}
	return m == HTML
}
