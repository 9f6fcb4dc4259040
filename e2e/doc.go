// Package e2e holds scenarios against the real binary: it is built once, run
// with a configuration of each test's own, and spoken to by real peers (curl,
// openssl, nginx, an ACME CA, Go's client and server, WebSocket) and by
// scripted ones that misbehave.
//
// Run it with go test -count=1 ./e2e: the binary is no input that go test knows
// of, so it would take an old result for a new one.
//
// Everything listens on a free port of 127.0.0.1. Every wait has a deadline.
// With SLUICE_E2E_RACE=1 the binary is built with the race detector, and a
// report of it fails the test. What a machine lacks is skipped with the reason.
package e2e
