package http2

import (
	"bytes"

	"sluice/grammar"
)

// defaultUrgency is that of a request that says nothing of it (RFC 9218
// section 4.1).
const defaultUrgency = headUrgency

// parsePriority reads a Priority field, or the value of a PRIORITY_UPDATE (RFC
// 9218 section 4): a dictionary of which u and i are known. What is out of
// range or of the wrong type is ignored, as if it were not there.
func parsePriority(value []byte) (urgency uint8, incremental bool) {
	urgency = defaultUrgency
	for len(value) > 0 {
		var member []byte
		member, value = nextMember(value)
		if semicolon := bytes.IndexByte(member, ';'); semicolon >= 0 {
			member = member[:semicolon] // parameters mean nothing here
		}
		switch member = grammar.TrimSpace(member); {
		case len(member) == 3 && member[0] == 'u' && member[1] == '=' && '0' <= member[2] && member[2] <= '7':
			urgency = member[2] - '0'
		case string(member) == "i", string(member) == "i=?1":
			incremental = true
		case string(member) == "i=?0":
			incremental = false
		}
	}
	return urgency, incremental
}

// nextMember cuts the first member off a dictionary. A comma within a string
// ends nothing.
func nextMember(list []byte) (member, rest []byte) {
	quoted := false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			return list[:i], list[i+1:]
		}
	}
	return list, nil
}
