package metrics

import "github.com/prometheus/client_golang/prometheus"

// Page is what one scrape is going to show.
type Page struct{ metrics chan<- prometheus.Metric }

// Family is one name on a Page, with a value for each set of label values.
type Family struct {
	page *Page
	desc *prometheus.Desc
	kind prometheus.ValueType
}

// Counter begins a Family of numbers that only grow. The name ends in _total.
func (p *Page) Counter(name, help string, labels ...string) Family {
	return p.family(prometheus.CounterValue, name, help, labels)
}

// Gauge begins a Family of numbers that go up and down.
func (p *Page) Gauge(name, help string, labels ...string) Family {
	return p.family(prometheus.GaugeValue, name, help, labels)
}

func (p *Page) histogram(name, help string, labels ...string) Family {
	return p.family(prometheus.UntypedValue, name, help, labels)
}

func (p *Page) family(kind prometheus.ValueType, name, help string, labels []string) Family {
	return Family{page: p, desc: prometheus.NewDesc(name, help, labels, nil), kind: kind}
}

// Value shows one number. labels are the values of the labels that the Family
// began with, in their order; no two calls have the same.
func (f Family) Value(v float64, labels ...string) {
	metric, err := prometheus.NewConstMetric(f.desc, f.kind, v, labels...)
	f.send(metric, err)
}

func (f Family) histogram(count uint64, sum float64, upTo map[float64]uint64, labels ...string) {
	metric, err := prometheus.NewConstHistogram(f.desc, count, sum, upTo, labels...)
	f.send(metric, err)
}

// send puts a number on the page, or the reason why it cannot stand there.
func (f Family) send(metric prometheus.Metric, err error) {
	if err != nil {
		metric = prometheus.NewInvalidMetric(f.desc, err)
	}
	f.page.metrics <- metric
}

// source is a report as the Collector that a registry wants. It describes
// nothing beforehand, since reports know at a scrape what there is.
type source func(*Page)

func (s source) Describe(chan<- *prometheus.Desc) {}

func (s source) Collect(metrics chan<- prometheus.Metric) { s(&Page{metrics}) }
