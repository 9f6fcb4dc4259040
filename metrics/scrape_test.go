package metrics

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// scraped is a page as Prometheus reads it.
type scraped map[string]*dto.MetricFamily

func scrape(t *testing.T, m *Metrics) scraped {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("%d, %q: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	return parse(t, w.Body)
}

func parse(t *testing.T, r io.Reader) scraped {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(r)
	if err != nil {
		t.Fatalf("Prometheus cannot read it: %v", err)
	}
	return families
}

// find returns the metric of a family with exactly these labels: name, value,
// name, value.
func (s scraped) find(family string, labels ...string) *dto.Metric {
	want := map[string]string{}
	for pair := range slices.Chunk(labels, 2) {
		want[pair[0]] = pair[1]
	}
	for _, m := range s[family].GetMetric() {
		got := map[string]string{}
		for _, l := range m.GetLabel() {
			got[l.GetName()] = l.GetValue()
		}
		if maps.Equal(got, want) {
			return m
		}
	}
	return nil
}

// want fails unless a counter or gauge has this value.
func (s scraped) want(t *testing.T, value float64, family string, labels ...string) {
	t.Helper()
	m := s.find(family, labels...)
	if m == nil {
		t.Errorf("%s%q is not on the page", family, labels)
		return
	}
	got := m.GetCounter().GetValue()
	if m.Counter == nil {
		got = m.GetGauge().GetValue()
	}
	if got != value {
		t.Errorf("%s%q = %v, want %v", family, labels, got, value)
	}
}
