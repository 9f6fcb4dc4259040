package dnsapi

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	tencentTestID  = "AKIDz8kt0bJ5yKxq2Wn9"
	tencentTestKey = "Gu5+x9/ARNpq86zd98jo"
	tencentTestTok = "Qm7/0tZyU3+Lr5eWc1b=="
)

func tencentKind() httpKind {
	return httpKind{
		name: "dnspod", secrets: []string{tencentTestTok, tencentTestID, tencentTestKey},
		actions: []string{"CreateRecord", "DescribeRecordList", "DeleteRecord"},
		fake:    func() httpFake { return newTencentFake() },
		provider: func(s []Secret, endpoint string, client *http.Client) (Provider, *httpCaller) {
			p := NewTencent(TencentOptions{SessionToken: s[0], SecretID: s[1], SecretKey: s[2], Endpoint: endpoint, HTTP: client})
			return p, &p.caller
		},
		refuse: func(w http.ResponseWriter, _ int, code, message string) { tencentRefuse(w, code, message) },
		badKey: "AuthFailure.SignatureFailure", noZone: "InvalidParameterValue.DomainNotExists",
	}
}

func tencentRefuse(w http.ResponseWriter, code, message string) {
	tencentAnswer(w, map[string]any{"Error": map[string]string{"Code": code, "Message": message}})
}

func tencentAnswer(w http.ResponseWriter, fields map[string]any) {
	fields["RequestId"] = "ed93f3cb-f35e-473f-b9f3-0d451b8b79c6"
	json.NewEncoder(w).Encode(map[string]any{"Response": fields})
}

// tencentFakeRecord is a record that the fake keeps.
type tencentFakeRecord struct {
	id                uint64
	name, kind, value string
	unlisted          bool
}

// tencentFake is DNSPod with the zone example.com.
type tencentFake struct {
	httpFailing
	mu      sync.Mutex
	next    uint64
	records []tencentFakeRecord
	counts  map[string]int
	lagging bool // what is added now is not listed yet
	refuses map[string]string
}

func newTencentFake() *tencentFake { return &tencentFake{next: 100, counts: map[string]int{}} }

func (f *tencentFake) put(name, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	f.records = append(f.records, tencentFakeRecord{id: f.next, name: name, kind: "TXT", value: value})
}

func (f *tencentFake) texts(name string) (values []string) {
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

func (f *tencentFake) asked(action string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[action]
}

// tencentAuthorization is the header's form by the documentation.
var tencentAuthorization = regexp.MustCompile(`^TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d{2}-\d{2})/([a-z]+)/tc3_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$`)

// tencentVerify checks a request as received by the documentation of the
// signature v3, on its own. It returns the code to refuse it with, or nothing.
func tencentVerify(r *http.Request, body []byte, now time.Time) string {
	m := tencentAuthorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return "AuthFailure.InvalidAuthorization"
	}
	id, date, service, names, signature := m[1], m[2], m[3], strings.Split(m[4], ";"), m[5]
	seconds, err := strconv.ParseInt(r.Header.Get("X-TC-Timestamp"), 10, 64)
	stamp := time.Unix(seconds, 0).UTC()
	switch {
	case id != tencentTestID:
		return "AuthFailure.SecretIdNotFound"
	case r.Header.Get("X-TC-Token") != tencentTestTok:
		return "AuthFailure.TokenFailure"
	case err != nil || now.Sub(stamp).Abs() > 5*time.Minute:
		return "AuthFailure.SignatureExpire"
	case date != stamp.Format("2006-01-02"), service != "dnspod", r.Method != "POST", r.URL.RawQuery != "",
		!slices.IsSorted(names), !slices.Contains(names, "content-type"), !slices.Contains(names, "host"):
		return "AuthFailure.SignatureFailure"
	}
	canonical := "POST\n/\n\n"
	for _, name := range names {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		canonical += name + ":" + strings.ToLower(strings.TrimSpace(value)) + "\n"
	}
	hash := sha256.Sum256(body)
	canonical += "\n" + m[4] + "\n" + hex.EncodeToString(hash[:])
	hash = sha256.Sum256([]byte(canonical))
	text := fmt.Sprintf("TC3-HMAC-SHA256\n%d\n%s/%s/tc3_request\n%x", seconds, date, service, hash)
	key := []byte("TC3" + tencentTestKey)
	for _, part := range []string{date, service, "tc3_request", text} {
		h := hmac.New(sha256.New, key)
		io.WriteString(h, part)
		key = h.Sum(nil)
	}
	if hex.EncodeToString(key) != signature {
		return "AuthFailure.SignatureFailure"
	}
	return ""
}

func (f *tencentFake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if f.failed(w, r) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	action := r.Header.Get("X-TC-Action")
	f.counts[action]++
	var p struct {
		Domain, SubDomain, Subdomain, RecordType, RecordLine, RecordLineID, Value string
		TTL, Offset, Limit                                                        int
		RecordID                                                                  uint64 `json:"RecordId"`
	}
	code := cmp.Or(tencentVerify(r, body, time.Now()), f.refuses[action])
	switch {
	case code != "":
	case r.Header.Get("X-TC-Version") != "2021-03-23":
		code = "NoSuchVersion"
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"), json.Unmarshal(body, &p) != nil:
		code = "InvalidParameter"
	case p.Domain != "example.com":
		code = "InvalidParameterValue.DomainNotExists"
	}
	if code != "" {
		tencentRefuse(w, code, "refused with "+code)
		return
	}
	switch action {
	case "CreateRecord":
		f.create(w, tencentFakeRecord{name: tencentFull(p.SubDomain), kind: p.RecordType, value: p.Value}, p.RecordLine, p.TTL)
	case "DescribeRecordList":
		f.describe(w, tencentFull(p.Subdomain), p.RecordType, p.Offset, p.Limit)
	case "DeleteRecord":
		f.delete(w, p.RecordID)
	default:
		tencentRefuse(w, "InvalidAction", "no such action")
	}
}

func tencentFull(label string) string {
	if label == "@" {
		return "example.com"
	}
	return label + ".example.com"
}

func (f *tencentFake) create(w http.ResponseWriter, r tencentFakeRecord, line string, ttl int) {
	switch {
	case line != "默认":
		tencentRefuse(w, "InvalidParameter.RecordLineInvalid", "no such line")
		return
	case ttl < 600:
		tencentRefuse(w, "LimitExceeded.RecordTtlLimit", "TTL too low")
		return
	}
	for _, has := range f.records {
		if has.name == r.name && has.kind == r.kind && has.value == r.value {
			tencentRefuse(w, "InvalidParameter.DomainRecordExist", "it is there")
			return
		}
	}
	f.next++
	r.id, r.unlisted = f.next, f.lagging
	f.records = append(f.records, r)
	tencentAnswer(w, map[string]any{"RecordId": r.id})
}

func (f *tencentFake) describe(w http.ResponseWriter, name, kind string, offset, limit int) {
	var list []map[string]any
	for _, r := range f.records {
		if r.name == name && r.kind == kind && !r.unlisted {
			label := cmp.Or(strings.TrimSuffix(strings.TrimSuffix(r.name, "example.com"), "."), "@")
			list = append(list, map[string]any{"RecordId": r.id, "Name": label, "Type": r.kind, "Value": r.value, "TTL": 600})
		}
	}
	total := len(list)
	if list = list[min(offset, total):min(offset+limit, total)]; len(list) == 0 {
		tencentRefuse(w, "ResourceNotFound.NoDataOfRecord", "the list is empty")
		return
	}
	tencentAnswer(w, map[string]any{"RecordCountInfo": map[string]int{"TotalCount": total, "ListCount": len(list)}, "RecordList": list})
}

func (f *tencentFake) delete(w http.ResponseWriter, id uint64) {
	i := slices.IndexFunc(f.records, func(r tencentFakeRecord) bool { return r.id == id })
	if i < 0 {
		tencentRefuse(w, "InvalidParameter.RecordIdInvalid", "no such record")
		return
	}
	f.records = slices.Delete(f.records, i, i+1)
	tencentAnswer(w, map[string]any{})
}

// "Newly added records are not in the list for a short while": they are removed
// nevertheless.
func TestTencentRemovesWhatIsNotListedYet(t *testing.T) {
	fake := newTencentFake()
	fake.lagging = true
	p, _, _ := tencentKind().provide(t, fake)
	r := httpRecord("_acme-challenge", "v")
	for range 2 {
		if err := p.Add(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if err := p.Remove(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got := fake.texts(r.Name); len(got) != 0 {
			t.Fatalf("%q is left", got)
		}
	}
	deletions := fake.asked("DeleteRecord")
	if err := p.Remove(t.Context(), r); err != nil || fake.asked("DeleteRecord") != deletions {
		t.Errorf("removed once more what is gone: %v", err)
	}
}

// A record that was changed by somebody since is not ours to remove.
func TestTencentLeavesARecordThatWasChanged(t *testing.T) {
	fake := newTencentFake()
	p, _, _ := tencentKind().provide(t, fake)
	r := httpRecord("_acme-challenge", "v")
	if err := p.Add(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	fake.records[0].value = "changed"
	if err := p.Remove(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if got := fake.texts(r.Name); !slices.Equal(got, []string{"changed"}) {
		t.Errorf("%q are there", got)
	}
}

func TestTencentKeepsABoundedMemory(t *testing.T) {
	p := NewTencent(TencentOptions{})
	for i := range 3*maxAdded + 1 {
		p.remember(httpRecord("a", fmt.Sprint(i)), uint64(i))
	}
	if len(p.added) > maxAdded {
		t.Errorf("%d records are remembered", len(p.added))
	}
}

// The record may go between being listed and being deleted.
func TestTencentTakesGoneForRemoved(t *testing.T) {
	for code, ok := range map[string]bool{"InvalidParameter.RecordIdInvalid": true, "ResourceNotFound.NoDataOfRecord": true, "FailedOperation.DomainIsLocked": false} {
		fake := newTencentFake()
		fake.refuses = map[string]string{"DeleteRecord": code}
		p, _, _ := tencentKind().provide(t, fake)
		r := httpRecord("_acme-challenge", "v")
		fake.put(r.Name, r.Value)
		if err := p.Remove(t.Context(), r); (err == nil) != ok {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// The API limits its rate in an answer of HTTP 200.
func TestTencentIsPatientWithItsRateLimit(t *testing.T) {
	for _, code := range []string{"RequestLimitExceeded", "RequestLimitExceeded.IPLimitExceeded"} {
		fake := newTencentFake()
		p, _, pauses := tencentKind().provide(t, fake)
		fake.fail(2, func(w http.ResponseWriter, r *http.Request) { tencentRefuse(w, code, "slowly") })
		if err := p.Add(t.Context(), httpRecord("_acme-challenge", "v")); err != nil || len(*pauses) != 2 {
			t.Errorf("%s: %v after pauses of %v", code, err, *pauses)
		}
	}
}

func TestTencentTellsOfAWrongClock(t *testing.T) {
	k := tencentKind()
	p, c, _ := k.provide(t, newTencentFake())
	c.now = func() time.Time { return time.Now().Add(-6 * time.Minute) }
	e := httpError(t, k, p.Add(t.Context(), httpRecord("_acme-challenge", "v")), "add")
	if e.Code != "AuthFailure.SignatureExpire" || !strings.Contains(e.Remedy, "clock") {
		t.Errorf("%v; %s", e, e.Remedy)
	}
}

func TestTencentNeedsNoSessionToken(t *testing.T) {
	var got http.Header
	client := &http.Client{Transport: httpRoundTrip(func(r *http.Request) (*http.Response, error) {
		got = r.Header
		return nil, io.ErrUnexpectedEOF
	})}
	p := NewTencent(TencentOptions{SecretID: httpSecret(tencentTestID), SecretKey: httpSecret(tencentTestKey), HTTP: client})
	p.Add(t.Context(), httpRecord("a", "v"))
	if _, has := got["X-Tc-Token"]; has || got.Get("Authorization") == "" {
		t.Errorf("%v", got)
	}
}

func TestTencentHasRemedies(t *testing.T) {
	for _, code := range []string{
		"AuthFailure.SecretIdNotFound", "AuthFailure.SignatureFailure", "AuthFailure.SignatureExpire", "AuthFailure.TokenFailure",
		"UnauthorizedOperation", "InvalidParameterValue.DomainNotExists", "LimitExceeded.RecordTtlLimit", "FailedOperation.DomainIsLocked", "IpNotInWhitelist",
	} {
		k := tencentKind()
		fake := newTencentFake()
		fake.refuses = map[string]string{"CreateRecord": code}
		p, _, _ := k.provide(t, fake)
		e := httpError(t, k, p.Add(t.Context(), httpRecord("_acme-challenge", "v")), "add")
		if e.Code != code || e.Remedy == "" || e.Cause.Error() != "refused with "+code {
			t.Errorf("%s: %v; %s", code, e, e.Remedy)
		}
	}
}
