package proxy

import (
	"strings"
	"testing"

	"sluice/message"
)

// "takeID passes on the Request-Id of the client, if it is one, or makes one."
func TestRequestIDsArePassedOnOrMade(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fields []string
		kept   string // "": a new one
	}{
		{"none", nil, ""},
		{"one", []string{"Request-Id: abc-123_X.y"}, "abc-123_X.y"},
		{"in any case", []string{"REQUEST-ID: a"}, "a"},
		{"as long as may be", []string{"Request-Id: " + strings.Repeat("a", maxID)}, strings.Repeat("a", maxID)},
		{"too long", []string{"Request-Id: " + strings.Repeat("a", maxID+1)}, ""},
		{"empty", []string{"Request-Id: "}, ""},
		{"two", []string{"Request-Id: a", "Request-Id: a"}, ""},
		{"markup", []string{"Request-Id: <script>"}, ""},
		{"a quote", []string{`Request-Id: a"b`}, ""},
		{"a space", []string{"Request-Id: a b"}, ""},
		{"a line end", []string{"Request-Id: a\r\nSet-Cookie: x"}, ""},
		{"a list", []string{"Request-Id: a,b"}, ""},
		{"beyond ASCII", []string{"Request-Id: é"}, ""},
		{"an underscore's", []string{"Request_Id: spoof"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request("GET", "/", tt.fields...)
			x := begun(&Generation{}, r)
			x.setForwarding()
			id := string(x.id)
			if tt.kept != "" && id != tt.kept {
				t.Errorf("id %q, want the client's", id)
			}
			if tt.kept == "" && (len(id) != idLength || strings.Trim(id, idAlphabet) != "") {
				t.Errorf("id %q, want one of ours", id)
			}
			if got := string(r.Fields.Get(message.RequestID)); got != id || r.Fields.Count(message.RequestID) != 1 {
				t.Errorf("the upstream gets %q (%d times), want %q once", got, r.Fields.Count(message.RequestID), id)
			}
			for _, f := range r.Fields {
				if strings.Contains(string(f.Name), "_") {
					t.Errorf("%s is forwarded", f.Name)
				}
			}
		})
	}
}

func TestRequestIDsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		seen[string(begun(&Generation{}, request("GET", "/")).id)] = true
	}
	if len(seen) != 10_000 {
		t.Errorf("%d of 10000 ids differ", len(seen))
	}
}

// An upstream's own Request-Id would name another Exchange than the log.
func TestResponsesCarryOurRequestIDOnce(t *testing.T) {
	x := begun(&Generation{}, request("GET", "/"))
	f := x.responseFields(fieldLines("Request-Id: theirs", "Server: x", "request-id: theirs too"))
	if f.Count(message.RequestID) != 1 || string(f.Get(message.RequestID)) != string(x.id) || len(f) != 2 {
		t.Errorf("fields: %q", f)
	}
}
