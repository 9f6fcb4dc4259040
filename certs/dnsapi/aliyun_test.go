package dnsapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	aliyunTestID  = "LTAI5tQ8hZ3vX1mN7pRk"
	aliyunTestKey = "w4Yc9Jf2Ls6Tb0Dg8Kq5"
	aliyunTestTok = "CAIS7/xV+9n3Qe1Uo5Ha=="
)

func aliyunKind() httpKind {
	return httpKind{
		name: "alidns", secrets: []string{aliyunTestTok, aliyunTestID, aliyunTestKey},
		actions: []string{"AddDomainRecord", "DescribeSubDomainRecords", "DeleteDomainRecord"},
		fake:    func() httpFake { return newAliyunFake() },
		provider: func(s []Secret, endpoint string, client *http.Client) (Provider, *httpCaller) {
			p := NewAliyun(AliyunOptions{SecurityToken: s[0], AccessKeyID: s[1], AccessKeySecret: s[2], Endpoint: endpoint, HTTP: client})
			return p, &p.caller
		},
		refuse: aliyunRefuse,
		badKey: "SignatureDoesNotMatch", noZone: "InvalidDomainName.NoExist",
	}
}

func aliyunRefuse(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{
		"RequestId": "8906582E-6722-409A-A6C4-0E7863B733A5", "HostId": "alidns.aliyuncs.com", "Code": code, "Message": message,
	})
}

// aliyunFakeRecord is a record that the fake keeps.
type aliyunFakeRecord struct{ id, name, kind, value string }

// aliyunFake is Alibaba Cloud DNS with the zone example.com.
type aliyunFake struct {
	httpFailing
	mu      sync.Mutex
	next    int
	records []aliyunFakeRecord
	counts  map[string]int
	nonces  map[string]bool
	refuses map[string]string
}

func newAliyunFake() *aliyunFake {
	return &aliyunFake{next: 9999985, counts: map[string]int{}, nonces: map[string]bool{}}
}

func (f *aliyunFake) put(name, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	f.records = append(f.records, aliyunFakeRecord{strconv.Itoa(f.next), name, "TXT", value})
}

func (f *aliyunFake) texts(name string) (values []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.records {
		if r.kind == "TXT" && r.name == name {
			values = append(values, r.value)
		}
	}
	slices.Sort(values)
	return values
}

func (f *aliyunFake) asked(action string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[action]
}

// aliyunAuthorization is the header's form by the documentation.
var aliyunAuthorization = regexp.MustCompile(`^ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})$`)

// aliyunVerify checks a request as received by the documentation of the
// signature V3, on its own. It returns the code to refuse it with, or nothing.
func aliyunVerify(r *http.Request, body []byte, now time.Time) string {
	m := aliyunAuthorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return "IncompleteSignature"
	}
	date, err := time.Parse("2006-01-02T15:04:05Z", r.Header.Get("x-acs-date"))
	hash := sha256.Sum256(body)
	// "All headers that start with x-acs-, host and content-type must be signed."
	names := []string{"host"}
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-acs-") || name == "content-type" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	switch {
	case m[1] != aliyunTestID:
		return "InvalidAccessKeyId.NotFound"
	case r.Header.Get("x-acs-security-token") != aliyunTestTok:
		return "InvalidSecurityToken.MismatchWithAccessKey"
	case err != nil || now.Sub(date).Abs() > 15*time.Minute:
		return "InvalidTimeStamp.Expired"
	case r.Header.Get("x-acs-content-sha256") != hex.EncodeToString(hash[:]), m[2] != strings.Join(names, ";"):
		return "SignatureDoesNotMatch"
	}
	canonical := r.Method + "\n/\n" + aliyunCanonicalQuery(r.URL.Query()) + "\n"
	for _, name := range names {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		canonical += name + ":" + strings.TrimSpace(value) + "\n"
	}
	canonical += "\n" + m[2] + "\n" + hex.EncodeToString(hash[:])
	h := hmac.New(sha256.New, []byte(aliyunTestKey))
	fmt.Fprintf(h, "ACS3-HMAC-SHA256\n%x", sha256.Sum256([]byte(canonical)))
	if hex.EncodeToString(h.Sum(nil)) != m[3] {
		return "SignatureDoesNotMatch"
	}
	return ""
}

// aliyunCanonicalQuery writes the parameters sorted and escaped: all but
// letters, digits and -_.~ as %XX.
func aliyunCanonicalQuery(query url.Values) string {
	var pairs []string
	escape := func(s string) (out string) {
		for _, c := range []byte(s) {
			if strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~", c) >= 0 {
				out += string(rune(c))
			} else {
				out += fmt.Sprintf("%%%02X", c)
			}
		}
		return out
	}
	for name, values := range query {
		pairs = append(pairs, escape(name)+"="+escape(values[0]))
	}
	slices.Sort(pairs) // no name of the API is the beginning of another
	return strings.Join(pairs, "&")
}

func (f *aliyunFake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if f.failed(w, r) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	action, q, nonce := r.Header.Get("x-acs-action"), r.URL.Query(), r.Header.Get("x-acs-signature-nonce")
	f.counts[action]++
	status, code := 400, aliyunVerify(r, body, time.Now())
	switch {
	case code != "":
		status = 403
	case f.nonces[nonce]:
		code = "SignatureNonceUsed"
	case f.refuses[action] != "":
		code = f.refuses[action]
	case r.Header.Get("x-acs-version") != "2015-01-09":
		code = "NoSuchVersion"
	case action != "DeleteDomainRecord" && q.Get("DomainName") != "example.com":
		code = "InvalidDomainName.NoExist"
	}
	f.nonces[nonce] = true
	if code != "" {
		aliyunRefuse(w, status, code, "refused with "+code)
		return
	}
	switch action {
	case "AddDomainRecord":
		f.add(w, q)
	case "DescribeSubDomainRecords":
		f.describe(w, q)
	case "DeleteDomainRecord":
		f.delete(w, q.Get("RecordId"))
	default:
		aliyunRefuse(w, 404, "InvalidAction.NotFound", "no such action")
	}
}

func (f *aliyunFake) add(w http.ResponseWriter, q url.Values) {
	r := aliyunFakeRecord{name: strings.TrimPrefix(q.Get("RR")+".example.com", "@."), kind: q.Get("Type"), value: q.Get("Value")}
	if ttl, _ := strconv.Atoi(q.Get("TTL")); ttl < 600 {
		aliyunRefuse(w, 400, "QuotaExceeded.TTL", "TTL too low")
		return
	}
	for _, has := range f.records {
		if has.name == r.name && has.kind == r.kind && has.value == r.value {
			aliyunRefuse(w, 400, "DomainRecordDuplicate", "The DNS record already exists.")
			return
		}
	}
	f.next++
	r.id = strconv.Itoa(f.next)
	f.records = append(f.records, r)
	json.NewEncoder(w).Encode(map[string]string{"RequestId": "1", "RecordId": r.id})
}

func (f *aliyunFake) describe(w http.ResponseWriter, q url.Values) {
	list := []map[string]any{}
	for _, r := range f.records {
		if r.name == q.Get("SubDomain") && (q.Get("Type") == "" || q.Get("Type") == r.kind) {
			rr := strings.TrimSuffix(strings.TrimSuffix(r.name, "example.com"), ".")
			if rr == "" {
				rr = "@"
			}
			list = append(list, map[string]any{"RecordId": r.id, "RR": rr, "Type": r.kind, "Value": r.value, "TTL": 600, "DomainName": "example.com"})
		}
	}
	number, _ := strconv.Atoi(q.Get("PageNumber"))
	size, _ := strconv.Atoi(q.Get("PageSize"))
	if number < 1 || size < 1 || size > 100 {
		aliyunRefuse(w, 400, "InvalidParameter", "pages begin at 1 and have at most 100 records")
		return
	}
	total := len(list)
	list = list[min((number-1)*size, total):min(number*size, total)]
	json.NewEncoder(w).Encode(map[string]any{"RequestId": "1", "TotalCount": total, "PageNumber": number, "PageSize": size,
		"DomainRecords": map[string]any{"Record": list}})
}

func (f *aliyunFake) delete(w http.ResponseWriter, id string) {
	i := slices.IndexFunc(f.records, func(r aliyunFakeRecord) bool { return r.id == id })
	if i < 0 {
		aliyunRefuse(w, 400, "DomainRecordNotBelongToUser", "The domain record does not belong to this user.")
		return
	}
	f.records = slices.Delete(f.records, i, i+1)
	json.NewEncoder(w).Encode(map[string]string{"RequestId": "1", "RecordId": id})
}

func TestAliyunTakesGoneForRemoved(t *testing.T) {
	for code, ok := range map[string]bool{"DomainRecordNotBelongToUser": true, "DomainRecordLocked": false} {
		fake := newAliyunFake()
		fake.refuses = map[string]string{"DeleteDomainRecord": code}
		p, _, _ := aliyunKind().provide(t, fake)
		r := httpRecord("_acme-challenge", "v")
		fake.put(r.Name, r.Value)
		if err := p.Remove(t.Context(), r); (err == nil) != ok {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// The API limits its rate in an answer of HTTP 400.
func TestAliyunIsPatientWithItsRateLimit(t *testing.T) {
	for _, code := range []string{"Throttling", "Throttling.User"} {
		fake := newAliyunFake()
		p, _, pauses := aliyunKind().provide(t, fake)
		fake.fail(2, func(w http.ResponseWriter, r *http.Request) { aliyunRefuse(w, 400, code, "slowly") })
		if err := p.Add(t.Context(), httpRecord("_acme-challenge", "v")); err != nil || len(*pauses) != 2 {
			t.Errorf("%s: %v after pauses of %v", code, err, *pauses)
		}
	}
}

func TestAliyunTellsOfAWrongClock(t *testing.T) {
	k := aliyunKind()
	p, c, _ := k.provide(t, newAliyunFake())
	c.now = func() time.Time { return time.Now().Add(20 * time.Minute) }
	e := httpError(t, k, p.Add(t.Context(), httpRecord("_acme-challenge", "v")), "add")
	if e.Code != "InvalidTimeStamp.Expired" || !strings.Contains(e.Remedy, "clock") {
		t.Errorf("%v; %s", e, e.Remedy)
	}
}

func TestAliyunNeedsNoSecurityToken(t *testing.T) {
	var got http.Header
	client := &http.Client{Transport: httpRoundTrip(func(r *http.Request) (*http.Response, error) {
		got = r.Header
		return nil, io.ErrUnexpectedEOF
	})}
	p := NewAliyun(AliyunOptions{AccessKeyID: httpSecret(aliyunTestID), AccessKeySecret: httpSecret(aliyunTestKey), HTTP: client})
	p.Add(t.Context(), httpRecord("a", "v"))
	if _, has := got["X-Acs-Security-Token"]; has || got.Get("Authorization") == "" {
		t.Errorf("%v", got)
	}
}

func TestAliyunHasRemedies(t *testing.T) {
	for _, code := range []string{
		"InvalidAccessKeyId.NotFound", "SignatureDoesNotMatch", "InvalidTimeStamp.Expired", "InvalidSecurityToken.Expired",
		"Forbidden.RAM", "IncorrectDomainUser", "InvalidDomainName.NoExist", "DomainForbidden", "QuotaExceeded.Record",
	} {
		k := aliyunKind()
		fake := newAliyunFake()
		fake.refuses = map[string]string{"AddDomainRecord": code}
		p, _, _ := k.provide(t, fake)
		e := httpError(t, k, p.Add(t.Context(), httpRecord("_acme-challenge", "v")), "add")
		if e.Code != code || e.Remedy == "" || e.Cause.Error() != "refused with "+code {
			t.Errorf("%s: %v; %s", code, e, e.Remedy)
		}
	}
}
