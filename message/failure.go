package message

// Party says who failed.
type Party uint8

// The parties of an Exchange.
const (
	PartyNone Party = iota
	PartyClient
	PartyUpstream
	PartySluice
)

// String returns the word that logs use.
func (p Party) String() string {
	return [...]string{"", "client", "upstream", "sluice"}[p]
}

// Phase says in which part of an Exchange it failed.
type Phase uint8

// The phases of an Exchange, in their order.
const (
	PhaseNone Phase = iota
	PhaseAccept
	PhaseTLS
	PhaseHead
	PhaseAdmit
	PhaseQueue
	PhaseResolve
	PhaseDial
	PhaseSend
	PhaseWait
	PhaseBody
)

// String returns the word that logs use.
func (p Phase) String() string {
	return [...]string{"", "accept", "tls", "head", "admit", "queue",
		"resolve", "dial", "send", "wait", "body"}[p]
}

// Again says whether what failed may be tried on another Upstream, as far as
// the failure itself decides that. Method, body and retry budget decide too.
type Again uint8

const (
	// AgainNever: the upstream may have acted on the request, or it is the
	// request that is wrong.
	AgainNever Again = iota
	// AgainIdempotent: the upstream may have acted on it; a method that may
	// be repeated may be tried again (RFC 9110 section 9.2.2).
	AgainIdempotent
	// AgainAlways: not a byte was sent.
	AgainAlways
)

// Cause is what happened, in the words of RFC 9209 section 2.3 where it has
// one.
type Cause uint8

// The causes. Each stands in one row of the table below.
const (
	CauseNone Cause = iota
	CauseDNSTimeout
	CauseDNSError
	CauseDestinationNotFound
	CauseDestinationUnavailable
	CauseDestinationUnroutable
	CauseConnectionRefused
	CauseConnectionTerminated
	CauseConnectionTimeout
	CauseConnectionReadTimeout
	CauseConnectionWriteTimeout
	CauseConnectionLimit
	CauseTLSProtocol
	CauseTLSCertificate
	CauseResponseIncomplete
	CauseResponseHeadSize
	CauseResponseInvalid
	CauseResponseBodyInvalid
	CauseUpgradeFailed
	CauseRequestInvalid
	CauseRequestHeadSize
	CauseRequestTargetSize
	CauseRequestVersion
	CauseRequestMethod
	CauseRequestExpectation
	CauseRequestFraming
	CauseRequestTimeout
	CauseMisdirected
	CauseClientGone
	CauseClientSlow
	CauseAbuseResets
	CauseAbuseErrors
	CauseAbuseHead
	CauseAbuseFrames
	CauseRateLimited
	CauseTooManyAtOnce
	CauseShed
	CauseQueueFull
	CauseQueueTimeout
	CauseWaitingRoom
	CauseNotStarted
	CauseOver
	CauseMaintenance
	CauseNotCached
	CauseInternal
	causes
)

// Causes returns all there are.
func Causes() []Cause {
	var all []Cause
	for c := CauseNone + 1; c < causes; c++ {
		all = append(all, c)
	}
	return all
}

// rows maps a cause to the status that the client gets and to the error type
// of RFC 9209. Causes that RFC 9209 has no type for use the nearest one.
var rows = [causes]struct {
	status int
	kind   string
	word   string // for logs, where it says more than kind
}{
	CauseNone:                   {500, "proxy_internal_error", ""},
	CauseDNSTimeout:             {504, "dns_timeout", ""},
	CauseDNSError:               {502, "dns_error", ""},
	CauseDestinationNotFound:    {500, "destination_not_found", ""},
	CauseDestinationUnavailable: {503, "destination_unavailable", ""},
	CauseDestinationUnroutable:  {502, "destination_ip_unroutable", ""},
	CauseConnectionRefused:      {502, "connection_refused", ""},
	CauseConnectionTerminated:   {502, "connection_terminated", ""},
	CauseConnectionTimeout:      {504, "connection_timeout", ""},
	CauseConnectionReadTimeout:  {504, "connection_read_timeout", ""},
	CauseConnectionWriteTimeout: {504, "connection_write_timeout", ""},
	CauseConnectionLimit:        {503, "connection_limit_reached", ""},
	CauseTLSProtocol:            {502, "tls_protocol_error", ""},
	CauseTLSCertificate:         {502, "tls_certificate_error", ""},
	CauseResponseIncomplete:     {502, "http_response_incomplete", ""},
	CauseResponseHeadSize:       {502, "http_response_header_section_size", ""},
	CauseResponseInvalid:        {502, "http_protocol_error", ""},
	CauseResponseBodyInvalid:    {502, "http_response_transfer_coding", ""},
	CauseUpgradeFailed:          {502, "http_upgrade_failed", ""},
	CauseRequestInvalid:         {400, "http_request_error", "request_invalid"},
	CauseRequestHeadSize:        {431, "http_request_error", "request_head_size"},
	CauseRequestTargetSize:      {414, "http_request_error", "request_target_size"},
	CauseRequestVersion:         {505, "http_request_error", "request_version"},
	CauseRequestMethod:          {405, "http_request_denied", "request_method"},
	CauseRequestExpectation:     {417, "http_request_error", "request_expectation"},
	CauseRequestFraming:         {501, "http_request_error", "request_transfer_coding"},
	CauseRequestTimeout:         {408, "http_request_error", "request_timeout"},
	CauseMisdirected:            {421, "http_request_error", "misdirected"},
	CauseClientGone:             {499, "http_request_error", "client_gone"},
	CauseClientSlow:             {408, "http_request_error", "client_slow"},
	CauseAbuseResets:            {429, "http_request_denied", "abuse_resets"},
	CauseAbuseErrors:            {429, "http_request_denied", "abuse_errors"},
	CauseAbuseHead:              {431, "http_request_denied", "abuse_head"},
	CauseAbuseFrames:            {429, "http_request_denied", "abuse_frames"},
	CauseRateLimited:            {429, "http_request_denied", "rate_limited"},
	CauseTooManyAtOnce:          {429, "http_request_denied", "too_many_at_once"},
	CauseShed:                   {503, "connection_limit_reached", "shed"},
	CauseQueueFull:              {503, "connection_limit_reached", "queue_full"},
	CauseQueueTimeout:           {503, "connection_limit_reached", "queue_timeout"},
	CauseWaitingRoom:            {503, "http_request_denied", "waiting_room"},
	CauseNotStarted:             {503, "http_request_denied", "not_started"},
	CauseOver:                   {503, "http_request_denied", "over"},
	// Not destination_unavailable: nobody has looked whether the Upstreams are
	// there. It is a rule that refuses, "based on its configuration and/or policy
	// settings" (RFC 9209 section 2.3.17).
	CauseMaintenance: {503, "http_request_denied", "maintenance"},
	CauseNotCached:   {504, "http_request_error", "not_cached"},
	CauseInternal:    {500, "proxy_internal_error", ""},
}

// String returns the word that logs use: the error type of RFC 9209, or a
// closer word where that has none.
func (c Cause) String() string {
	if w := rows[c].word; w != "" {
		return w
	}
	if c == CauseNone {
		return ""
	}
	return rows[c].kind
}

// ProxyError returns the error type of RFC 9209 section 2.3.
func (c Cause) ProxyError() string { return rows[c].kind }

// Status is the one mapping from a failure to the status code a client gets.
// 499 (the client is gone) is only ever logged.
func (c Cause) Status() int { return rows[c].status }

// Failure is why an Exchange, or one Attempt of it, failed: who, in which
// phase, by what cause, and whether it may be tried again. It is immutable.
type Failure struct {
	Party Party
	Phase Phase
	Cause Cause
	Again Again
	// Code is the error code of the HTTP/2 RST_STREAM that the party has ended
	// its stream by (RFC 9113 section 7), so that it can be passed on to the
	// other side. 0: none, or NO_ERROR, which says no more than none.
	Code uint32
	// Where is the address of the upstream concerned, if one is.
	Where string
	// Err is the error underneath, if there was one. It may name inner
	// addresses and is shown to trusted clients and in the log only.
	Err error
}

// Error returns a sentence for logs and for people.
func (f *Failure) Error() string {
	s := f.Party.String() + " failed in phase " + f.Phase.String() + ": " + f.Cause.String()
	if f.Where != "" {
		s += " at " + f.Where
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

// Unwrap returns the error underneath.
func (f *Failure) Unwrap() error { return f.Err }

// Status returns the status code that the client gets for it.
func (f *Failure) Status() int { return f.Cause.Status() }
