package server

// causeWords are the causes of failures in words.
var causeWords = map[string]string{
	"dns_timeout":                       "the resolver did not answer in time",
	"dns_error":                         "the name could not be looked up",
	"destination_not_found":             "there is nothing to send it to",
	"destination_unavailable":           "no Upstream was there to ask",
	"destination_ip_unroutable":         "the network has no way to the address",
	"connection_refused":                "nobody listens there",
	"connection_terminated":             "the Upstream closed the connection",
	"connection_timeout":                "no connection within connect_timeout",
	"connection_read_timeout":           "no answer within response_timeout",
	"connection_write_timeout":          "the Upstream did not take the request in time",
	"connection_limit_reached":          "this machine had no connection left",
	"tls_protocol_error":                "the TLS handshake with the Upstream failed",
	"tls_certificate_error":             "the Upstream's certificate was not accepted",
	"http_response_incomplete":          "the answer ended before it was complete",
	"http_response_header_section_size": "the head of the answer was too large",
	"http_protocol_error":               "the answer was not valid HTTP",
	"http_response_transfer_coding":     "the body of the answer was not valid HTTP",
	"http_upgrade_failed":               "the change of protocol failed",
	"request_invalid":                   "the request was not valid HTTP",
	"request_head_size":                 "the head of the request was too large",
	"request_target_size":               "the URL was too long",
	"request_version":                   "the version of HTTP is none that is spoken here",
	"request_method":                    "the method is none that is passed on",
	"request_expectation":               "the request expects something that is not done here",
	"request_transfer_coding":           "the request has a coding that is not known",
	"request_timeout":                   "the request did not come in time",
	"misdirected":                       "no Site has this host name",
	"client_gone":                       "the client went away",
	"client_slow":                       "the client was too slow",
	"abuse_resets":                      "the client took too many requests back",
	"abuse_errors":                      "the client broke the rules of HTTP/2 too often",
	"abuse_head":                        "the client sent a head without end",
	"abuse_frames":                      "the client sent too many frames that are no requests",
	"rate_limited":                      "the client asked too often",
	"too_many_at_once":                  "the client asked for too much at a time",
	"shed":                              "the Pool had more to do than it bears, and others go first",
	"queue_full":                        "the Pool had more to do than it bears, and its queue was full",
	"queue_timeout":                     "no place in the Pool became free within queue_timeout",
	"waiting_room":                      "the visitor waits in line",
	"not_started":                       "the waiting room has not opened yet",
	"over":                              "the waiting room has closed",
	"maintenance":                       "the Site is under maintenance",
	"not_cached":                        "the client wanted a copy, and there is none",
	"proxy_internal_error":              "an internal error",
}

// Words of what is no cause by itself.
const (
	wordsCheck  = "the health check failed"
	wordsStatus = "its answer stands for a failure"
	wordsSilent = "nothing more came for too long"
)

// remedySilent is what to do about an answer, or a tunnel, that does not go on.
const remedySilent = "the application fell silent in the middle: its log says why; if that is normal there, set response_timeout or server.stream_timeout higher"

// remedyStatus is what to do about an error that the application itself gave.
const remedyStatus = "the application answered so: its log says why"

// remedies say, for each cause, what a person can do about it. Empty: nothing is
// to be done.
var remedies = map[string]string{
	"dns_timeout":                       "look whether the resolvers in /etc/resolv.conf answer",
	"dns_error":                         "look whether the name in servers is right, and whether it resolves on this machine",
	"destination_not_found":             "name servers in [upstream.NAME]",
	"destination_unavailable":           "start the application; sluice status says what took each Upstream out",
	"destination_ip_unroutable":         "correct the address in servers, or let a route or the firewall lead there",
	"connection_refused":                "start the application, or correct its port in servers",
	"connection_terminated":             "the application closed the connection: its log says why; its keep-alive timeout may be shorter than idle_timeout",
	"connection_timeout":                "look whether the machine is up and the firewall lets the port pass; far ones need a larger connect_timeout",
	"connection_read_timeout":           "the application is too slow: its log says what for; if it may take that long, set response_timeout higher",
	"connection_write_timeout":          "the application does not read the request: look whether it is stuck",
	"connection_limit_reached":          "give Sluice more descriptors (LimitNOFILE= in the unit), or lower max_connections of the Pool",
	"tls_protocol_error":                "look whether the Upstream speaks TLS on that port, and set protocol in [upstream.NAME] accordingly",
	"tls_certificate_error":             "set name or ca in [upstream.NAME.tls] to what the Upstream's certificate has, or renew that",
	"http_response_incomplete":          "the application broke off in the middle of its answer: its log says why",
	"http_response_header_section_size": "the application sends more than 64 KiB of header fields, often cookies: make it send less",
	"http_protocol_error":               "the application's answer is not valid HTTP: set protocol in [upstream.NAME] to what it speaks, or mend it",
	"http_response_transfer_coding":     "the application's answer is not valid HTTP: mend it",
	"http_upgrade_failed":               "look whether the application takes WebSockets on this path",
	"request_invalid":                   "the client, or what stands between, must be mended",
	"request_head_size":                 "clients of yours with large cookies need a larger server.max_header",
	"request_target_size":               "clients of yours with long URLs need a larger server.max_header",
	"request_version":                   "",
	"request_method":                    "",
	"request_expectation":               "",
	"request_transfer_coding":           "",
	"request_timeout":                   "clients on slow networks need a larger server.header_timeout",
	"misdirected":                       "add the name to hosts of a Site, or make one the default",
	"client_gone":                       "",
	"client_slow":                       "clients on slow networks need a larger server.body_timeout",
	"abuse_resets":                      "",
	"abuse_errors":                      "",
	"abuse_head":                        "",
	"abuse_frames":                      "",
	"rate_limited":                      "if it was no abuse, raise the limit in [[site.limit]]",
	"too_many_at_once":                  "if it was no abuse, raise the limit in [[site.limit]]",
	"shed":                              "make the application faster or add servers; max_concurrency says what the Pool bears",
	"queue_full":                        "make the application faster or add servers; max_concurrency says what the Pool bears",
	"queue_timeout":                     "make the application faster or add servers; max_concurrency says what the Pool bears",
	"waiting_room":                      "",
	"not_started":                       "",
	"over":                              "set not_after in [site.waiting_room] later if it is to be open still",
	"maintenance":                       "sluice maintenance off opens the Site",
	"not_cached":                        "",
	"proxy_internal_error":              "please report it, with what the error log says at that time",
}

// remedy is what to do about a failed Exchange; empty: nothing.
func (f *FailureStatus) remedy() string {
	switch {
	case f.Cause == "" && f.Status >= 500, f.answeredBadly():
		return remedyStatus
	case f.Cause == "connection_read_timeout" && f.Phase == "body":
		return remedySilent
	}
	return remedies[f.Cause]
}
