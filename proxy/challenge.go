package proxy

import (
	"bytes"

	"sluice/message"
)

const (
	// challengePrefix is where a CA looks when it validates by http-01 that a
	// name leads here (RFC 8555 section 8.3); a token follows.
	challengePrefix = "/.well-known/acme-challenge/"
	// maxToken bounds tokens, which that section does not. CAs' have some 43
	// bytes.
	maxToken = 256
)

var (
	nameContentType  = []byte("Content-Type")
	nameCacheControl = []byte("Cache-Control")

	// The type is that of RFC 8555's example: no browser shows it as a page.
	// No cache may keep what ends with the validation.
	typeChallenge = []byte("application/octet-stream")
	noStore       = []byte("no-store")
)

// findChallenge finds the answer to a CA's validation and reports whether this
// is one: a token that we don't know may be that of a program behind us which
// orders certificates too, and its request goes on as any other does. To an
// extended CONNECT a 200 would say that a tunnel stands.
func (x *Exchange) findChallenge() bool {
	const n = len(challengePrefix)
	t := x.r.Target
	if x.gen.Challenge == nil || len(t) < n || string(t[:n]) != challengePrefix {
		return false
	}
	token := x.r.Path()[n:]
	if m := string(x.r.Method); m != "GET" && m != "HEAD" || x.r.Connect || !validToken(token) {
		return false
	}
	host := bytes.ToLower(hostOf(x.r.Authority))
	var known bool
	x.challenge, known = x.gen.Challenge(string(host), string(token))
	return known
}

// answerChallenge answers a validation. There need be no Site for its host.
func (x *Exchange) answerChallenge() {
	x.status, x.site = 200, x.gen.Sites.find(x.r.Authority)
	x.resp = message.Response{Status: x.status, Length: int64(len(x.challenge)), Fields: x.withHSTS(append(x.added[:0],
		message.Field{Name: nameContentType, Value: typeChallenge, ID: message.ContentType},
		message.Field{Name: nameCacheControl, Value: noStore},
		message.Field{Name: nameRequestID, Value: x.id, ID: message.RequestID}))}
	err := x.w.Start(&x.resp)
	if err == nil {
		err = x.w.Write(x.challenge)
	}
	if err == nil {
		err = x.w.Finish(nil)
	}
	x.failure = x.done(err)
}

// validToken reports whether a token may be one: of the base64url alphabet,
// without padding (RFC 8555 section 8.3).
func validToken(token []byte) bool {
	if len(token) == 0 || len(token) > maxToken {
		return false
	}
	for _, c := range token {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}
