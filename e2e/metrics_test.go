package e2e

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// withAdmin is the key of [server] by which a test may read metrics.
const withAdmin = "admin = \"127.0.0.1:0\"\n"

var admits = regexp.MustCompile(`msg=serving .*admin=(\S+)`)

// metric is the value of a metric, spelt with its labels in the order of the
// alphabet. Only one by cause may be missing, which is 0.
func (s *sluice) metric(t *testing.T, name string) float64 {
	t.Helper()
	found := admits.FindStringSubmatch(s.told())
	if found == nil {
		t.Fatal("the program does not say where its metrics are")
	}
	c := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	for line := range strings.Lines(get(t, c, "http://"+found[1]+"/metrics").body) {
		if text, ok := strings.CutPrefix(line, name+" "); ok {
			value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				t.Fatalf("metric %q: %v", line, err)
			}
			return value
		}
	}
	if !strings.Contains(name, "cause=") {
		t.Fatalf("there is no metric %s", name)
	}
	return 0
}
