package policy

import "sluice/grammar"

// control is what the Cache-Control lines of a response say, or those of a
// targeted field (RFC 9111 section 5.2.2, RFC 5861).
type control struct {
	maxAge, sMaxAge                    delta
	staleWhileRevalidate, staleIfError delta

	noStore, noCache, private       bool
	mustRevalidate, proxyRevalidate bool
	public, mustUnderstand          bool

	partlyPrivate bool // private="..." names fields
	named         int  // how many fields no-cache="..." and private="..." name
	strict        bool // a structured field: an integer is not a string
	broken        bool // a quote was never closed
}

// delta is delta-seconds as a directive states it. Its zero value says that
// the directive is absent, so that a control's zero value says nothing.
type delta struct {
	seconds int64
	stated  bool
	invalid bool // no number, or several that don't agree; seconds is then 0
}

// maxNamed bounds the fields that a response may keep from being stored by
// name. Who names more gets the directive without names, which is stricter.
const maxNamed = 16

// read takes one line of Cache-Control into account: several lines are one list
// (RFC 9110 section 5.3), but a quote that is not closed ends with its line.
func (c *control) read(line []byte) {
	for line != nil {
		var d directive
		var open bool
		d, line, open = nextDirective(line)
		c.broken = c.broken || open
		c.take(d)
		if d.form == formOther {
			c.distrust(d.value)
		}
	}
}

// take takes one directive into account. An argument where none belongs takes
// nothing from a directive that forbids, and makes void one that permits.
func (c *control) take(d directive) {
	switch d.kind {
	case kindMaxAge:
		c.set(&c.maxAge, d)
	case kindSMaxAge:
		c.set(&c.sMaxAge, d)
	case kindStaleWhileRevalidate:
		c.set(&c.staleWhileRevalidate, d)
	case kindStaleIfError:
		c.set(&c.staleIfError, d)
	case kindNoStore:
		c.noStore = true
	case kindNoCache:
		c.noCache = !c.naming(d) || c.noCache
	case kindPrivate:
		named := c.naming(d)
		c.private = c.private || !named
		c.partlyPrivate = c.partlyPrivate || named
	case kindMustRevalidate:
		c.mustRevalidate = true
	case kindProxyRevalidate:
		c.proxyRevalidate = true
	case kindPublic:
		c.public = c.public || d.form == formNone
	case kindMustUnderstand:
		c.mustUnderstand = c.mustUnderstand || d.form == formNone
	}
}

// set takes one statement of a time. "When there is more than one value
// present for a given directive [...], either the first occurrence should be
// used or the response should be considered stale" (RFC 9111 section 4.2.1);
// it is the second here, and for what is no number too.
func (c *control) set(to *delta, d directive) {
	n, ok := parseDelta(d.value)
	ok = ok && (d.form == formToken || d.form == formQuoted && !c.strict)
	if !ok || to.stated && to.seconds != n {
		*to = delta{stated: true, invalid: true}
	}
	if !to.invalid {
		*to = delta{seconds: n, stated: true}
	}
}

// naming reports whether d is confined to the fields that it names, and
// counts them.
func (c *control) naming(d directive) bool {
	if d.form != formToken && d.form != formQuoted {
		return false
	}
	n := 0
	for list := d.value; len(list) > 0; {
		var item []byte
		item, list = grammar.NextItem(list)
		if len(item) == 0 {
			continue
		}
		if !grammar.IsToken(item) || indispensable(item) {
			return false
		}
		n++
	}
	c.named += n
	return n > 0 && c.named <= maxNamed
}

// distrust looks for directives in an element that is none by the grammar,
// such as "no-cache no-store" or "max-age=60; private": what forbids is
// obeyed, and what states a time has stated none.
func (c *control) distrust(element []byte) {
	for i := 0; i < len(element); {
		end := grammar.Token.End(element, i)
		switch d := (directive{kind: kindOf(element[i:end])}); d.kind {
		case kindNoStore, kindNoCache, kindPrivate, kindMustRevalidate, kindProxyRevalidate,
			kindMaxAge, kindSMaxAge, kindStaleIfError, kindStaleWhileRevalidate:
			c.take(d)
		}
		i = end + 1
	}
}

// restrict adds to c what o forbids.
func (c *control) restrict(o *control) {
	c.noStore = c.noStore || o.noStore
	c.noCache = c.noCache || o.noCache
	c.private = c.private || o.private
	c.partlyPrivate = c.partlyPrivate || o.partlyPrivate
	c.mustRevalidate = c.mustRevalidate || o.mustRevalidate
	c.proxyRevalidate = c.proxyRevalidate || o.proxyRevalidate
	c.broken = c.broken || o.broken
}
