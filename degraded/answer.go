package degraded

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// The JSON that an Answer has by default: of all Kinds, and of Maintenance.
const (
	defaultJSON     = `{"code":503,"msg":"busy"}`
	maintenanceJSON = `{"code":503,"msg":"maintenance"}`
)

// CauseMarker stands in an owner's HTML or JSON where the Kind is to be shown:
// "busy", "down", "unanswered" or "maintenance". It may stand there any number
// of times, or not at all.
const CauseMarker = "{{cause}}"

// Options say what an Answer consists of. The zero value is the default.
type Options struct {
	// Site is its name as visitors know it, a host, which the built-in pages
	// show. Empty: none is shown.
	Site       string
	HTML       []byte        // the owner's page; empty: the built-in ones
	JSON       []byte        // empty: {"code":503,"msg":"busy"}
	RetryAfter time.Duration // 0: five seconds
	Mode       Mode
	// Common is shared with other Answers; nil: nothing is.
	Common *Common
}

// Answer is the degraded answer of a Site or Route, rendered for each Kind. It
// is immutable.
type Answer struct {
	mode       Mode
	pages      [kinds][languages]*Body
	json       [kinds]*Body
	retryAfter [][]byte
}

// New renders an answer. It returns an error when the JSON is none, when a
// Marker stands twice in a body, or when RetryAfter is out of range.
func New(o Options) (*Answer, error) {
	o.RetryAfter = cmp.Or(o.RetryAfter, defaultRetryAfter)
	if o.Common == nil {
		o.Common = NewCommon()
	}
	a := &Answer{mode: o.Mode}
	var err, errs error
	a.retryAfter, err = retryValues(o.RetryAfter)
	errs = errors.Join(errs, err)
	a.json, err = o.objects()
	errs = errors.Join(errs, err)
	a.pages, err = o.pages()
	errs = errors.Join(errs, err)
	if errs != nil {
		return nil, errs
	}
	return a, nil
}

// With returns the answer with another Mode.
func (a *Answer) With(m Mode) *Answer {
	other := *a
	other.mode = m
	return &other
}

// Choose returns the body that tells a client of k, given its values of Accept
// and Accept-Language, nil for a field that it did not send. It allocates
// nothing. (Of a field sent in several lines the first does: that nobody's
// browser sends, and what is at stake is a form, not a refusal.)
func (a *Answer) Choose(k Kind, accept, acceptLanguage []byte) *Body {
	if !a.mode.html(accept) {
		return a.json[k]
	}
	return a.pages[k][languageOf(acceptLanguage)]
}

// RetryAfter returns a value for the Retry-After field: the configured time to
// half as much again, in seconds, as random decides.
func (a *Answer) RetryAfter(random uint64) []byte {
	return a.retryAfter[random%uint64(len(a.retryAfter))]
}

// objects renders the JSON for each Kind.
func (o Options) objects() (all [kinds]*Body, err error) {
	text := o.JSON
	if len(text) == 0 {
		text = []byte(defaultJSON)
	}
	if !json.Valid(text) || !utf8.Valid(text) {
		return all, errors.New("json: this is not JSON")
	}
	for k := range kinds {
		own := text
		if k == Maintenance && string(text) == defaultJSON {
			own = []byte(maintenanceJSON)
		}
		if all[k], err = o.owners(own, k, typeJSON); err != nil {
			return all, fmt.Errorf("json: %w", err)
		}
	}
	return all, nil
}

// pages renders the page for each Kind and in each language. An owner's is one
// for all languages.
func (o Options) pages() (all [kinds][languages]*Body, err error) {
	for k := range kinds {
		for l := range languages {
			if len(o.HTML) == 0 {
				all[k][l] = waitingPage(k, l, o.Site, wholeSeconds(o.RetryAfter)).body(o.Common)
				continue
			}
			if all[k][l], err = o.owners(o.HTML, k, typeHTML); err != nil {
				return all, fmt.Errorf("html: %w", err)
			}
		}
	}
	return all, nil
}

// owners renders a text of the owner's. Where it has no CauseMarker the bodies
// of all Kinds hold the same stretches.
func (o Options) owners(text []byte, k Kind, contentType string) (*Body, error) {
	told := strings.ReplaceAll(string(text), CauseMarker, k.word())
	return o.Common.newBody(told, 0, contentType, "")
}
