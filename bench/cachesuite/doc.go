// Package cachesuite runs the public test suite of HTTP caches
// (http-tests/cache-tests, in npm http-cache-tests) against a proxy, and
// judges what it prints by the suite's own rules.
//
//	the suite's client (node) --> the proxy under test --> the suite's origin (node)
//
// The client tells the origin by PUT, through the proxy, what to answer in each
// case, and asks it by GET afterwards what it has seen. All of a case's URLs
// hold a number of its own, so that several proxies may be tested at once
// before one origin.
//
// The suite is no part of this checkout: it is given as a folder (Open) or
// fetched by npm (Fetch). Both of its layouts are understood, that of the
// release 0.4.5 and the later one with a folder test-engine. Fetching and
// running it executes what the suite's authors wrote.
//
// Tests and the bench use this package. It knows nothing of the proxies.
package cachesuite
