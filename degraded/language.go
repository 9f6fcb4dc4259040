package degraded

// language is one that the built-in pages are written in.
type language uint8

const (
	english language = iota
	chinese
	languages // how many there are
)

// tag returns the language's tag for the lang attribute.
func (l language) tag() string {
	return [languages]string{english: "en", chinese: "zh-CN"}[l]
}

// languageOf returns the language that an Accept-Language field prefers, and
// English when it names neither.
//
// Of two that weigh the same the first counts. RFC 9110 section 12.5.4 says
// that "some recipients treat the order in which language tags are listed as
// an indication of descending priority"; users' agents write their lists so.
func languageOf(accept []byte) language {
	best, q := english, uint16(0)
	for list := accept; len(list) > 0; {
		var e element
		e, list = nextElement(list)
		if !e.valid || e.q <= q {
			continue
		}
		if l, ok := known(e.value); ok {
			best, q = l, e.q
		}
	}
	return best
}

// known returns the language of a range. Chinese is one written language here:
// who reads zh-TW reads the page better in zh-CN than in English.
func known(r []byte) (language, bool) {
	switch primary := primarySubtag(r); {
	case equalFold(primary, "en"):
		return english, true
	case equalFold(primary, "zh"), equalFold(primary, "cmn"), equalFold(primary, "yue"):
		return chinese, true
	}
	return english, false
}

// primarySubtag returns what stands before the first hyphen, or before the
// underscore that some apps send in its place (zh_CN).
func primarySubtag(r []byte) []byte {
	for i, c := range r {
		if c == '-' || c == '_' {
			return r[:i]
		}
	}
	return r
}
