package policy

import (
	"sluice/grammar"
	"sluice/message"
)

// StoredFields appends to dst the fields of a response that are stored (RFC
// 9111 section 3.1). Values are not copied. It leaves out
//
//   - what belongs to a connection or to a proxy (the wire has taken out what
//     Connection names already), Proxy-Status among it;
//   - Age, because Meta counts it from here on;
//   - Set-Cookie, though Judge stores no response with it: a cookie that gets
//     in some other way must not get out;
//   - Cache-Status and Request-Id, which say how one Exchange went, and would
//     be untrue of each that follows;
//   - the fields that no-cache="..." and private="..." name (sections 5.2.2.4
//     and 5.2.2.7): they would have to be asked for each time.
//
// A response without a Date needs one before it is stored, of the time when it
// was received (RFC 9110 section 6.6.1). Adding that is for the caller.
func StoredFields(dst message.Fields, resp *message.Response) message.Fields {
	var named namedFields
	for i := range resp.Fields {
		switch f := &resp.Fields[i]; nameOf(f) {
		case nameCacheControl, nameCDNCacheControl:
			named.read(f.Value)
		}
	}
	for i := range resp.Fields {
		if f := &resp.Fields[i]; !passing(f) && nameOf(f) != nameAge && !named.has(f.Name) {
			dst = append(dst, *f)
		}
	}
	return dst
}

// passing reports a field that is about one Exchange only.
func passing(f *message.Field) bool {
	if f.ID.HopByHop() || f.ID == message.RequestID {
		return true
	}
	switch nameOf(f) {
	case nameSetCookie, nameCacheStatus:
		return true
	}
	const family = "proxy-"
	return len(f.Name) > len(family) && message.EqualFold(f.Name[:len(family)], family)
}

// namedFields are the fields that a response's Cache-Control confines no-cache
// and private to. If there are more than fit, Judge has taken the directives
// for those without names, and what is not here does no harm.
type namedFields struct {
	names [2 * maxNamed][]byte
	n     int
}

// read takes one line of Cache-Control or of a targeted field into account.
func (n *namedFields) read(line []byte) {
	for line != nil {
		var d directive
		d, line, _ = nextDirective(line)
		if d.kind != kindNoCache && d.kind != kindPrivate || d.form != formToken && d.form != formQuoted {
			continue
		}
		for list := d.value; len(list) > 0 && n.n < len(n.names); {
			var item []byte
			if item, list = grammar.NextItem(list); grammar.IsToken(item) && !indispensable(item) {
				n.names[n.n] = item
				n.n++
			}
		}
	}
}

func (n *namedFields) has(name []byte) bool {
	for _, s := range n.names[:n.n] {
		if grammar.EqualNames(name, s) {
			return true
		}
	}
	return false
}

// indispensable reports a name without which a stored response would be used
// wrongly. A directive that is confined to such a field is taken for one that
// isn't confined at all.
func indispensable(b []byte) bool {
	f := message.Field{Name: b, ID: message.NameOf(b)}
	switch nameOf(&f) {
	case nameCacheControl, nameCDNCacheControl, nameContentEncoding, nameDate, nameExpires, nameVary:
		return true
	}
	return f.ID == message.ContentType
}
