package admin

import (
	"errors"
	"strings"
	"testing"
)

// What "sluice certs" asks for, and what renews a certificate.
func TestCertificates(t *testing.T) {
	var asked []string
	r := run(t, Options{
		Certificates: func() any { return []map[string]string{{"names": "shop.example.com"}} },
		Renew: func(name string) error {
			asked = append(asked, name)
			if name != "shop.example.com" {
				return errors.New(name + ": unheard of")
			}
			return nil
		},
	})
	const host, action = "Host: localhost", "Sluice-Action: command"
	response, body := r.ask("GET /certs", host)
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "application/json" || !strings.Contains(body, `"names": "shop.example.com"`) {
		t.Errorf("/certs: %d %q", response.StatusCode, body)
	}
	for _, tt := range []struct {
		line   string
		fields []string
		status int
		body   string
	}{
		{"POST /certs/renew?name=shop.example.com", []string{host, action}, 202, "shop.example.com: is being ordered\n"},
		{"POST /certs/renew?name=other.example.com", []string{host, action}, 409, "other.example.com: unheard of\n"},
		{"POST /certs/renew", []string{host, action}, 400, ""},
		{"POST /certs/renew?name=" + strings.Repeat("x", 300), []string{host, action}, 400, ""},
		// "with a header field that pages of others cannot send".
		{"POST /certs/renew?name=shop.example.com", []string{host}, 403, ""},
		{"POST /certs/renew?name=shop.example.com", []string{host, action, "Origin: https://evil.example.com"}, 403, ""},
		{"POST /certs/renew?name=shop.example.com", []string{"Host: evil.example.com", action}, 403, ""},
		{"OPTIONS /certs/renew", []string{host}, 405, ""},
		{"GET /certs/renew?name=shop.example.com", []string{host, action}, 405, ""},
		{"POST /certs", []string{host, action}, 405, ""},
	} {
		response, body := r.ask(tt.line, append(tt.fields, "Content-Length: 0")...)
		if response.StatusCode != tt.status || tt.body != "" && body != tt.body {
			t.Errorf("%s %q: %d %q, want %d %q", tt.line, tt.fields, response.StatusCode, body, tt.status, tt.body)
		}
	}
	if got := strings.Join(asked, " "); got != "shop.example.com other.example.com" {
		t.Errorf("asked to renew %s", got)
	}
}
