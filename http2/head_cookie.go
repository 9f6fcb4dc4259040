package http2

import "sluice/message"

// cookie joins the Cookie lines of a section: "If there are multiple Cookie
// header fields after decompression, these MUST be concatenated into a single
// octet string using the two-octet delimiter of 0x3b, 0x20 (the ASCII string
// "; ") before being passed into a non-HTTP/2 context" (RFC 9113 section
// 8.2.3). It does so at the place of the first.
//
// Lines are counted as they come and joined when the section is whole, into
// exactly the place that they need: joining each one at once would copy all
// that came before when other fields stand between them.
//
// Empty ones are left out, unless the only one is: they would leave a "; " at
// an end, and the white space of that is cut off by whoever reads HTTP/1.1.
type cookie struct {
	lines  int    // how many there are
	size   int    // bytes that joining them takes, at most
	joined []byte // nil before the first
	at     int    // which field is the first
}

// count takes note of a line and says whether it is the first.
func (c *cookie) count(value []byte) (first bool) {
	c.lines++
	c.size += len(value) + len("; ")
	return c.lines == 1
}

// join appends a line, which would be field number at, and says whether it
// stays one: the first does. A single one stays as it is.
func (c *cookie) join(h *head, value []byte, at int) (keep bool) {
	if c.lines == 1 {
		return true
	}
	first := c.joined == nil
	if first {
		c.joined, c.at = h.room(c.size), at
	}
	if len(value) > 0 {
		if len(c.joined) > 0 {
			c.joined = append(c.joined, ';', ' ')
		}
		c.joined = append(c.joined, value...)
	}
	return first
}

// store puts what was joined into its field.
func (c *cookie) store(fields message.Fields) {
	if c.joined != nil {
		fields[c.at].Value = c.joined[:len(c.joined):len(c.joined)]
	}
}
