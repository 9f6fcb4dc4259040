package server

import (
	"strings"
	"sync/atomic"
	"time"

	"sluice/metrics"
)

// reloads counts the Reloads.
type reloads struct {
	done, failed atomic.Uint64
	loaded       atomic.Int64 // when the Config in force was loaded, in seconds since 1970

	refused atomic.Pointer[string]   // why the last one failed; nil: it did not
	restart atomic.Pointer[[]string] // keys that wait for a restart; nil: none
}

// loadedAt notes that a Config has come in force.
func (r *reloads) loadedAt(now time.Time) { r.loaded.Store(now.Unix()) }

// succeeded counts a Reload that has put a Config in force, and notes what keeps
// its old value until a restart.
func (r *reloads) succeeded(restart []string, now time.Time) {
	r.done.Add(1)
	r.refused.Store(nil)
	keys := make([]string, len(restart))
	for i, line := range restart {
		keys[i], _, _ = strings.Cut(line, ":")
	}
	r.restart.Store(&keys)
	r.loadedAt(now)
}

// refusedFor counts a Reload that has changed nothing.
func (r *reloads) refusedFor(why error) {
	r.failed.Add(1)
	text := cut(why.Error(), maxEventText)
	r.refused.Store(&text)
}

// configured says what is in force.
func (r *reloads) configured(file string) Configured {
	c := Configured{File: file, Loaded: time.Unix(r.loaded.Load(), 0), Reloads: r.done.Load()}
	if why := r.refused.Load(); why != nil {
		c.Failed = *why
	}
	if keys := r.restart.Load(); keys != nil {
		c.Restart = *keys
	}
	return c
}

// report shows how the Reloads went.
func (r *reloads) report(p *metrics.Page) {
	outcomes := p.Counter("sluice_reloads_total", "Reloads of the configuration; a failed one has changed nothing.", "outcome")
	outcomes.Value(float64(r.done.Load()), "done")
	outcomes.Value(float64(r.failed.Load()), "failed")
	p.Gauge("sluice_config_loaded_timestamp_seconds", "When the configuration that is in force was loaded.").
		Value(float64(r.loaded.Load()))
}
