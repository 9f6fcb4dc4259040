package config

import (
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// "each key that is not written is that of [site.degraded]"
// (docs/configuration.md).
func TestRoutesInheritTheDegradedAnswerKeyByKey(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir)
	site := Degraded{Form: DegradedHTML, JSON: []byte(`"site"`), RetryAfter: 7 * time.Second}
	page := []byte("<p>busy</p>\n")
	for _, tt := range []struct {
		route string
		want  Degraded
	}{
		{"", site},
		{`degraded = "json"`, Degraded{Form: DegradedJSON, JSON: site.JSON, RetryAfter: site.RetryAfter}},
		{`degraded = "auto"`, Degraded{Form: DegradedAuto, JSON: site.JSON, RetryAfter: site.RetryAfter}},
		{"degraded = {}", site},
		{`degraded = { form = "json" }`, Degraded{Form: DegradedJSON, JSON: site.JSON, RetryAfter: site.RetryAfter}},
		{`degraded.html = "degraded.html"`, Degraded{Form: DegradedHTML, HTML: page, JSON: site.JSON, RetryAfter: site.RetryAfter}},
		{"[site.route.degraded]\njson = '[]'", Degraded{Form: DegradedHTML, JSON: []byte("[]"), RetryAfter: site.RetryAfter}},
		{"[site.route.degraded]\nretry_after = \"1m\"", Degraded{Form: DegradedHTML, JSON: site.JSON, RetryAfter: time.Minute}},
	} {
		// The Site's table may stand before or behind the Route's.
		for _, text := range []string{
			smallest + "degraded = { form = \"html\", json = '\"site\"', retry_after = \"7s\" }\n[[site.route]]\npath = \"/api/\"\n" + tt.route,
			smallest + "[[site.route]]\npath = \"/api/\"\n" + tt.route + "\n[site.degraded]\nform = \"html\"\njson = '\"site\"'\nretry_after = \"7s\"\n",
		} {
			c, err := Parse(filepath.Join(dir, "sluice.toml"), []byte(text))
			if err != nil {
				t.Errorf("%s\n%v", tt.route, err)
				continue
			}
			if got := c.Sites[0].Routes[0].Degraded; !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s\ngot  %+v\nwant %+v", tt.route, got, tt.want)
			}
			if got := c.Sites[0].Degraded; !reflect.DeepEqual(got, site) {
				t.Errorf("%s\nthe Site's became %+v", tt.route, got)
			}
		}
	}
}
