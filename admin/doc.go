// Package admin is an HTTP server beside the data path that shows how Sluice
// is: a live page for people under /, /metrics for Prometheus, /healthz and
// /readyz for whoever watches over the process, /status, /events, /failures,
// /pools, /limits, /certs, /maintenance and /cache for those who look after it.
//
// Who may open a connection to it may see everything, so it is bound to a
// loopback address or a Unix socket, or wants a token. The first of these keeps
// out other machines but not the pages in a browser on this one: they are told
// apart by Host (against DNS rebinding), Origin and Fetch Metadata (guard). It
// changes next to nothing: there is GET and HEAD, and POST for few actions, which
// can all be taken back, with a header field that pages of others cannot send.
//
// It uses net/http, and knows no config, no logger and no metrics.
package admin
