package dnsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// TencentEndpoint is where Tencent's API is when the options do not say.
const TencentEndpoint = "https://dnspod.tencentcloudapi.com"

// TencentOptions say how to speak to Tencent Cloud DNSPod. The key needs the
// actions dnspod:CreateRecord, dnspod:DescribeRecordList and
// dnspod:DeleteRecord.
type TencentOptions struct {
	SecretID     Secret
	SecretKey    Secret
	SessionToken Secret       // of temporary credentials; nil: none
	Endpoint     string       // a URL; empty: TencentEndpoint
	HTTP         *http.Client // nil: one that takes its proxy from the environment
}

// Tencent is the Provider for zones at Tencent Cloud DNSPod, by its API 3.0,
// version 2021-03-23: https://cloud.tencent.com/document/api/1427/84627
type Tencent struct {
	options TencentOptions // fixed after NewTencent
	caller  httpCaller     // fixed after NewTencent

	mu sync.Mutex
	// added are the IDs of records that Add has made and Remove has not removed
	// yet. For half a minute a new record is not in the list that Remove looks
	// it up in, as the documentation of DescribeRecordList says.
	added map[Record]uint64
}

const (
	tencentName    = "dnspod"
	tencentVersion = "2021-03-23"
	// tencentTTL is the lowest that the free plan allows, in seconds.
	tencentTTL = 600
	// tencentLine and its ID are the line that answers all who ask. The name is
	// required; the ID goes before it, and also holds where the line's name is
	// not in Chinese.
	tencentLine   = "默认"
	tencentLineID = "0"
	// maxAdded bounds what is kept of records that are never removed.
	maxAdded = 1000
)

// NewTencent makes one. It asks for no secret, and sends nothing.
func NewTencent(o TencentOptions) *Tencent {
	if o.Endpoint == "" {
		o.Endpoint = TencentEndpoint
	}
	return &Tencent{options: o, caller: newHTTPCaller(o.HTTP, o.Endpoint), added: map[Record]uint64{}}
}

// Add makes the record be there.
func (t *Tencent) Add(ctx context.Context, r Record) error {
	return t.add(ctx, r).about(tencentName, "add", r)
}

// Remove makes the record be gone.
func (t *Tencent) Remove(ctx context.Context, r Record) error {
	return t.remove(ctx, r).about(tencentName, "remove", r)
}

func (t *Tencent) add(ctx context.Context, r Record) *httpFault {
	label, f := relativeName(r)
	if f != nil {
		return f
	}
	var made struct {
		RecordID uint64 `json:"RecordId"`
	}
	f = t.call(ctx, "CreateRecord", map[string]any{
		"Domain": r.Zone, "SubDomain": label, "RecordType": "TXT", "Value": r.Value,
		"RecordLine": tencentLine, "RecordLineId": tencentLineID, "TTL": tencentTTL,
	}, &made)
	if f.is("InvalidParameter.DomainRecordExist") {
		return nil
	}
	if f == nil {
		t.remember(r, made.RecordID)
	}
	return f
}

func (t *Tencent) remove(ctx context.Context, r Record) *httpFault {
	label, f := relativeName(r)
	if f != nil {
		return f
	}
	records, f := t.list(ctx, r.Zone, label)
	if f != nil {
		return f
	}
	for _, id := range t.doomed(records, r, label) {
		f := t.call(ctx, "DeleteRecord", map[string]any{"Domain": r.Zone, "RecordId": id}, nil)
		if f != nil && !f.is("InvalidParameter.RecordIdInvalid", "ResourceNotFound.NoDataOfRecord") {
			return f // the others say that it is gone
		}
	}
	t.forget(r)
	return nil
}

// tencentRecord is a record as DescribeRecordList gives it.
type tencentRecord struct {
	RecordID uint64 `json:"RecordId"`
	Name     string
	Type     string
	Value    string
}

// list gives the TXT records of a name.
func (t *Tencent) list(ctx context.Context, zone, label string) ([]tencentRecord, *httpFault) {
	var all []tencentRecord
	for range maxPages {
		var page struct{ RecordList []tencentRecord }
		f := t.call(ctx, "DescribeRecordList", map[string]any{
			"Domain": zone, "Subdomain": label, "RecordType": "TXT", "Offset": len(all), "Limit": pageSize,
		}, &page)
		if f.is("ResourceNotFound.NoDataOfRecord") {
			return all, nil // how an empty list is told
		}
		if f != nil {
			return nil, f
		}
		all = append(all, page.RecordList...)
		if len(page.RecordList) < pageSize {
			return all, nil
		}
	}
	return nil, tooMany()
}

// doomed are the IDs to delete for r to be gone: those of records listed that
// are r, and that which Add was given if it is not listed. If it is listed with
// another value, somebody has changed the record, and it is not ours any more.
func (t *Tencent) doomed(listed []tencentRecord, r Record, label string) []uint64 {
	t.mu.Lock()
	unlisted := t.added[r]
	t.mu.Unlock()
	var ids []uint64
	for _, l := range listed {
		if l.RecordID == unlisted {
			unlisted = 0
		}
		if l.Type == "TXT" && strings.EqualFold(l.Name, label) && l.Value == r.Value {
			ids = append(ids, l.RecordID)
		}
	}
	if unlisted != 0 {
		ids = append(ids, unlisted)
	}
	return ids
}

func (t *Tencent) remember(r Record, id uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.added) >= maxAdded {
		clear(t.added)
	}
	t.added[r] = id
}

func (t *Tencent) forget(r Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.added, r)
}

// call does an action. What it answers goes to into, unless that is nil.
func (t *Tencent) call(ctx context.Context, action string, params map[string]any, into any) *httpFault {
	body, err := json.Marshal(params)
	if err != nil {
		panic("internal error: " + err.Error()) // strings and numbers
	}
	f := t.caller.call(ctx,
		func(ctx context.Context) (httpRequest, *httpFault) { return t.request(ctx, action, body) },
		func(a httpAnswer, m mask) *httpFault { return tencentRead(a, m, into) })
	if f != nil && f.remedy == "" {
		f.remedy = tencentRemedy(f.code)
	}
	return f
}

// request is a signed request for an action.
func (t *Tencent) request(ctx context.Context, action string, body []byte) (httpRequest, *httpFault) {
	u, f := t.caller.base()
	if f != nil {
		return httpRequest{}, f
	}
	id, f := readSecret("SecretId", t.options.SecretID)
	if f != nil {
		return httpRequest{}, f
	}
	key, f := readSecret("SecretKey", t.options.SecretKey)
	if f != nil {
		return httpRequest{}, f
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		panic("internal error: " + err.Error()) // u was parsed
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", userAgent)
	r.Header.Set("X-TC-Action", action)
	r.Header.Set("X-TC-Version", tencentVersion)
	m := mask{secrets: []string{id, key}}
	if t.options.SessionToken != nil {
		token, f := readSecret("session token", t.options.SessionToken)
		if f != nil {
			return httpRequest{}, f
		}
		r.Header.Set("X-TC-Token", token)
		m.secrets = append(m.secrets, token)
	}
	signature := tc3{id: id, key: key, service: "dnspod"}.sign(r, body, t.caller.now())
	m.secrets = append(m.secrets, signature)
	return httpRequest{r, m}, nil
}

// tencentRead judges an answer. The API answers HTTP 200 also when it refuses.
func tencentRead(a httpAnswer, m mask, into any) *httpFault {
	var answer struct{ Response json.RawMessage }
	if f := a.decode(&answer); f != nil {
		return f
	}
	a.body = answer.Response
	var refused struct {
		Error *struct{ Code, Message string }
	}
	if f := a.decode(&refused); f != nil {
		return f
	}
	if e := refused.Error; e != nil {
		f := a.refusal(m, e.Code, e.Message)
		f.again = f.code == "RequestLimitExceeded" || strings.HasPrefix(f.code, "RequestLimitExceeded.")
		return f
	}
	if a.status != http.StatusOK {
		return a.refusal(m, "", "")
	}
	if into == nil {
		return nil
	}
	return a.decode(into)
}

// tencentRemedy is what a person can do about a code, of those documented at
// https://cloud.tencent.com/document/api/1427/56192
func tencentRemedy(code string) string {
	switch code {
	case "AuthFailure.SecretIdNotFound", "AuthFailure.InvalidSecretId":
		return "check that the SecretId is that of an API key which exists and is enabled"
	case "AuthFailure.SignatureFailure":
		return "check that the SecretKey belongs to the SecretId"
	case "AuthFailure.SignatureExpire":
		return "set this machine's clock: it may differ from Tencent's by five minutes"
	case "AuthFailure.TokenFailure":
		return "renew the temporary credentials, or leave out the session token if the key is not temporary"
	case "AuthFailure.UnauthorizedOperation", "UnauthorizedOperation", "OperationDenied.NoPermissionToOperateDomain", "OperationDenied.AccessDenied":
		return "let the key's user do dnspod:CreateRecord, dnspod:DescribeRecordList and dnspod:DeleteRecord on the zone"
	case "IpNotInWhitelist", "IpInBlacklist":
		return "let the key be used from this machine's address"
	case "InvalidParameterValue.DomainNotExists", "InvalidParameter.DomainInvalid", "FailedOperation.NotDomainOwner":
		return "check that the zone is one of the key's account at DNSPod"
	case "FailedOperation.DomainIsLocked":
		return "unlock the zone in DNSPod's console"
	case "LimitExceeded.RecordTtlLimit":
		return "check the zone's plan: it does not allow a TTL of 600 seconds"
	}
	return ""
}
