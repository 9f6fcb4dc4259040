// Package grammar is the syntax that all versions of HTTP share: the classes
// of bytes, tokens, lists, numbers, authorities, request targets, field values
// and dates of RFC 9110 and RFC 3986.
//
// http1 and http2 ask it about bytes that they have cut out of a message by
// their own rules. It knows nothing of lines, frames, or who has sent what;
// where there is more to say than yes or no it gives a small enum that each of
// them turns into its own words. Nothing here allocates (but DateCache, once
// a second), and nothing keeps what it was given.
package grammar
