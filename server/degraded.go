package server

import (
	"bytes"
	"strings"

	"sluice/config"
	"sluice/degraded"
)

// answers renders the Degraded answers of one Site and its Routes, each but
// once.
type answers struct {
	name   string // of the Site, for its visitors
	common *degraded.Common
	own    config.Degraded // the Site's
	site   *degraded.Answer
}

// newAnswers renders that of the Site.
func newAnswers(site config.Site, common *degraded.Common) (a *answers, err error) {
	a = &answers{name: publicName(site), common: common, own: site.Degraded}
	a.site, err = a.render(site.Degraded)
	return a, err
}

// of returns that of a Route.
func (a *answers) of(d config.Degraded) (*degraded.Answer, error) {
	if bytes.Equal(d.HTML, a.own.HTML) && bytes.Equal(d.JSON, a.own.JSON) && d.RetryAfter == a.own.RetryAfter {
		return a.site.With(mode(d.Form)), nil
	}
	return a.render(d)
}

func (a *answers) render(d config.Degraded) (*degraded.Answer, error) {
	return degraded.New(degraded.Options{
		Site: a.name, HTML: d.HTML, JSON: d.JSON, RetryAfter: d.RetryAfter, Mode: mode(d.Form), Common: a.common})
}

// publicName is what visitors call the Site: its first host that is a name of
// its own, else what all its names end with.
func publicName(site config.Site) string {
	for _, host := range site.Hosts {
		if !strings.HasPrefix(host, "*.") {
			return host
		}
	}
	return strings.TrimPrefix(site.Hosts[0], "*.")
}

func mode(f config.DegradedForm) degraded.Mode {
	switch f {
	case config.DegradedHTML:
		return degraded.HTML
	case config.DegradedJSON:
		return degraded.JSON
	}
	return degraded.Auto
}
