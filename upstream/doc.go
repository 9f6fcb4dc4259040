// Package upstream knows a Pool's Upstreams: which one is next, a connection
// to it, whether it works, and how often a second Attempt is allowed.
//
//	        Pick            Get              Put
//	request ────▶ Upstream ────▶ connection ────▶ idle list ─┐
//	                  ▲              │ dial ▲                │
//	                  │        failed│      └────────────────┘
//	  those who may   │              ▼
//	  be picked ──────┴──────── health: in → out → trial → in
//	                                 ▲
//	   Fleet.Run: probes, checks, ───┘  sweep of idle connections
//
// A request takes one pick and one connection; it takes no lock
// but the short one of that Upstream's idle list and allocates nothing. All
// that is slow happens when an Upstream changes its state: who may be
// picked is then arranged anew and swapped.
//
// The life of one Attempt is: Pick, then Get (or GetFresh) on what it gave,
// then, if that gave a connection, exactly one of Put and Discard.
//
// A Fleet has every Upstream once, whichever Pools share it, and looks after
// its health: probes of those that are out, active checks, what requests meet.
package upstream
