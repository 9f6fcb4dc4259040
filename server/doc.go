// Package server is the composition root: it turns a Config into a running
// proxy and is the only package that knows all the others.
//
//	Config ── build ──► generation (Pools, Sources, proxy.Generation)
//	                        │ use: one store
//	Listen ──► Listeners ── Run ──► http1.Server ──► proxy.Proxy
//	                      └──► admin.Server ◄── metrics ◄── Stats of the leaves
//
// Leaves return errors and events; here they become log lines. Nothing is
// bound or started before Listen and Run, so that `sluice check` can do all
// that comes before.
package server
