package config

import (
	"encoding/json"
	"time"
)

// DegradedForm is the form of a Degraded answer.
type DegradedForm string

// The forms of a Degraded answer.
const (
	DegradedAuto DegradedForm = "auto" // by what the client accepts
	DegradedHTML DegradedForm = "html"
	DegradedJSON DegradedForm = "json"
)

// Degraded is what clients of a Site or Route get instead of an Upstream's
// response. A Route's is the Site's but for what it says itself.
type Degraded struct {
	Form       DegradedForm
	HTML       []byte // nil: the built-in pages
	JSON       []byte // valid JSON
	RetryAfter time.Duration
}

// maxPage is the largest page of a Degraded answer: it is sent when there is no
// strength to spare.
const maxPage = 256 << 10

// degraded returns v with what a [site.degraded] or [site.route.degraded] says
// in its place. Only the Site's has defaults; in a Route what is not written
// stays the Site's.
func (d *decoder) degraded(s section, v Degraded) Degraded {
	if s.value("form") != nil {
		v.Form = read(s, "form", parseForm)
	}
	if s.value("json") != nil {
		v.JSON = read(s, "json", parseJSON)
	}
	if s.value("retry_after") != nil {
		v.RetryAfter = read(s, "retry_after", wholeSeconds(time.Second, time.Hour))
	}
	if s.value("html") != nil {
		v.HTML = read(s, "html", func(text string) ([]byte, *flaw) {
			return readFile(d.resolve(text), maxPage)
		})
	}
	return v
}

// routeDegraded reads the degraded of a [[site.route]]: a table, or just the
// form.
func (d *decoder) routeDegraded(route section, site Degraded) Degraded {
	n := route.node.keys["degraded"]
	switch {
	case n == nil:
		return site
	case n.kind == kindTable:
		return d.degraded(route.table("degraded"), site)
	case n.kind == kindText:
		site.Form = read(route, "degraded", parseForm)
	default:
		route.fail("degraded", formChoices+", or [site.route.degraded]", "must be a string or a table, not %s", n.kind)
	}
	return site
}

const formChoices = `write "auto", "html" or "json"`

func parseForm(text string) (DegradedForm, *flaw) {
	return choice(formChoices, []DegradedForm{DegradedAuto, DegradedHTML, DegradedJSON})(text)
}

// parseJSON returns text if it is one JSON value.
func parseJSON(text string) ([]byte, *flaw) {
	var value json.RawMessage
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return nil, flawed(`write JSON in single quotes, such as '{"code":503,"msg":"busy"}'`, "%s is not JSON: %v", shorten(text), err)
	}
	return []byte(text), nil
}
