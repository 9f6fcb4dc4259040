package dnsapi

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// AliyunEndpoint is where Alibaba Cloud's API is when the options do not say.
const AliyunEndpoint = "https://alidns.aliyuncs.com"

// AliyunOptions say how to speak to Alibaba Cloud DNS. The key needs the actions
// alidns:AddDomainRecord, alidns:DescribeSubDomainRecords and
// alidns:DeleteDomainRecord.
type AliyunOptions struct {
	AccessKeyID     Secret
	AccessKeySecret Secret
	SecurityToken   Secret       // of temporary credentials; nil: none
	Endpoint        string       // a URL; empty: AliyunEndpoint
	HTTP            *http.Client // nil: one that takes its proxy from the environment
}

// Aliyun is the Provider for zones at Alibaba Cloud DNS, by its API of version
// 2015-01-09: https://alibabacloud.com/help/en/dns/api-alidns-2015-01-09-describesubdomainrecords
type Aliyun struct {
	options AliyunOptions
	caller  httpCaller
}

const (
	aliyunName    = "alidns"
	aliyunVersion = "2015-01-09"
	// aliyunTTL is the lowest that the free edition allows, in seconds.
	aliyunTTL = 600
)

// NewAliyun makes one. It asks for no secret, and sends nothing.
func NewAliyun(o AliyunOptions) *Aliyun {
	if o.Endpoint == "" {
		o.Endpoint = AliyunEndpoint
	}
	return &Aliyun{options: o, caller: newHTTPCaller(o.HTTP, o.Endpoint)}
}

// Add makes the record be there.
func (p *Aliyun) Add(ctx context.Context, r Record) error {
	return p.add(ctx, r).about(aliyunName, "add", r)
}

// Remove makes the record be gone.
func (p *Aliyun) Remove(ctx context.Context, r Record) error {
	return p.remove(ctx, r).about(aliyunName, "remove", r)
}

func (p *Aliyun) add(ctx context.Context, r Record) *httpFault {
	label, f := relativeName(r)
	if f != nil {
		return f
	}
	f = p.call(ctx, "AddDomainRecord", url.Values{
		"DomainName": {r.Zone}, "RR": {label}, "Type": {"TXT"}, "Value": {r.Value}, "TTL": {strconv.Itoa(aliyunTTL)},
	}, nil)
	if f.is("DomainRecordDuplicate") {
		return nil
	}
	return f
}

func (p *Aliyun) remove(ctx context.Context, r Record) *httpFault {
	label, f := relativeName(r)
	if f != nil {
		return f
	}
	records, f := p.list(ctx, r)
	if f != nil {
		return f
	}
	for _, l := range records {
		if l.Type != "TXT" || !strings.EqualFold(l.RR, label) || l.Value != r.Value {
			continue
		}
		f := p.call(ctx, "DeleteDomainRecord", url.Values{"RecordId": {l.RecordID}}, nil)
		if f != nil && !f.is("DomainRecordNotBelongToUser") {
			return f // that one says that it is gone
		}
	}
	return nil
}

// aliyunRecord is a record as DescribeSubDomainRecords gives it.
type aliyunRecord struct {
	RecordID string `json:"RecordId"`
	RR       string
	Type     string
	Value    string
}

// list gives the TXT records of r's name.
func (p *Aliyun) list(ctx context.Context, r Record) ([]aliyunRecord, *httpFault) {
	var all []aliyunRecord
	for number := range maxPages {
		var page struct {
			DomainRecords struct{ Record []aliyunRecord }
		}
		f := p.call(ctx, "DescribeSubDomainRecords", url.Values{
			"DomainName": {r.Zone}, "SubDomain": {r.Name}, "Type": {"TXT"},
			"PageNumber": {strconv.Itoa(number + 1)}, "PageSize": {strconv.Itoa(pageSize)},
		}, &page)
		if f != nil {
			return nil, f
		}
		all = append(all, page.DomainRecords.Record...)
		if len(page.DomainRecords.Record) < pageSize {
			return all, nil
		}
	}
	return nil, tooMany()
}

// call does an action. What it answers goes to into, unless that is nil.
func (p *Aliyun) call(ctx context.Context, action string, params url.Values, into any) *httpFault {
	f := p.caller.call(ctx,
		func(ctx context.Context) (httpRequest, *httpFault) { return p.request(ctx, action, params) },
		func(a httpAnswer, m mask) *httpFault { return aliyunRead(a, m, into) })
	if f != nil && f.remedy == "" {
		f.remedy = aliyunRemedy(f.code)
	}
	return f
}

// request is a signed request for an action, of the API's RPC style: all of it
// is in the query, and the body is empty.
func (p *Aliyun) request(ctx context.Context, action string, params url.Values) (httpRequest, *httpFault) {
	u, f := p.caller.base()
	if f != nil {
		return httpRequest{}, f
	}
	var s acs3
	if s.id, f = readSecret("AccessKey ID", p.options.AccessKeyID); f != nil {
		return httpRequest{}, f
	}
	if s.key, f = readSecret("AccessKey secret", p.options.AccessKeySecret); f != nil {
		return httpRequest{}, f
	}
	if p.options.SecurityToken != nil {
		if s.token, f = readSecret("security token", p.options.SecurityToken); f != nil {
			return httpRequest{}, f
		}
	}
	u.RawQuery = acs3Query(params)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), nil)
	if err != nil {
		panic("internal error: " + err.Error()) // u was parsed
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", userAgent)
	r.Header.Set("x-acs-action", action)
	r.Header.Set("x-acs-version", aliyunVersion)
	signature := s.sign(r, nil, p.caller.now(), rand.Text())
	return httpRequest{r, mask{secrets: []string{s.id, s.key, s.token, signature}}}, nil
}

// aliyunRead judges an answer.
func aliyunRead(a httpAnswer, m mask, into any) *httpFault {
	var refused struct{ Code, Message string }
	f := a.decode(&refused)
	switch {
	case f != nil:
		return f
	case refused.Code != "" || a.status != http.StatusOK:
		f := a.refusal(m, refused.Code, refused.Message)
		f.again = f.code == "Throttling" || strings.HasPrefix(f.code, "Throttling.")
		return f
	case into == nil:
		return nil
	}
	return a.decode(into)
}

// aliyunRemedy is what a person can do about a code, of those documented at
// https://help.aliyun.com/en/dns/error-code and with the actions.
func aliyunRemedy(code string) string {
	switch code {
	case "InvalidAccessKeyId.NotFound", "InvalidAccessKeyId.Inactive":
		return "check that the AccessKey ID is that of a key which exists and is enabled"
	case "SignatureDoesNotMatch", "IncompleteSignature":
		return "check that the AccessKey secret belongs to the AccessKey ID"
	case "InvalidTimeStamp.Expired":
		return "set this machine's clock: it may differ from Alibaba Cloud's by fifteen minutes"
	case "InvalidSecurityToken.Expired", "InvalidSecurityToken.Malformed", "InvalidSecurityToken.MismatchWithAccessKey", "MissingSecurityToken":
		return "renew the temporary credentials: the three parts belong together"
	case "Forbidden", "Forbidden.RAM", "NoPermission":
		return "let the key's RAM user do alidns:AddDomainRecord, alidns:DescribeSubDomainRecords and alidns:DeleteDomainRecord on the zone"
	case "IncorrectDomainUser", "InvalidDomainName.NoExist":
		return "check that the zone is one of the key's account at Alibaba Cloud DNS"
	case "DomainForbidden":
		return "look at the zone's state in Alibaba Cloud's console: it may not be changed"
	case "QuotaExceeded.Record":
		return "remove the TXT records of the name that are not needed"
	}
	return ""
}
