// Package degraded holds what a client gets instead of an upstream's response:
// the degraded answer of a Site (an HTML page or JSON), and the short pages
// for requests that Sluice itself refuses.
//
//	config time                       request time
//	New(Options)   ──► Answer   ──►   Choose(accept, language) ──► *Body
//	NewRefusals()  ──► Refusals ──►   Choose(status, ...)      ──► *Body
//	                                                                │
//	                            body.Fields, body.Pieces(id)  ◄─────┘
//
// Every body is rendered at config time, in each language and form. What is
// left for request time is to read two field values and to copy bytes, without
// an allocation: an answer given under overload has to cost far less than the
// request it stands for.
//
// The package decides neither the status nor whether to degrade, writes
// nothing to a connection, and starts nothing.
package degraded
