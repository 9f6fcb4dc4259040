package dnsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// CloudflareEndpoint is where Cloudflare's API is when the options do not say.
const CloudflareEndpoint = "https://api.cloudflare.com/client/v4"

// CloudflareOptions say how to speak to Cloudflare.
type CloudflareOptions struct {
	// Token is an API token with the permissions Zone:Read and DNS:Edit for the
	// zones. (The global API key, which may do anything, is not supported.)
	Token    Secret
	Endpoint string       // a URL with the path that calls begin with; empty: CloudflareEndpoint
	HTTP     *http.Client // nil: one that takes its proxy from the environment
}

// Cloudflare is the Provider for zones at Cloudflare, by its API v4:
// https://developers.cloudflare.com/api/resources/dns/subresources/records/
type Cloudflare struct {
	options CloudflareOptions
	caller  httpCaller
}

const (
	cloudflareName = "cloudflare"
	// cloudflareTTL is low, and allowed on every plan, in seconds.
	cloudflareTTL = 120
)

// Codes of the API. It does not document them; these are long-standing.
const (
	cloudflareExists    = "81057" // a record like that exists
	cloudflareIdentical = "81058" // this very record exists
	cloudflareGone      = "81044" // no such record
)

// NewCloudflare makes one. It asks for no secret, and sends nothing.
func NewCloudflare(o CloudflareOptions) *Cloudflare {
	if o.Endpoint == "" {
		o.Endpoint = CloudflareEndpoint
	}
	return &Cloudflare{options: o, caller: newHTTPCaller(o.HTTP, o.Endpoint)}
}

// Add makes the record be there.
func (p *Cloudflare) Add(ctx context.Context, r Record) error {
	return p.add(ctx, r).about(cloudflareName, "add", r)
}

// Remove makes the record be gone.
func (p *Cloudflare) Remove(ctx context.Context, r Record) error {
	return p.remove(ctx, r).about(cloudflareName, "remove", r)
}

func (p *Cloudflare) add(ctx context.Context, r Record) *httpFault {
	zone, f := p.zone(ctx, r)
	if f != nil {
		return f
	}
	f = p.call(ctx, r.Zone, cloudflareCall{method: http.MethodPost, path: []string{"zones", zone, "dns_records"},
		body: map[string]any{"type": "TXT", "name": r.Name, "content": quoteTXT(r.Value), "ttl": cloudflareTTL}}, nil)
	if f.is(cloudflareIdentical, cloudflareExists) {
		return nil
	}
	return f
}

func (p *Cloudflare) remove(ctx context.Context, r Record) *httpFault {
	zone, f := p.zone(ctx, r)
	if f != nil {
		return f
	}
	records, f := p.list(ctx, zone, r)
	if f != nil {
		return f
	}
	for _, l := range records {
		// Values that were entered without quotes are given back without them.
		mine := l.Content == quoteTXT(r.Value) || l.Content == r.Value
		if l.Type != "TXT" || !strings.EqualFold(l.Name, r.Name) || !mine {
			continue
		}
		if !isCloudflareID(l.ID) {
			return strangeID()
		}
		f := p.call(ctx, r.Zone, cloudflareCall{method: http.MethodDelete, path: []string{"zones", zone, "dns_records", l.ID}}, nil)
		if f != nil && !f.is(cloudflareGone) {
			return f
		}
	}
	return nil
}

// zone finds the ID of r's zone.
func (p *Cloudflare) zone(ctx context.Context, r Record) (string, *httpFault) {
	if _, f := relativeName(r); f != nil {
		return "", f
	}
	var zones []struct{ ID, Name, Status string }
	f := p.call(ctx, r.Zone, cloudflareCall{method: http.MethodGet, path: []string{"zones"}, query: url.Values{"name": {r.Zone}}}, &zones)
	if f != nil {
		return "", f
	}
	var id string
	for _, z := range zones {
		// A zone that is moving has a twin, which is not active.
		if strings.EqualFold(z.Name, r.Zone) && (id == "" || z.Status == "active") {
			id = z.ID
		}
	}
	switch {
	case id == "":
		return "", &httpFault{cause: fmt.Errorf("no zone %s that the token may see", r.Zone), remedy: cloudflarePermit(r.Zone)}
	case !isCloudflareID(id):
		return "", strangeID()
	}
	return id, nil
}

// cloudflareRecord is a record as the API gives it.
type cloudflareRecord struct{ ID, Name, Type, Content string }

// list gives the TXT records of r's name. It does not let the API choose by
// content, which takes no notice of case and does notice quotes.
func (p *Cloudflare) list(ctx context.Context, zone string, r Record) ([]cloudflareRecord, *httpFault) {
	var all []cloudflareRecord
	for number := range maxPages {
		var page []cloudflareRecord
		f := p.call(ctx, r.Zone, cloudflareCall{method: http.MethodGet, path: []string{"zones", zone, "dns_records"}, query: url.Values{
			"type": {"TXT"}, "name.exact": {r.Name},
			"page": {strconv.Itoa(number + 1)}, "per_page": {strconv.Itoa(pageSize)},
		}}, &page)
		if f != nil {
			return nil, f
		}
		all = append(all, page...)
		if len(page) < pageSize {
			return all, nil
		}
	}
	return nil, tooMany()
}

// cloudflareCall is what to call the API with.
type cloudflareCall struct {
	method string
	path   []string // below the endpoint; needs no escaping
	query  url.Values
	body   map[string]any // nil: none
}

// call makes a call about a zone. Its result goes to into, unless that is nil.
func (p *Cloudflare) call(ctx context.Context, zone string, c cloudflareCall, into any) *httpFault {
	f := p.caller.call(ctx,
		func(ctx context.Context) (httpRequest, *httpFault) { return p.request(ctx, c) },
		func(a httpAnswer, m mask) *httpFault { return cloudflareRead(a, m, into) })
	if f != nil && f.remedy == "" {
		f.remedy = cloudflareRemedy(f.code, zone)
	}
	return f
}

// request is a request for c with the token.
func (p *Cloudflare) request(ctx context.Context, c cloudflareCall) (httpRequest, *httpFault) {
	u, f := p.caller.base()
	if f != nil {
		return httpRequest{}, f
	}
	token, f := readSecret("API token", p.options.Token)
	if f != nil {
		return httpRequest{}, f
	}
	var body []byte
	if c.body != nil {
		var err error
		if body, err = json.Marshal(c.body); err != nil {
			panic("internal error: " + err.Error()) // strings and numbers
		}
	}
	u = u.JoinPath(c.path...)
	u.RawQuery = c.query.Encode()
	r, err := http.NewRequestWithContext(ctx, c.method, u.String(), bytes.NewReader(body))
	if err != nil {
		panic("internal error: " + err.Error()) // u was parsed
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("User-Agent", userAgent)
	r.Header.Set("Authorization", "Bearer "+token)
	return httpRequest{r, mask{secrets: []string{token}}}, nil
}

// cloudflareRead judges an answer.
func cloudflareRead(a httpAnswer, m mask, into any) *httpFault {
	type fault struct {
		Code    int
		Message string
		Chain   []struct{ Message string } `json:"error_chain"`
	}
	var answer struct {
		Success bool
		Errors  []fault
		Result  json.RawMessage
	}
	if f := a.decode(&answer); f != nil {
		return f
	}
	if !answer.Success || a.status >= 300 {
		if len(answer.Errors) == 0 {
			return a.refusal(m, "", "")
		}
		e := answer.Errors[0]
		for _, deeper := range e.Chain {
			e.Message += ": " + deeper.Message
		}
		return a.refusal(m, strconv.Itoa(e.Code), e.Message)
	}
	if into == nil {
		return nil
	}
	a.body = answer.Result
	return a.decode(into)
}

// quoteTXT writes text as one character-string in quotes (RFC 1035 section 5.1),
// which is how the API wants the content of a TXT record.
func quoteTXT(text string) string { return `"` + dnsText(text) + `"` }

// isCloudflareID reports whether id is safe to be put into a path.
func isCloudflareID(id string) bool {
	for i := range len(id) {
		if !isAlnum(id[i]) {
			return false
		}
	}
	return id != "" && len(id) <= maxCode
}

func strangeID() *httpFault {
	return &httpFault{cause: errors.New("an ID that is none of Cloudflare's was answered"), remedy: whoAnswers}
}

// cloudflareRemedy is what a person can do about a code.
func cloudflareRemedy(code, zone string) string {
	switch code {
	case "10000", "9109": // not authenticated, not authorized; it tells them apart badly
		return cloudflarePermit(zone)
	case "6003", "6111": // malformed headers
		return "check that the API token is one, whole and without the word Bearer; the global API key is not"
	}
	return ""
}

func cloudflarePermit(zone string) string {
	return "give the API token the permissions Zone:Read and DNS:Edit for zone " + zone + ", and check that it has not expired"
}
