package proxy

import (
	"math/rand/v2"

	"sluice/message"
)

const (
	idLength    = 20 // of one that we make: 100 bits
	maxID       = 64 // of one that is passed on
	idAlphabet  = "0123456789abcdefghjkmnpqrstvwxyz"
	idAlphaBits = 5
)

// takeID passes on the Request-Id of the client, if it is one, or makes one.
// It is not a secret; it only has to be unique among the Exchanges that people
// talk about.
func (x *Exchange) takeID() {
	if id := x.r.Fields.Get(message.RequestID); validID(id) && x.r.Fields.Count(message.RequestID) == 1 {
		x.id = id
		return
	}
	x.id = x.idArr[:]
	bits, left := rand.Uint64(), 64
	for i := range x.idArr {
		if left < idAlphaBits {
			bits, left = rand.Uint64(), 64
		}
		x.idArr[i] = idAlphabet[bits&(1<<idAlphaBits-1)]
		bits >>= idAlphaBits
		left -= idAlphaBits
	}
}

// validID reports whether an id may go into logs, pages and fields as it is.
func validID(id []byte) bool {
	if len(id) == 0 || len(id) > maxID {
		return false
	}
	for _, c := range id {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}

// ownID reports that the Request-Id was made here and not passed on.
func (x *Exchange) ownID() bool { return &x.id[0] == &x.idArr[0] }
