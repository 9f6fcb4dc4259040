// Package store keeps objects, each a key, a head and a body, in a fixed amount
// of memory, and lets go of those that are least likely to be asked for again.
// Its user is the cache of HTTP responses, but it knows no HTTP.
//
//	Find ──▶ shard: a lock, buckets ──▶ record ─▶ record ─▶ …   newest first
//	                                      │
//	arena, in blocks:  [record key hea][d body……][……body……][…]  of one object
//	                       │
//	queues:    small ◀── Commit         an object that was used in small
//	             │  └────▶ main         moves to main; what leaves small
//	             ▼         │            unused is remembered as a ghost, and
//	           ghost       ▼            goes to main at once if it comes again
//
// All of it, with the index, lies in one mapping outside of Go's heap, so that
// the collector neither looks at a million objects nor doubles what they cost.
// A block is as good as any other: who evicts n blocks has room for n, and
// nothing is ever moved. An object finds its blocks as a file of Unix does,
// see directory.
//
// The queues are those of S3-FIFO (Yang and others, SOSP 2023). A hit changes
// one small number, takes the lock of one of 64 shards, and moves nothing.
// Keys that are asked for once only ever pass through small, a tenth of the
// memory: a scan cannot flush the rest.
//
// Who has an Object holds a reference, and its blocks stay until the last
// Release, even if it was evicted, replaced or removed meanwhile. Nothing here
// waits for room: if all is in use, the answer is no.
//
// There are two kinds of locks. Store.mu guards blocks and queues; it is taken
// for what changes them, not for hits. The lock of a shard guards who is in
// its buckets. Whoever needs both takes Store.mu first. Neither is held while
// functions of the caller run or bodies are copied.
package store
