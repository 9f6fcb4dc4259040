package degraded

import "bytes"

// prefersHTML reports whether a client with this Accept field gets the page
// and not JSON.
//
// The form with the higher weight wins, as RFC 9110 section 12.5.1 says. It
// leaves open what to send when both weigh the same, and most clients send
// exactly that: curl, fetch(), app clients and WeChat's wx.request send
// "*/*" or no Accept at all. So the tie is decided by who names what:
//
//   - A browser that opens a page always names text/html (and never JSON), so
//     a client that names HTML and not JSON gets the page.
//   - Everybody else gets JSON. Whoever names application/json has code that
//     reads it, and to whoever names neither a page would be a parse error at
//     the worst moment, while JSON is short enough to be read by a person too.
//
// The known loser is Java's old HttpURLConnection, a program that names
// text/html by default; a route with Mode JSON is for such clients.
//
// A client that accepts neither form gets JSON nevertheless: the same section
// lets a server "disregard the Accept header field by treating the response
// as if it is not subject to content negotiation", and the other choice, a
// 406, would hide why there is no proper answer.
func prefersHTML(accept []byte) bool {
	html, json := weigh(accept)
	if html.q != json.q {
		return html.q > json.q
	}
	return html.q > 0 && html.named() && !json.named()
}

// weigh reads an Accept field once and returns what it says of both forms.
func weigh(accept []byte) (html, json preference) {
	for list := accept; len(list) > 0; {
		var e element
		e, list = nextElement(list)
		if !e.valid {
			continue
		}
		html.see(matchHTML(e), e.q)
		json.see(matchJSON(e), e.q)
	}
	return html, json
}

// matchHTML returns how closely a media range describes the page, which is
// sent as "text/html; charset=utf-8".
func matchHTML(e element) match {
	switch {
	case equalFold(e.value, "text/html"):
		return exactly(e)
	case equalFold(e.value, "application/xhtml+xml"):
		return matchKind
	case equalFold(e.value, "text/*"):
		return matchType
	}
	return matchAll(e)
}

// matchJSON returns how closely a media range describes the JSON, which is
// sent as "application/json". A client that names a type made of JSON, such as
// application/problem+json, has code that reads JSON.
func matchJSON(e element) match {
	switch {
	case equalFold(e.value, "application/json"):
		return exactly(e)
	case equalFold(e.value, "text/json"), hasSuffixFold(e.value, "+json"):
		return matchKind
	case equalFold(e.value, "application/*"):
		return matchType
	}
	return matchAll(e)
}

// exactly returns matchExact, or less for a range with parameters: it asks
// for something more special than what is sent.
func exactly(e element) match {
	if e.special {
		return matchKind
	}
	return matchExact
}

// matchAll returns matchAny for "*/*", and for the bare "*" that old Java
// clients send.
func matchAll(e element) match {
	if bytes.Equal(e.value, []byte("*/*")) || bytes.Equal(e.value, []byte("*")) {
		return matchAny
	}
	return matchNone
}

// match is how closely a range describes a form, the closest being the
// highest: "Media ranges can be overridden by more specific media ranges or
// specific media types. If more than one media range applies to a given type,
// the most specific reference has precedence." (RFC 9110 section 12.5.1)
type match uint8

const (
	matchNone  match = iota
	matchAny         // */*
	matchType        // text/*
	matchKind        // a relative: application/xhtml+xml, text/html;level=1
	matchExact       // text/html
)

// preference is what an Accept field says of one form.
type preference struct {
	match match
	q     uint16 // in thousandths; 0 is "not acceptable"
}

// see takes one range into account; the closest match decides.
func (p *preference) see(m match, q uint16) {
	if m > p.match || m == p.match && m != matchNone && q > p.q {
		p.match, p.q = m, q
	}
}

// named reports whether the client named the form and did not merely include
// it in a wildcard.
func (p preference) named() bool { return p.match >= matchKind }
