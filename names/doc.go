// Package names turns names into addresses and never forgets them: a resolver
// that fails, lies or is throttled changes nothing for what runs.
//
//	Follow ──▶ entry (a Query) ◀── compose ── facts (A, AAAA, SRV) ◀── learn ─┐
//	              │        ▲                     │ due, within the budget     │
//	              │        └─ stored answers     ▼                            │
//	   changed() ◀┤           (state_dir)       Ask ──▶ net.Resolver ─────────┘
//	              ▼                              └─ a witness reads the TTLs
//	          Current                               of what passes by
//
//	Watch ──▶ watched file ── two looks alike, whole text ──▶ Current
//
// A fact is what is known about one question to the DNS. An answer replaces
// it; a failure never does; that there is nothing must be said again and again
// (see notFoundTries) before it counts. An entry is what one Query leads to,
// put together from its facts. Both are shared: however many Pools follow a
// name, each question is asked once.
//
// A Directory owns all of this. New starts nothing, Run does and owns every
// goroutine.
//
// Not here: DNSSEC, negative TTLs (RFC 2308; see fact.wait), addresses of the
// wrong network that look right (a resolver that sells NXDOMAIN as its own web
// page), health of what a name leads to. The package does not log and does not
// count for anybody: it hands out Events and Stats.
package names
