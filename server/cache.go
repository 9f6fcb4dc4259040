package server

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"sluice/cache"
	"sluice/config"
	"sluice/metrics"
	"sluice/proxy"
)

// commonCookies are those that Sluice itself gives to clients, and those of
// statistics that run in the browser: no application answers by them, and
// without this nearly nobody would be anonymous.
var commonCookies = []string{
	"sluice_*",
	"_ga", "_ga_*", "_gid", "_gat*", "_gcl_*", "__utm*", // Google
	"Hm_lvt_*", "Hm_lpvt_*", "HMACCOUNT", "CNZZDATA*", "UM_distinctid", // Baidu Tongji, CNZZ
	"_fbp", "_fbc", "_clck", "_clsk", "_pk_id*", "_pk_ses*", "_hj*", // Meta, Clarity, Matomo, Hotjar
}

// cacheShare is the most of the memory there is that copies of responses may
// take, whatever the config says.
const cacheShare = 0.25

// openCache makes the Cache, if it is to have any memory.
func (s *Server) openCache(c config.Server) (err error) {
	bytes := c.CacheMemory
	if goal := memoryGoal(c.MemoryLimit); goal > 0 {
		bytes = min(bytes, int64(float64(goal)*cacheShare))
	}
	if bytes == 0 {
		return nil
	}
	if s.cache, err = cache.New(bytes); err != nil {
		return fmt.Errorf("server.cache_memory: %w; write a smaller size, or \"0B\" to keep no copies of responses", err)
	}
	return nil
}

// cacheBytes is what the Cache may take.
func (s *Server) cacheBytes() int64 {
	if s.cache == nil {
		return 0
	}
	return s.cache.Stats().MaxBytes
}

// copies is the Cache as those who look after it see it.
type copies struct {
	*cache.Cache
	ports func() []string // of our Listeners, which clients write behind the host if they are not the usual ones
}

// CacheStats implements purger.
func (c copies) CacheStats() any {
	n := c.Stats()
	return struct {
		Copies   int    `json:"copies"`
		Bytes    int64  `json:"bytes"`
		MaxBytes int64  `json:"max_bytes"`
		Largest  int64  `json:"largest"`
		Filling  int    `json:"filling"`
		Hits     uint64 `json:"hits"`
		Misses   uint64 `json:"misses"`
		Evicted  uint64 `json:"evicted"`
		Rejected uint64 `json:"rejected"`
	}{n.Objects, n.Bytes, n.MaxBytes, n.Largest, n.Filling, n.Hits, n.Misses, n.Evicted, n.Rejected}
}

// Purge implements purger.
func (c copies) Purge(host, target string, prefix bool) int {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	n := c.Cache.Purge(host, target, prefix)
	for _, port := range c.ports() {
		n += c.Cache.Purge(host+":"+port, target, prefix)
	}
	return n
}

// newPurger returns what purges the Cache; nil if there is none.
func (s *Server) newPurger() purger {
	if s.cache == nil {
		return nil
	}
	return copies{Cache: s.cache, ports: s.ports}
}

// ports returns those of our Listeners.
func (s *Server) ports() (all []string) {
	for _, d := range s.inForce.Load().doors.clients() {
		if tcp, ok := d.Addr().(*net.TCPAddr); ok {
			all = append(all, strconv.Itoa(tcp.Port))
		}
	}
	return all
}

// reuse is what a Route does with copies.
func reuse(r config.Reuse) *proxy.Reuse {
	if !r.On {
		return nil
	}
	return &proxy.Reuse{TTL: r.TTL, Wait: r.Wait}
}

// lastGood is how old the last good copies of a Route may be.
func lastGood(site config.Site, r config.Route) time.Duration {
	if !r.LastGood {
		return 0
	}
	return site.LastGoodFor
}

// ignoredCookies are those that no answer of a Site depends on.
func ignoredCookies(site config.Site) []string {
	return append(commonCookies[:len(commonCookies):len(commonCookies)], site.IgnoreCookies...)
}

// reportCache shows what copies of responses there are, and of what use they were.
func (s *Server) reportCache(p *metrics.Page) {
	if s.cache == nil {
		return
	}
	n := s.cache.Stats()
	p.Gauge("sluice_cache_bytes", "Memory that copies of responses take.").Value(float64(n.Bytes))
	p.Gauge("sluice_cache_max_bytes", "Memory that they may take.").Value(float64(n.MaxBytes))
	p.Gauge("sluice_cache_copies", "Copies of responses that are kept.").Value(float64(n.Objects))
	lookups := p.Counter("sluice_cache_lookups_total", "Searches for a copy, by whether there was one.", "outcome")
	lookups.Value(float64(n.Hits), "hit")
	lookups.Value(float64(n.Misses), "miss")
	p.Counter("sluice_cache_evicted_total", "Copies that made room for others.").Value(float64(n.Evicted))
	p.Counter("sluice_cache_rejected_total", "Copies that there was no room for, because all of it was in use or they were too large.").Value(float64(n.Rejected))
}
