package policy

// Why is why a response is not stored.
type Why uint8

// What Judge finds, in the order in which it looks.
const (
	WhyNone          Why = iota // it may be stored
	WhyMethod                   // the request was no GET
	WhyContent                  // the request had content, or asked for another protocol
	WhyStatus                   // the status is not for storing
	WhyNoStore                  // no-store, of the request or of the response
	WhySetCookie                // Set-Cookie: it is one person's
	WhyMalformed                // a Cache-Control that nobody can read
	WhyPrivate                  // private
	WhyAuthorization            // the request had Authorization
	WhyVary                     // Vary: *, too many names, or what is no name
	WhyPartial                  // Content-Range
	WhyRevalidate               // must-revalidate or proxy-revalidate: no last good copy
	WhyNoCache                  // no-cache, and no validator or no last good copy
	WhyFreshness                // never fresh, and no validator
)

var whyWords = [...]string{
	WhyNone:          "",
	WhyMethod:        "method",
	WhyContent:       "content",
	WhyStatus:        "status",
	WhyNoStore:       "no-store",
	WhySetCookie:     "set-cookie",
	WhyMalformed:     "malformed",
	WhyPrivate:       "private",
	WhyAuthorization: "authorization",
	WhyVary:          "vary",
	WhyPartial:       "partial",
	WhyRevalidate:    "must-revalidate",
	WhyNoCache:       "no-cache",
	WhyFreshness:     "no freshness",
}

// String returns one or two words, "" for WhyNone.
func (w Why) String() string {
	if int(w) >= len(whyWords) {
		return "unknown"
	}
	return whyWords[w]
}
