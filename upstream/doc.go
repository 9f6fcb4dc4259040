// Package upstream knows a Pool's Upstreams: which one is next, a connection
// to it, whether it works, and how often a second Attempt is allowed.
//
//	        Pick            Get              Put
//	request ────▶ Upstream ────▶ connection ────▶ idle list ─┐
//	                  ▲              │ dial ▲                │
//	                  │        failed│      └────────────────┘
//	   ring of those  │              ▼
//	   in service ────┴──────── health: in → out → trial → in
//	                                 ▲
//	   Run: probes of those out, ────┘  names → addresses, sweep of idle
//
// A request takes one step of the ring and one connection; it takes no lock
// but the short one of that Upstream's idle list and allocates nothing. All
// that is slow happens when an Upstream changes its state: the ring of those
// in service is then built anew and swapped.
//
// The life of one Attempt is: Pick, then Get (or GetFresh) on what it gave,
// then, if that gave a connection, exactly one of Put and Discard.
//
// Not here: active HTTP checks, response failures as evidence, slow start,
// Balancers other than round robin, SRV records, DNS TTLs.
package upstream
