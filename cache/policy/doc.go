// Package policy is what HTTP says about caches, as functions of plain values:
// whether a response may be stored, for how long it is fresh, whether it may
// be used for this request, what of it is kept, and what a 304, a range or an
// unsafe method changes.
//
// It follows RFC 9111 (caching, as a shared cache does it), RFC 5861 (stale
// responses), RFC 9110 sections 8.8, 13 and 14 (validators, conditional and
// range requests), RFC 9211 (Cache-Status) and RFC 9213 (CDN-Cache-Control).
// Where they leave a choice it takes the one that cannot show a person what
// was meant for another, and the comment says so.
//
// It knows no store, no clock (times are arguments) and no goroutine, and it
// keeps nothing of what it is given but what a Meta holds, which is numbers.
// Everything here may be called by any number of goroutines at once.
//
//	request  -> Ask -> Matches -> Meta.Use -> NotModified, Range -> answer
//	response -> Judge -> StoredFields, AppendVary -> store
//	304      -> Updates -> Freshen -> Judge -> store
package policy
