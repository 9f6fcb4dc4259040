package e2e

import (
	"strings"
	"testing"
)

// "mini programs need TLS 1.2+ and a full chain" (design.md section 1), and
// ALPN chooses the wire (section 4).
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	openssl := program(t, "openssl")
	s := start(t, setup{upstreams: []string{serve(t, nil).address}})
	shake := func(t *testing.T, args ...string) result {
		t.Helper()
		return command(t, "GET / HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n", openssl,
			append([]string{"s_client", "-connect", s.https, "-servername", host, "-CAfile", s.id.caFile,
				"-verify_return_error", "-ign_eof", "-alpn", "http/1.1"}, args...)...)
	}
	for _, tt := range []struct{ flag, version string }{
		{"-tls1_2", "TLSv1.2"},
		{"-tls1_3", "TLSv1.3"},
	} {
		t.Run(tt.version, func(t *testing.T) {
			r := shake(t, tt.flag)
			for _, part := range []string{"New, " + tt.version, "ALPN protocol: http/1.1", "Verify return code: 0 (ok)", "HTTP/1.1 200 OK"} {
				if !strings.Contains(r.stdout, part) {
					t.Errorf("no %q in\n%s%s", part, r.stdout, r.stderr)
				}
			}
		})
	}
	t.Run("TLSv1.1 is refused", func(t *testing.T) {
		r := shake(t, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
		if r.status == 0 || strings.Contains(r.stdout, "HTTP/1.1") || !strings.Contains(r.stderr, "alert protocol version") {
			t.Errorf("exit status %d\n%s%s", r.status, r.stdout, r.stderr)
		}
	})
	t.Run("no protocol in common is refused", func(t *testing.T) {
		// "the server SHALL respond with a fatal "no_application_protocol"
		// alert" (RFC 7301 section 3.2).
		r := shake(t, "-alpn", "imap")
		if r.status == 0 || !strings.Contains(r.stderr, "no application protocol") {
			t.Errorf("exit status %d\n%s%s", r.status, r.stdout, r.stderr)
		}
	})
}
