package degraded

import (
	"bytes"
	"compress/flate"
)

// stretch is a part of one body or of many: what all pages of a language begin
// with, what all end with, and what one has for itself.
type stretch struct {
	text []byte
	// What text is as DEFLATE blocks (RFC 1951) that refer to nothing before
	// them: with others to follow, which begin at a byte, and as the last ones
	// of a stream. Nil where no body needs it.
	inner, last []byte
}

// Common is what the bodies of several Answers have in common, compressed and
// kept once for all of them. It is used while they are built, by one goroutine
// at a time, and need not be kept afterwards.
type Common struct {
	stretches map[string]*stretch
	deflater  *flate.Writer // nil: nothing was compressed yet
}

// NewCommon returns a Common that holds nothing yet.
func NewCommon() *Common { return &Common{stretches: make(map[string]*stretch)} }

// stretch returns the one with that text.
func (c *Common) stretch(text string) *stretch {
	s := c.stretches[text]
	if s == nil {
		s = &stretch{text: []byte(text)}
		c.stretches[text] = s
	}
	return s
}

// deflateInner compresses s for a place before others.
func (c *Common) deflateInner(s *stretch) {
	if s.inner == nil {
		// Flush puts an empty block behind it, which ends at a byte.
		s.inner = c.blocks(s.text, (*flate.Writer).Flush)
	}
}

// deflateLast compresses s for the end of a stream.
func (c *Common) deflateLast(s *stretch) {
	if s.last == nil {
		s.last = c.blocks(s.text, (*flate.Writer).Close)
	}
}

// blocks compresses a text on its own.
func (c *Common) blocks(text []byte, end func(*flate.Writer) error) []byte {
	var out bytes.Buffer
	var err error
	if c.deflater == nil {
		c.deflater, err = flate.NewWriter(&out, flate.BestCompression)
	} else {
		c.deflater.Reset(&out)
	}
	if err == nil {
		_, err = c.deflater.Write(text)
	}
	if err == nil {
		err = end(c.deflater)
	}
	if err != nil {
		panic("internal error: compress into memory: " + err.Error())
	}
	return bytes.Clone(out.Bytes())
}
