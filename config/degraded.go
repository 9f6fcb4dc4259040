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

// Degraded is what the clients of a Site get instead of an Upstream's response.
type Degraded struct {
	HTML       []byte // nil: the built-in page
	JSON       []byte // valid JSON
	RetryAfter time.Duration
}

// maxPage is the largest page of a Degraded answer: it is sent when there is no
// strength to spare.
const maxPage = 256 << 10

// degraded reads [site.degraded].
func (d *decoder) degraded(s section) Degraded {
	v := Degraded{
		JSON:       read(s, "json", parseJSON),
		RetryAfter: read(s, "retry_after", wholeSeconds(time.Second, time.Hour)),
	}
	if s.written("html") {
		v.HTML = read(s, "html", func(text string) ([]byte, *flaw) {
			return readFile(d.resolve(text), maxPage)
		})
	}
	return v
}

// parseJSON returns text if it is one JSON value.
func parseJSON(text string) ([]byte, *flaw) {
	var value json.RawMessage
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return nil, flawed(`write JSON in single quotes, such as '{"code":503,"msg":"busy"}'`, "%s is not JSON: %v", shorten(text), err)
	}
	return []byte(text), nil
}
