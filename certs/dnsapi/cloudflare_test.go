package dnsapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	cloudflareTestToken = "Sn3lZJTBX6kkg7OdcBUAxOO963GEIyGQqnFTOFYY"
	cloudflareTestZone  = "023e105f4ecef8ad9ca31a8372d0c353"
)

func cloudflareKind() httpKind {
	return httpKind{
		name: "cloudflare", secrets: []string{cloudflareTestToken},
		actions: []string{"POST", "GET", "DELETE"},
		fake:    func() httpFake { return newCloudflareFake() },
		provider: func(s []Secret, endpoint string, client *http.Client) (Provider, *httpCaller) {
			if endpoint != "" {
				endpoint += "/client/v4"
			}
			p := NewCloudflare(CloudflareOptions{Token: s[0], Endpoint: endpoint, HTTP: client})
			return p, &p.caller
		},
		refuse: func(w http.ResponseWriter, status int, code, message string) {
			n, _ := strconv.Atoi(code) // codes are numbers here
			cloudflareRefuse(w, status, n, message)
		},
		badKey: "9109", noZone: "",
	}
}

func cloudflareRefuse(w http.ResponseWriter, status, code int, message string, chain ...string) {
	deeper := []map[string]any{}
	for _, text := range chain {
		deeper = append(deeper, map[string]any{"code": 6111, "message": text})
	}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"success": false, "messages": []any{}, "result": nil,
		"errors": []any{map[string]any{"code": code, "message": message, "error_chain": deeper}}})
}

func cloudflareAnswer(w http.ResponseWriter, result any) {
	json.NewEncoder(w).Encode(map[string]any{"success": true, "errors": []any{}, "messages": []any{}, "result": result})
}

// cloudflareFakeRecord is a record that the fake keeps, in the API's words.
type cloudflareFakeRecord struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Content string `json:"content"`
	TTL     int    `json:"ttl"`
}

// cloudflareFake is Cloudflare with the zone example.com.
type cloudflareFake struct {
	httpFailing
	mu      sync.Mutex
	next    int
	records []cloudflareFakeRecord
	counts  map[string]int // by the method, of records
	zones   []map[string]string
	refuses map[string]int // codes by the method
}

func newCloudflareFake() *cloudflareFake {
	return &cloudflareFake{counts: map[string]int{}, zones: []map[string]string{
		{"id": "00000000000000000000000000000001", "name": "example.com", "status": "moved"},
		{"id": cloudflareTestZone, "name": "example.com", "status": "active"},
		{"id": "00000000000000000000000000000002", "name": "example.com", "status": "pending"},
	}}
}

func (f *cloudflareFake) put(name, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.insert(cloudflareFakeRecord{Name: name, Type: "TXT", Content: cloudflareQuoted(value)})
}

func (f *cloudflareFake) insert(r cloudflareFakeRecord) cloudflareFakeRecord {
	f.next++
	r.ID = fmt.Sprintf("%032x", f.next)
	f.records = append(f.records, r)
	return r
}

// cloudflareQuoted writes a character-string of a zone file, on its own.
func cloudflareQuoted(value string) (out string) {
	for _, c := range []byte(value) {
		switch {
		case strings.IndexByte(`"\`, c) >= 0:
			out += `\` + string(rune(c))
		case c < 32 || c > 126:
			out += fmt.Sprintf(`\%03d`, c)
		default:
			out += string(rune(c))
		}
	}
	return `"` + out + `"`
}

func cloudflareUnquoted(content string) string {
	inner, quoted := strings.CutPrefix(content, `"`)
	if !quoted {
		return content
	}
	inner = strings.TrimSuffix(inner, `"`)
	var out []byte
	for i := 0; i < len(inner); i++ {
		switch {
		case inner[i] != '\\':
			out = append(out, inner[i])
		case inner[i+1] >= '0' && inner[i+1] <= '9':
			n, _ := strconv.Atoi(inner[i+1 : i+4])
			out = append(out, byte(n))
			i += 3
		default:
			out = append(out, inner[i+1])
			i++
		}
	}
	return string(out)
}

func (f *cloudflareFake) texts(name string) (values []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.records {
		if r.Type == "TXT" && r.Name == name {
			values = append(values, cloudflareUnquoted(r.Content))
		}
	}
	slices.Sort(values)
	return values
}

func (f *cloudflareFake) asked(action string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[action]
}

func (f *cloudflareFake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if f.failed(w, r) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	path, ok := strings.CutPrefix(r.URL.Path, "/client/v4/zones")
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !ok:
		http.NotFound(w, r)
	case !bearer:
		cloudflareRefuse(w, 400, 6003, "Invalid request headers", "Invalid format for Authorization header")
	case token != cloudflareTestToken:
		cloudflareRefuse(w, 403, 9109, "Invalid access token")
	case path == "":
		zones := []any{}
		for _, z := range f.zones {
			if z["name"] == r.URL.Query().Get("name") {
				zones = append(zones, z)
			}
		}
		cloudflareAnswer(w, zones)
	case !strings.HasPrefix(path, "/"+cloudflareTestZone+"/dns_records"):
		cloudflareRefuse(w, 404, 7003, "Could not route to the zone")
	case f.refuses[r.Method] != 0:
		f.counts[r.Method]++
		cloudflareRefuse(w, 400, f.refuses[r.Method], "refused")
	default:
		f.counts[r.Method]++
		f.serveRecords(w, r, strings.TrimPrefix(path, "/"+cloudflareTestZone+"/dns_records"), body)
	}
}

func (f *cloudflareFake) serveRecords(w http.ResponseWriter, r *http.Request, path string, body []byte) {
	switch {
	case r.Method == http.MethodPost && path == "":
		var record cloudflareFakeRecord
		if json.Unmarshal(body, &record) != nil || record.TTL < 60 || !strings.HasSuffix(record.Name, "example.com") ||
			len(record.Content) < 2 || record.Content[0] != '"' || record.Content[len(record.Content)-1] != '"' {
			cloudflareRefuse(w, 400, 1004, "DNS Validation Error")
			return
		}
		for _, has := range f.records {
			if has.Name == record.Name && has.Type == record.Type && cloudflareUnquoted(has.Content) == cloudflareUnquoted(record.Content) {
				cloudflareRefuse(w, 400, 81058, "An identical record already exists.")
				return
			}
		}
		cloudflareAnswer(w, f.insert(record))
	case r.Method == http.MethodGet && path == "":
		f.serveList(w, r)
	case r.Method == http.MethodDelete:
		i := slices.IndexFunc(f.records, func(has cloudflareFakeRecord) bool { return "/"+has.ID == path })
		if i < 0 {
			cloudflareRefuse(w, 404, 81044, "Record does not exist.")
			return
		}
		f.records = slices.Delete(f.records, i, i+1)
		cloudflareAnswer(w, map[string]string{"id": path[1:]})
	default:
		cloudflareRefuse(w, 405, 10405, "Method not allowed")
	}
}

func (f *cloudflareFake) serveList(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	list := []cloudflareFakeRecord{}
	for _, has := range f.records {
		// "Name filters are case-insensitive."
		if (q.Get("name.exact") == "" || strings.EqualFold(q.Get("name.exact"), has.Name)) && (q.Get("type") == "" || q.Get("type") == has.Type) {
			list = append(list, has)
		}
	}
	page, _ := strconv.Atoi(q.Get("page"))
	size, _ := strconv.Atoi(q.Get("per_page"))
	total := len(list)
	cloudflareAnswer(w, list[min((page-1)*size, total):min(page*size, total)])
}

// Values that were entered by hand without quotes are the same records.
func TestCloudflareRemovesUnquotedValues(t *testing.T) {
	fake := newCloudflareFake()
	p, _, _ := cloudflareKind().provide(t, fake)
	r := httpRecord("_acme-challenge", "v1")
	fake.insert(cloudflareFakeRecord{Name: r.Name, Type: "TXT", Content: "v1"})
	fake.insert(cloudflareFakeRecord{Name: r.Name, Type: "TXT", Content: "V1"})
	if err := p.Remove(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if got := fake.texts(r.Name); !slices.Equal(got, []string{"V1"}) {
		t.Errorf("%q are left", got)
	}
}

func TestCloudflareTakesExistingForAddedAndGoneForRemoved(t *testing.T) {
	for _, tt := range []struct {
		method string
		code   int
		ok     bool
	}{
		{"POST", 81057, true}, {"POST", 81058, true}, {"POST", 81053, false},
		{"DELETE", 81044, true}, {"DELETE", 10000, false},
	} {
		fake := newCloudflareFake()
		fake.refuses = map[string]int{tt.method: tt.code}
		p, _, _ := cloudflareKind().provide(t, fake)
		r, do := httpRecord("_acme-challenge", "v"), p.Add
		if tt.method == "DELETE" {
			fake.put(r.Name, r.Value)
			do = p.Remove
		}
		if err := do(t.Context(), r); (err == nil) != tt.ok {
			t.Errorf("%s, %d: %v", tt.method, tt.code, err)
		}
	}
}

func TestCloudflareSaysWhichPermissionsItNeeds(t *testing.T) {
	k := cloudflareKind()
	for _, code := range []int{10000, 9109} {
		fake := newCloudflareFake()
		fake.refuses = map[string]int{"POST": code}
		p, _, _ := k.provide(t, fake)
		e := httpError(t, k, p.Add(t.Context(), httpRecord("_acme-challenge", "v")), "add")
		for _, want := range []string{"Zone:Read", "DNS:Edit", "example.com"} {
			if !strings.Contains(e.Remedy, want) {
				t.Errorf("%d: remedy %q lacks %q", code, e.Remedy, want)
			}
		}
	}
	fake := newCloudflareFake()
	fake.zones = nil
	p, _, _ := k.provide(t, fake)
	e := httpError(t, k, p.Add(t.Context(), httpRecord("_acme-challenge", "v")), "add")
	if !strings.Contains(e.Error(), "no zone example.com") || !strings.Contains(e.Remedy, "Zone:Read and DNS:Edit for zone example.com") {
		t.Errorf("%v; %s", e, e.Remedy)
	}
}

func TestCloudflareTellsTheWholeChainOfAnError(t *testing.T) {
	k := cloudflareKind()
	p, _, _ := k.provide(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cloudflareRefuse(w, 400, 6003, "Invalid request headers", "Invalid format for Authorization header")
	}))
	e := httpError(t, k, p.Add(t.Context(), httpRecord("_acme-challenge", "v")), "add")
	if e.Code != "6003" || e.Cause.Error() != "Invalid request headers: Invalid format for Authorization header" || !strings.Contains(e.Remedy, "API token") {
		t.Errorf("%v; %s", e, e.Remedy)
	}
}

// An ID goes into a path: one that would lead elsewhere is not followed.
func TestCloudflareFollowsNoStrangeID(t *testing.T) {
	k := cloudflareKind()
	for _, id := range []string{"../../user/tokens", "a/b", "..", "%2e%2e", strings.Repeat("a", 100)} {
		client := &http.Client{Transport: httpRoundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path != "/client/v4/zones" {
				t.Errorf("%s: asked for %s", id, r.URL.Path)
				return nil, errors.New("no")
			}
			body := fmt.Sprintf(`{"success":true,"result":[{"id":%q,"name":"example.com"}]}`, id)
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		})}
		p, _ := k.provider(httpSecrets(k.secrets), "", client)
		httpError(t, k, p.Add(t.Context(), httpRecord("_acme-challenge", "v")), "add")
	}
}
