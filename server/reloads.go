package server

import (
	"sync/atomic"
	"time"

	"sluice/metrics"
)

// reloads counts the Reloads.
type reloads struct {
	done, failed atomic.Uint64
	loaded       atomic.Int64 // when the Config in force was loaded, in seconds since 1970
}

// loadedAt notes that a Config has come in force.
func (r *reloads) loadedAt(now time.Time) { r.loaded.Store(now.Unix()) }

// succeeded counts a Reload that has put a Config in force.
func (r *reloads) succeeded(now time.Time) {
	r.done.Add(1)
	r.loadedAt(now)
}

// report shows how the Reloads went.
func (r *reloads) report(p *metrics.Page) {
	outcomes := p.Counter("sluice_reloads_total", "Reloads of the configuration; a failed one has changed nothing.", "outcome")
	outcomes.Value(float64(r.done.Load()), "done")
	outcomes.Value(float64(r.failed.Load()), "failed")
	p.Gauge("sluice_config_loaded_timestamp_seconds", "When the configuration that is in force was loaded.").
		Value(float64(r.loaded.Load()))
}
