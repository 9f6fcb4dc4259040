package proxy

import "sluice/message"

const hsts = "strict-transport-security"

var nameHSTS = []byte("Strict-Transport-Security")

// withHSTS puts the Site's Strict-Transport-Security among the fields of a
// response. There it stands alone: a browser takes the first of several
// (RFC 6797 section 8.1), and what the Site's owner has configured for the
// proxy is meant to hold, whatever applications behind it say.
//
// To a person whose connection is not secure nothing of it is said (section
// 7.2). What counts is the person's: a trusted peer that ends TLS speaks for it.
func (x *Exchange) withHSTS(f message.Fields) message.Fields {
	if x.site == nil || len(x.site.HSTS) == 0 {
		return f
	}
	f = withoutHSTS(f)
	if !x.secure {
		return f
	}
	return append(f, message.Field{Name: nameHSTS, Value: x.site.HSTS})
}

// withoutHSTS removes, in place, what others say under the name.
func withoutHSTS(f message.Fields) message.Fields {
	kept := f[:0]
	for i := range f {
		if !message.EqualFold(f[i].Name, hsts) {
			kept = append(kept, f[i])
		}
	}
	return kept
}
