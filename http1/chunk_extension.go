package http1

import "sluice/grammar"

// chunkExtension follows the extensions of one chunk, from the byte after
// the first ";" on, and accepts what the grammar has:
//
//	chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
//
// where a name is a token and a value a token or a quoted string (RFC 9112
// section 7.1.1). Nobody uses extensions, but they have been a place to hide
// line ends from one reader and show them to another; an extension that is
// not one is therefore refused and not skipped.
type chunkExtension struct {
	state extensionState
	size  int // bytes so far
}

type extensionState uint8

const (
	extensionBeforeName  extensionState = iota // white space or the name
	extensionName                              // in the name
	extensionAfterName                         // white space, "=" or ";"
	extensionBeforeValue                       // white space or the value
	extensionValue                             // in a token
	extensionQuoted                            // in a quoted string
	extensionEscaped                           // after its backslash
	extensionAfterValue                        // white space or ";"
)

// mayEnd reports whether the line may end here.
func (x *chunkExtension) mayEnd() bool {
	switch x.state {
	case extensionName, extensionAfterName, extensionValue, extensionAfterValue:
		return true
	}
	return false
}

// step takes one byte; false means that no extension has it here.
func (x *chunkExtension) step(c byte) bool {
	x.size++
	switch x.state {
	case extensionQuoted:
		return x.stepQuoted(c)
	case extensionEscaped:
		x.state = extensionQuoted
		return isText(c)
	}
	switch {
	case grammar.Token.Has(c):
		return x.stepToken()
	case grammar.IsSpace(c):
		return x.stepSpace()
	case c == ';' && x.mayEnd():
		x.state = extensionBeforeName
	case c == '=' && (x.state == extensionName || x.state == extensionAfterName):
		x.state = extensionBeforeValue
	case c == '"' && x.state == extensionBeforeValue:
		x.state = extensionQuoted
	default:
		return false
	}
	return true
}

func (x *chunkExtension) stepToken() bool {
	switch x.state {
	case extensionBeforeName:
		x.state = extensionName
	case extensionBeforeValue:
		x.state = extensionValue
	case extensionAfterName, extensionAfterValue:
		return false
	}
	return true
}

func (x *chunkExtension) stepSpace() bool {
	switch x.state {
	case extensionName:
		x.state = extensionAfterName
	case extensionValue:
		x.state = extensionAfterValue
	}
	return true
}

func (x *chunkExtension) stepQuoted(c byte) bool {
	switch c {
	case '"':
		x.state = extensionAfterValue
	case '\\':
		x.state = extensionEscaped
	}
	return isText(c)
}

// isText reports whether c may stand in a quoted string, or behind a
// backslash there: HTAB, SP, visible characters and obs-text.
func isText(c byte) bool { return c == '\t' || c >= 0x20 && c != 0x7f }
