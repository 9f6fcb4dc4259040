package metrics

import (
	"net/http"
	"runtime"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	// maxCauses is twice as many as message has today.
	maxCauses = 64
	maxKinds  = 16 // of Degraded answers, and of parts that the cache had

	// maxScrapes is how many are answered at a time. Each makes all numbers
	// anew, so this is what somebody who reloads in a loop can cost.
	maxScrapes = 4
)

// Metrics counts Exchanges.
type Metrics struct {
	// Failed, if set before Handler, is told when a number could not be shown.
	// The page has all others.
	Failed func(error)

	// Fixed after New.
	version  string
	registry *prometheus.Registry
	lanes    *lanes
	totals   []totals // by lane
	failures *tally
	degraded *tally
	cached   *tally

	sites atomic.Pointer[sites]
}

// totals are the numbers that have no labels.
type totals struct {
	attempts, in, out atomic.Uint64
	classes           [len(classes)]atomic.Uint64
	_                 line
	latency           latencies
	_                 line
}

// New returns Metrics that know no Site yet. version is that of Sluice.
func New(version string) *Metrics { return newMetrics(version, standardLanes()) }

func newMetrics(version string, n int) *Metrics {
	m := &Metrics{
		version:  version,
		registry: prometheus.NewRegistry(),
		lanes:    newLanes(n),
		totals:   make([]totals, n),
		failures: newTally(n, maxCauses),
		degraded: newTally(n, maxKinds),
		cached:   newTally(n, maxKinds),
	}
	m.sites.Store(&sites{none: make(site, n)})
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.Register(m.report)
	return m
}

// Sites says which names are counted by themselves: those of the config.
// Names that were there before keep their numbers, others' are forgotten. It
// may be called at any time, by one goroutine.
func (m *Metrics) Sites(names []string) {
	m.sites.Store(m.sites.Load().with(len(m.totals), names))
}

// Register adds numbers that others count. report is called once a scrape,
// maybe by several at a time.
func (m *Metrics) Register(report func(*Page)) {
	m.registry.MustRegister(source(report))
}

// Handler answers scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            complaints(m.complain),
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: maxScrapes,
		DisableCompression:  true, // it is read on this machine
	})
}

// complaints is a func as the Logger that promhttp wants.
type complaints func(error)

func (c complaints) Println(v ...any) {
	for _, part := range v {
		if err, ok := part.(error); ok {
			c(err)
		}
	}
}

func (m *Metrics) complain(err error) {
	if m.Failed != nil {
		m.Failed(err)
	}
}

// report shows what is counted here.
func (m *Metrics) report(p *Page) {
	p.Gauge("sluice_build_info", "The version of Sluice and of Go; always 1.", "version", "goversion").
		Value(1, m.version, runtime.Version())
	m.reportSites(p)
	m.reportTotals(p)
	failures := p.Counter("sluice_failures_total", "Exchanges that failed, by cause.", "cause")
	m.failures.each(func(cause string, n uint64) { failures.Value(float64(n), cause) })
	degraded := p.Counter("sluice_degraded_total", "Degraded answers, by kind.", "kind")
	m.degraded.each(func(kind string, n uint64) { degraded.Value(float64(n), kind) })
	cached := p.Counter("sluice_cache_answers_total", "Exchanges that the cache had part in, by how.", "outcome")
	m.cached.each(func(outcome string, n uint64) { cached.Value(float64(n), outcome) })
}

func (m *Metrics) reportSites(p *Page) {
	exchanges := p.Counter("sluice_exchanges_total", "Exchanges that have ended; without a site: for a name that none has.",
		"site", "protocol", "class")
	durations := p.histogram("sluice_exchange_duration_seconds",
		"From the first byte of the request to the last of the response, without tunnels (status 101).", "site")
	m.sites.Load().each(func(name string, s site) {
		for i, protocol := range protocols {
			for j, class := range classes {
				rare := i == len(protocols)-1 || j == len(classes)-1
				if n := s.exchanges(i, j); n > 0 || !rare {
					exchanges.Value(float64(n), name, protocol, class)
				}
			}
		}
		upTo, count, seconds := s.durations()
		durations.histogram(count, seconds, upTo, name)
	})
}

func (m *Metrics) reportTotals(p *Page) {
	var attempts, in, out uint64
	for i := range m.totals {
		t := &m.totals[i]
		attempts, in, out = attempts+t.attempts.Load(), in+t.in.Load(), out+t.out.Load()
	}
	p.Counter("sluice_attempts_total", "Attempts of all Exchanges.").Value(float64(attempts))
	bytes := p.Counter("sluice_bytes_total", "Bytes of bodies from (in) and to (out) clients.", "direction")
	bytes.Value(float64(in), "in")
	bytes.Value(float64(out), "out")
}
