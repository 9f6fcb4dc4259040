package http1

import (
	"sluice/grammar"
	"sluice/message"
)

// maxNominated is how many fields a head's Connection fields may nominate
// beside the options Sluice understands. Each is compared with every field.
const maxNominated = 16

// connectionField is what all Connection fields of a head say together.
//
// "Intermediaries MUST parse a received Connection header field before a
// message is forwarded and, for each connection-option in this field, remove
// any header or trailer field(s) from the message with the same name as the
// connection-option" (RFC 9110 section 7.6.1). That lets a client take fields
// out of the request that a proxy before us has put in (hop-by-hop header
// abuse: "Connection: X-Forwarded-For, Authorization, Cookie"). But also: "A
// sender MUST NOT send a connection option corresponding to a field that is
// intended for all recipients of the content." So a nomination of such a
// field is an error, not something to carry out. What Sluice itself adds for
// the upstream it adds later, out of a nomination's reach.
type connectionField struct {
	close, keepAlive, upgrade, te bool

	nominated [maxNominated][]byte // other options: names of fields to remove
	n         int                  // how many of them
}

func (c *connectionField) reset() {
	c.close, c.keepAlive, c.upgrade, c.te = false, false, false, false
	c.n = 0
}

// add takes the options of one Connection field.
func (c *connectionField) add(list []byte) fault {
	for len(list) > 0 {
		var option []byte
		option, list = grammar.NextItem(list)
		if len(option) == 0 {
			continue
		}
		if bad := c.addOption(option); bad != faultNone {
			return bad
		}
	}
	return faultNone
}

func (c *connectionField) addOption(option []byte) fault {
	switch {
	case message.EqualFold(option, "close"):
		c.close = true
	case message.EqualFold(option, "keep-alive"):
		c.keepAlive = true
	case message.EqualFold(option, "upgrade"):
		c.upgrade = true
	case message.EqualFold(option, "te"):
		c.te = true
	case !grammar.IsToken(option):
		return faultConnectionByte
	case isEndToEnd(option):
		return faultConnectionNominates
	case c.n == maxNominated:
		return faultNominatedCount
	default:
		c.nominated[c.n] = option
		c.n++
	}
	return faultNone
}

// strip removes the nominated fields from fields, in place.
func (c *connectionField) strip(fields message.Fields) message.Fields {
	if c.n == 0 {
		return fields
	}
	kept := fields[:0]
	for _, field := range fields {
		if !c.nominates(field.Name) {
			kept = append(kept, field)
		}
	}
	return kept
}

func (c *connectionField) nominates(name []byte) bool {
	for _, option := range c.nominated[:c.n] {
		if grammar.EqualNames(option, name) {
			return true
		}
	}
	return false
}

// isEndToEnd reports whether a field of that name is certainly meant for the
// other end, or for Sluice to decide on, so that it cannot belong to one
// connection. Every known name is such that is not hop-by-hop; the
// credentials for a proxy are between the two, and may go. Transfer-Encoding
// may be nominated (some servers do): framing is read before anything is
// removed and never copied.
func isEndToEnd(name []byte) bool {
	switch id := message.NameOf(name); id {
	case message.OtherName:
		return listed(name, endToEndNames[:]) || prefixed(name, endToEndPrefixes[:])
	case message.ProxyAuthenticate, message.ProxyAuthorization:
		return false
	default:
		return !id.HopByHop()
	}
}

var endToEndNames = [...]string{
	"age", "authorization", "cache-control", "date", "etag", "expires", "from", "location", "origin", "pragma",
	"range", "referer", "set-cookie", "vary", "via", "www-authenticate", "x-client-ip", "x-request-id",
}

var endToEndPrefixes = [...]string{
	"accept-", "access-control-", "content-", "if-", "sec-", "x-forwarded-",
}

func listed(name []byte, list []string) bool {
	for _, s := range list {
		if message.EqualFold(name, s) {
			return true
		}
	}
	return false
}

func prefixed(name []byte, list []string) bool {
	for _, s := range list {
		if len(name) >= len(s) && message.EqualFold(name[:len(s)], s) {
			return true
		}
	}
	return false
}
