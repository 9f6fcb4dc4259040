package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// Token is what a request has to bring. The zero Token is none: nobody has to
// bring anything.
type Token struct {
	wanted bool
	none   bool // nobody has it
	sum    [sha256.Size]byte
}

// NewToken returns the Token with this text. Of an empty text it is one that
// nobody has: so nobody is let in while the real one cannot be read.
func NewToken(text string) Token {
	return Token{wanted: true, none: text == "", sum: sha256.Sum256([]byte(text))}
}

// is reports whether text is t's. How long it takes says nothing about t.
func (t Token) is(text string) bool {
	sum := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(sum[:], t.sum[:]) == 1 && !t.none
}

// brought returns the token of a request (RFC 6750 section 2.1), and whether
// there is one.
func brought(r *http.Request) (text string, ok bool) {
	fields := r.Header.Values("Authorization")
	if len(fields) != 1 {
		return "", false
	}
	scheme, text, _ := strings.Cut(fields[0], " ")
	text = strings.TrimLeft(text, " ")
	return text, strings.EqualFold(scheme, "Bearer") && text != ""
}

// isOpen reports whether a path is for everybody: it says whether we live, or it
// belongs to the page, which holds no data and asks for the token itself.
func isOpen(path string) bool {
	return path == "/healthz" || path == "/readyz" || isPage(path)
}

// admits reports whether a request brings the token. If it does not, that has
// been answered.
//
// Who has the right one never waits for those who try others, so a flood of
// tries locks nobody out. That nobody finds it by trying is its length's doing;
// the pause only sees to it that a fool's loop costs us little.
func (g guard) admits(w http.ResponseWriter, r *http.Request) bool {
	want := g.token()
	if !want.wanted {
		return true
	}
	text, ok := brought(r)
	if ok && want.is(text) {
		return true
	}
	h := w.Header()
	h.Set("Connection", "close")
	if ok {
		from := clientOf(r)
		if !g.tries.pause(r.Context(), from) {
			h.Set("Retry-After", "1")
			say(w, http.StatusTooManyRequests, "too many wrong tokens at a time")
			return false
		}
		g.wrongToken(from)
	}
	h.Set("WWW-Authenticate", `Bearer realm="sluice"`)
	say(w, http.StatusUnauthorized, "Authorization: Bearer and the token of server.admin_token are needed")
	return false
}
