package degraded

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

const defaultJSON = `{"code":503,"msg":"busy"}`

// Options say what an Answer consists of. The zero value is the default.
type Options struct {
	HTML       []byte        // the owner's page; empty: the built-in one
	JSON       []byte        // empty: {"code":503,"msg":"busy"}
	RetryAfter time.Duration // 0: five seconds
	Mode       Mode
}

// Answer is the degraded answer of a Site, rendered. It is immutable.
type Answer struct {
	mode       Mode
	pages      [languages]*Body
	json       *Body
	retryAfter [][]byte
}

// New renders an answer. It returns an error when the JSON is none, when a
// Marker stands twice in a body, or when RetryAfter is out of range.
func New(o Options) (*Answer, error) {
	if o.RetryAfter == 0 {
		o.RetryAfter = defaultRetryAfter
	}
	if len(o.JSON) == 0 {
		o.JSON = []byte(defaultJSON)
	}
	a := &Answer{mode: o.Mode}
	var err, errs error
	a.retryAfter, err = retryValues(o.RetryAfter)
	errs = errors.Join(errs, err)
	a.json, err = ownersJSON(o.JSON)
	errs = errors.Join(errs, err)
	a.pages, err = pages(o)
	errs = errors.Join(errs, err)
	if errs != nil {
		return nil, errs
	}
	return a, nil
}

// Choose returns the body for a client with these values of Accept and
// Accept-Language, nil for a field that it did not send. It allocates nothing.
// (Of a field sent in several lines the first does: that nobody's browser
// sends, and what is at stake is a form, not a refusal.)
func (a *Answer) Choose(accept, acceptLanguage []byte) *Body {
	if !a.mode.html(accept) {
		return a.json
	}
	return a.pages[languageOf(acceptLanguage)]
}

// RetryAfter returns a value for the Retry-After field: the configured time to
// half as much again, in seconds, as random decides.
func (a *Answer) RetryAfter(random uint64) []byte {
	return a.retryAfter[random%uint64(len(a.retryAfter))]
}

func ownersJSON(text []byte) (*Body, error) {
	if !json.Valid(text) || !utf8.Valid(text) {
		return nil, errors.New("json: this is not JSON")
	}
	body, err := newBody(text, fieldsFor(typeJSON, ""))
	if err != nil {
		return nil, fmt.Errorf("json: %w", err)
	}
	return body, nil
}

// pages renders the page in each language. An owner's is one for all.
func pages(o Options) (all [languages]*Body, err error) {
	if len(o.HTML) == 0 {
		for l := range languages {
			all[l] = waitingPage(l, wholeSeconds(o.RetryAfter)).body()
		}
		return all, nil
	}
	owners, err := newBody(o.HTML, fieldsFor(typeHTML, ""))
	if err != nil {
		return all, fmt.Errorf("html: %w", err)
	}
	for l := range languages {
		all[l] = owners
	}
	return all, nil
}
