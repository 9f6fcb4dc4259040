package server

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"sluice/config"
)

// "per Site and Route": what a Route does not say itself is the Site's.
func TestRoutesHaveDegradedAnswersOfTheirOwn(t *testing.T) {
	s := serving(t, `state_dir = ""`, `
[[site]]
hosts = ["*.example.com", "shop.example.com"]
tls = "off"
upstream = "main"
[[site.route]]
path = "/api/"
degraded = "json"
[[site.route]]
path = "/v2/"
[site.route.degraded]
json = '{"cause":"{{cause}}"}'
retry_after = "1h"
[site.degraded]
json = '"site"'
`+pool("main", "127.0.0.1:1"))
	c := browser(t, s)
	for _, tt := range []struct{ path, accept, want string }{
		{"/", "text/html", `<p class="site">shop.example.com</p>`},
		{"/", "application/json", `"site"`},
		{"/api/", "text/html", `"site"`},
		{"/v2/", "application/json", `{"cause":"down"}`},
		{"/v2/", "text/html", `data-wait="3600"`},
	} {
		r, err := http.NewRequest("GET", "http://shop.example.com"+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", tt.accept)
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		// net/http asks for gzip by itself, and unpacks it.
		if isPage := tt.accept == "text/html" && tt.path != "/api/"; err != nil || resp.Uncompressed != isPage || !strings.Contains(string(body), tt.want) {
			t.Errorf("%s as %s: %v, compressed %v, no %s in\n%s", tt.path, tt.accept, err, resp.Uncompressed, tt.want, body)
		}
	}
}

// "the site's name": one that a visitor could have typed.
func TestThePublicNameOfASite(t *testing.T) {
	for hosts, want := range map[string]string{
		"shop.example.com www.example.com": "shop.example.com",
		"*.example.com shop.example.com":   "shop.example.com",
		"*.example.com *.example.org":      "example.com",
		"192.0.2.7":                        "192.0.2.7",
	} {
		if got := publicName(config.Site{Hosts: strings.Fields(hosts)}); got != want {
			t.Errorf("%s: %s, want %s", hosts, got, want)
		}
	}
}
