package message

import "testing"

// RFC 9209 section 2.3 names the error types and recommends a status for each
// ("Recommended HTTP status code"). Where it says 502 or 504 so do we.
func TestEachCauseHasItsStatusItsErrorTypeAndItsWord(t *testing.T) {
	want := map[Cause]struct {
		status     int
		kind, word string
	}{
		CauseNone:                   {500, "proxy_internal_error", ""},
		CauseDNSTimeout:             {504, "dns_timeout", "dns_timeout"},
		CauseDNSError:               {502, "dns_error", "dns_error"},
		CauseDestinationNotFound:    {500, "destination_not_found", "destination_not_found"},
		CauseDestinationUnavailable: {503, "destination_unavailable", "destination_unavailable"},
		CauseDestinationUnroutable:  {502, "destination_ip_unroutable", "destination_ip_unroutable"},
		CauseConnectionRefused:      {502, "connection_refused", "connection_refused"},
		CauseConnectionTerminated:   {502, "connection_terminated", "connection_terminated"},
		CauseConnectionTimeout:      {504, "connection_timeout", "connection_timeout"},
		CauseConnectionReadTimeout:  {504, "connection_read_timeout", "connection_read_timeout"},
		CauseConnectionWriteTimeout: {504, "connection_write_timeout", "connection_write_timeout"},
		CauseConnectionLimit:        {503, "connection_limit_reached", "connection_limit_reached"},
		CauseTLSProtocol:            {502, "tls_protocol_error", "tls_protocol_error"},
		CauseTLSCertificate:         {502, "tls_certificate_error", "tls_certificate_error"},
		CauseResponseIncomplete:     {502, "http_response_incomplete", "http_response_incomplete"},
		CauseResponseHeadSize:       {502, "http_response_header_section_size", "http_response_header_section_size"},
		CauseResponseInvalid:        {502, "http_protocol_error", "http_protocol_error"},
		CauseResponseBodyInvalid:    {502, "http_response_transfer_coding", "http_response_transfer_coding"},
		CauseUpgradeFailed:          {502, "http_upgrade_failed", "http_upgrade_failed"},
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
		CauseMaintenance:            {503, "http_request_denied", "maintenance"},
		CauseNotCached:              {504, "http_request_error", "not_cached"},
		CauseInternal:               {500, "proxy_internal_error", "proxy_internal_error"},
	}
	words := map[string]Cause{}
	for c := CauseNone; c < causes; c++ {
		w, known := want[c]
		if !known {
			t.Errorf("cause %d (%s) has no row in this test", c, c)
			continue
		}
		if c.Status() != w.status || c.ProxyError() != w.kind || c.String() != w.word {
			t.Errorf("cause %d = %d %q %q, want %d %q %q", c, c.Status(), c.ProxyError(), c, w.status, w.kind, w.word)
		}
		if other, twice := words[c.String()]; twice {
			t.Errorf("causes %d and %d have the same word %q", other, c, c)
		}
		words[c.String()] = c
	}
	if len(want) != int(causes) {
		t.Errorf("%d rows here, %d causes", len(want), causes)
	}
}

// RFC 9209 section 2.1.1: the error's value is an sf-token, registered as one
// of these.
func TestEachErrorTypeIsRegistered(t *testing.T) {
	registered := map[string]bool{}
	for _, kind := range []string{
		"dns_timeout", "dns_error", "destination_not_found", "destination_unavailable",
		"destination_ip_prohibited", "destination_ip_unroutable", "connection_refused",
		"connection_terminated", "connection_timeout", "connection_read_timeout",
		"connection_write_timeout", "connection_limit_reached", "tls_protocol_error",
		"tls_certificate_error", "tls_alert_received", "http_request_error", "http_request_denied",
		"http_response_incomplete", "http_response_header_section_size", "http_response_header_size",
		"http_response_body_size", "http_response_trailer_section_size", "http_response_trailer_size",
		"http_response_transfer_coding", "http_response_content_coding", "http_response_timeout",
		"http_upgrade_failed", "http_protocol_error", "proxy_internal_response",
		"proxy_internal_error", "proxy_configuration_error", "proxy_loop_detected",
	} {
		registered[kind] = true
	}
	for c := CauseNone; c < causes; c++ {
		if !registered[c.ProxyError()] {
			t.Errorf("cause %s: RFC 9209 has no error type %q", c, c.ProxyError())
		}
	}
}
