package admin

import (
	"errors"
	"strings"
	"testing"
	"time"
)

const (
	onThisMachine = "Host: localhost"
	byACommand    = "Sluice-Action: command"
)

// "GET /maintenance (JSON), POST /maintenance/on, /maintenance/off with the same
// guard as /certs/renew".
func TestMaintenance(t *testing.T) {
	var asked []string
	do := func(what, site string) (string, error) {
		asked = append(asked, strings.TrimSpace(what+" "+site))
		if site != "shop.example.com" {
			return "", errors.New("no site has the host " + site)
		}
		return site + ": " + what + "\nbut not stored", nil
	}
	r := run(t, Options{
		Maintenance: func() any { return []map[string]string{{"site": "shop.example.com"}} },
		BeginMaintenance: func(site string, until time.Time) (string, error) {
			if until.IsZero() {
				return do("on", site)
			}
			return do("on until "+until.UTC().Format(time.RFC3339), site)
		},
		EndMaintenance: func(site string) (string, error) { return do("off", site) },
	})
	if response, body := r.ask("GET /maintenance", onThisMachine); response.StatusCode != 200 || !strings.Contains(body, `"site": "shop.example.com"`) {
		t.Errorf("/maintenance: %d %q", response.StatusCode, body)
	}
	const shop = "?site=shop.example.com"
	for _, tt := range []struct {
		line   string
		fields []string
		status int
		body   string
	}{
		{"POST /maintenance/on" + shop, []string{byACommand}, 200, "shop.example.com: on\nbut not stored\n"},
		{"POST /maintenance/on" + shop + "&until=2026-12-01T20:00:00%2B08:00", []string{byACommand}, 200, "shop.example.com: on until 2026-12-01T12:00:00Z\nbut not stored\n"},
		{"POST /maintenance/off" + shop, []string{byACommand}, 200, "shop.example.com: off\nbut not stored\n"},
		{"POST /maintenance/off?site=other", []string{byACommand}, 409, "no site has the host other\n"},
		{"POST /maintenance/on?site=other", []string{byACommand}, 409, "no site has the host other\n"},
		{"POST /maintenance/on", []string{byACommand}, 400, ""},
		{"POST /maintenance/off", []string{byACommand}, 400, ""},
		{"POST /maintenance/on" + shop + "&until=tomorrow", []string{byACommand}, 400, ""},
		{"POST /maintenance/off?site=" + strings.Repeat("x", 300), []string{byACommand}, 400, ""},

		{"POST /maintenance/on" + shop, nil, 403, ""},
		{"POST /maintenance/off" + shop, []string{byACommand, "Origin: https://evil.example.com"}, 403, ""},
		{"GET /maintenance/on" + shop, []string{byACommand}, 405, ""},
		{"OPTIONS /maintenance/off" + shop, nil, 405, ""},
		{"POST /maintenance", []string{byACommand}, 405, ""},
		{"POST /maintenance/", []string{byACommand}, 405, ""},
	} {
		response, body := r.ask(tt.line, append(tt.fields, onThisMachine, "Content-Length: 0")...)
		if response.StatusCode != tt.status || tt.body != "" && body != tt.body {
			t.Errorf("%s %q: %d %q, want %d %q", tt.line, tt.fields, response.StatusCode, body, tt.status, tt.body)
		}
	}
	want := "on shop.example.com|on until 2026-12-01T12:00:00Z shop.example.com|off shop.example.com|off other|on other"
	if got := strings.Join(asked, "|"); got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}
