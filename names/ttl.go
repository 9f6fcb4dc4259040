package names

import (
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// typeDNAME is that of RFC 6672, which dnsmessage has no name for.
const typeDNAME dnsmessage.Type = 39

// sighting is what one response says, as far as a witness cares.
type sighting struct {
	name  string // that was asked for, in lower case
	final bool   // the name was answered, be it by NXDOMAIN; not a failure, not cut short
	timed bool   // ttl was told
	ttl   uint32 // the smallest of the records that lead to the answer, in seconds
}

// questionName returns the name that a query asks for, in lower case, or "".
func questionName(query []byte) string {
	_, q, ok := head(query)
	if !ok {
		return ""
	}
	return strings.ToLower(q.Name.String())
}

func head(message []byte) (p dnsmessage.Parser, q dnsmessage.Question, ok bool) {
	if _, err := p.Start(message); err != nil {
		return p, q, false
	}
	q, err := p.Question()
	return p, q, err == nil
}

// inspect reads a response to query. ok is false if it is none: bytes that
// anybody may have sent, of which net will make nothing either. It allocates no
// more than the name.
func inspect(query, response []byte) (s sighting, ok bool) {
	asked, err := new(dnsmessage.Parser).Start(query)
	_, question, whole := head(query)
	if err != nil || !whole {
		return s, false
	}
	var p dnsmessage.Parser
	h, err := p.Start(response)
	if err != nil || !h.Response || h.ID != asked.ID {
		return s, false
	}
	q, err := p.Question()
	if err != nil || q.Type != question.Type || q.Class != question.Class ||
		!strings.EqualFold(q.Name.String(), question.Name.String()) || p.SkipAllQuestions() != nil {
		return s, false
	}
	s.name = strings.ToLower(question.Name.String())
	s.final = !h.Truncated && (h.RCode == dnsmessage.RCodeSuccess || h.RCode == dnsmessage.RCodeNameError)
	return smallestTTL(&p, q.Type, s)
}

// smallestTTL reads the answer section. Only the records asked for and those
// that lead to them count: signatures and the like may be of any age.
//
// "Implementations should treat TTL values received with the most significant
// bit set as if the entire value received was zero" (RFC 2181 section 8).
func smallestTTL(p *dnsmessage.Parser, asked dnsmessage.Type, s sighting) (sighting, bool) {
	for {
		h, err := p.AnswerHeader()
		if err == dnsmessage.ErrSectionDone {
			return s, true
		}
		if err != nil || p.SkipAnswer() != nil {
			return sighting{}, false
		}
		if h.Type != asked && h.Type != dnsmessage.TypeCNAME && h.Type != typeDNAME {
			continue
		}
		ttl := h.TTL
		if ttl >= 1<<31 {
			ttl = 0
		}
		if !s.timed || ttl < s.ttl {
			s.timed, s.ttl = true, ttl
		}
	}
}
