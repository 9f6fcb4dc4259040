package listener

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// Causes of failures. They are few and fixed, so they can be counted by.
const (
	causeDescriptors = "descriptors" // the process or the system has no more of them
	causeOther       = "other"

	causeTimeout = "timeout"
	causeClosed  = "closed" // the peer has closed or reset in the middle

	causeNoHeader  = "proxy_header_missing"
	causeBadHeader = "proxy_header_invalid"

	causeNoHello       = "no_hello" // connected and left without a byte: scanners, probes
	causePlainHTTP     = "plain_http"
	causeNotTLS        = "not_tls"
	causeVersion       = "version"            // only versions that we do not offer
	causeCipher        = "cipher"             // no cipher suite or curve in common
	causeProtocol      = "alpn"               // no protocol in common
	causeNoCertificate = "no_certificate"     // we have none for the name
	causeNotYet        = "no_certificate_yet" // it is still being ordered
	causeBusy          = "busy"               // too many handshakes at a time
	causeNoChallenge   = "no_challenge"       // a CA validates a name that nobody here has asked it for
	causeRefusedByPeer = "alert"              // the client did not like what it got, often the certificate
)

func acceptCause(err error) string {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return causeDescriptors
	}
	return causeOther
}

// proxyCause gives a PROXY header's failure one of the fixed words.
func proxyCause(err error) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return causeTimeout
	case errors.Is(err, errSilent):
		return causeNoHello
	case errors.Is(err, errNoProxyHeader):
		return causeNoHeader
	case gone(err):
		return causeClosed
	}
	return causeBadHeader
}

// handshakeCause gives a handshake's failure one of the fixed words.
func handshakeCause(err error) string {
	var header tls.RecordHeaderError
	var certificate *certificateError
	var op *net.OpError
	switch {
	case errors.Is(err, errBusy):
		return causeBusy
	case errors.As(err, &certificate):
		if certificate.pending() {
			return causeNotYet
		}
		return causeNoCertificate
	case errors.As(err, &header):
		if header.Conn != nil && looksLikeHTTP(header.RecordHeader) {
			return causePlainHTTP
		}
		return causeNotTLS
	case errors.Is(err, os.ErrDeadlineExceeded):
		return causeTimeout
	case gone(err):
		return causeClosed
	case errors.As(err, &op) && op.Op == "remote error":
		return causeRefusedByPeer
	}
	return causeByText(err.Error())
}

// causeByText reads crypto/tls's wording, the only place where it tells these
// apart. A test holds each of them to a real handshake.
func causeByText(s string) string {
	for _, known := range []struct{ text, cause string }{
		{"unsupported versions", causeVersion},
		{"cipher suite", causeCipher},
		{"key exchange", causeCipher},
		{"curve", causeCipher},
		{"application protocol", causeProtocol},
		{"no certificates configured", causeNoCertificate}, // GetCertificate has returned nil
	} {
		if strings.Contains(s, known.text) {
			return known.cause
		}
	}
	return causeOther
}

// gone reports whether the peer has left.
func gone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed)
}
