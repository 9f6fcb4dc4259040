// Package metrics counts Exchanges and shows what it and others have counted
// to Prometheus.
//
//	Exchange ──► lanes of atomic counters ──┐
//	                                        ├── at a scrape ──► Page ──► Handler
//	what others count (Register) ───────────┘
//
// Counting is on the data path: it allocates nothing, takes no lock, and cores
// don't write to each other's cache lines. All else happens when somebody
// scrapes. Every label is bounded: what a client sends never becomes one.
package metrics
