// Package degraded holds what a client gets instead of an upstream's response:
// the degraded answer of a Site or Route (an HTML page or JSON, by what is the
// matter), the short pages for requests that Sluice itself refuses, and the pages
// of a Site's waiting room.
//
//	config time                       request time
//	New(Options)   ──► Answer   ──►   Choose(kind, accept, language) ──► *Body
//	NewRefusals()  ──► Refusals ──►   Choose(status, ...)            ──► *Body
//	                                                                      │
//	                                 gzip or not: body.For(encoding)  ◄───┘
//	                                 body.Fields, body.Pieces(scratch, id)
//
//	NewRoomPages() ──► RoomPages ──►  Render(buf, view, ...)   ──► RoomAnswer
//
// Every body is rendered and compressed at config time, in each language and
// form; of a waiting room's, which differ from one visitor to the next, all but
// the few hundred bytes that do is rendered. What is left for request time is to
// read three field values and to copy bytes, without an allocation: an answer
// given under overload has to cost far less than the request it stands for.
//
// The package does not decide whether to degrade, nor a visitor's place, nor
// (but for a waiting room's) the status. It writes nothing to a connection and
// starts nothing.
package degraded
