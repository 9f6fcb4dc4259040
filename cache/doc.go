// Package cache keeps responses, to answer with them again: as a read cache
// where a Route has one (RFC 9111), and as the last good copy when a Pool is
// down or sheds.
//
//	AppendKey ──► Cache.Find ──► Copy ──► Fields, Piece, ...
//	                  │ none
//	                  ▼
//	             Cache.Join ──► Flight ──► the one Exchange that asks for all
//	                                            │
//	                 Cache.Keep ──► Draft ◄─────┘
//
// What may be stored, for whom, and for how long it is fresh is said by package
// policy; where the bytes are, by package store. This one joins the two: heads
// as bytes, copies found by key and by what they vary on, and requests for the
// same thing brought together.
//
// It asks no Upstream and answers no client; proxy does.
package cache
