package main

import (
	"context"
	"fmt"
)

// mostMisses is how many requests may reach the origin while hits are
// measured, of hundreds of thousands.
const mostMisses = 16

// worksCache are what an answer from the cache costs. Caddy has no cache
// without a plugin.
func worksCache() []work {
	return []work{
		workHit("C1", "1 KB", load{path: kiloPath, connections: 64}),
		workHit("C2", "100 KB", load{path: mediumPath, connections: 64}),
	}
}

func workHit(id, size string, l load) work {
	return work{
		id:         id,
		name:       "hit of the cache, " + size,
		title:      "a hit of the response cache, " + size + ", over HTTPS/1.1 keep-alive, 64 connections, one core",
		unit:       "CPU µs/request",
		proxyCores: 1,
		entrants:   caching,
		measure:    hitting(l, underLoad(l)),
		against:    []string{"nginx"},
		goal:       goal{ask: 0.60},
		notes: []string{fmt.Sprintf(
			"Sluice has cache = { ttl = \"60s\" } on its Route, nginx proxy_cache (proxy_cache_valid 60s, files in memory, open_file_cache), HAProxy a cache section (max-age 60). "+
				"The origin, which says nothing about freshness, counts what reaches it: with more than %d requests in warm-up and measurement an entrant fails.", mostMisses)},
	}
}

// caching enters the proxies that have a cache.
func caching(list []proxy) []entrant {
	var all []entrant
	for _, e := range only(sluiceName, "nginx", "HAProxy")(list) {
		e.change = func(s *setup) { s.Cache = true }
		all = append(all, e)
	}
	return all
}

// hitting asks once, so that there is a copy, and then wants hardly a request of
// the measurement to reach the origin: of misses it would be the wrong figure.
func hitting(l load, take measure) measure {
	return func(ctx context.Context, m *measurement) (sample, error) {
		if err := m.checkLoad(ctx, l, m.setup.HTTPS); err != nil {
			return sample{}, err
		}
		before, err := originRequests(ctx, m.setup.Origins)
		if err != nil {
			return sample{}, err
		}
		s, err := take(ctx, m)
		if err != nil {
			return sample{}, err
		}
		after, err := originRequests(ctx, m.setup.Origins)
		if err != nil {
			return sample{}, err
		}
		if misses := after - before - 1; misses > mostMisses { // 1: the question before
			return sample{}, fmt.Errorf("%d of %d requests reached the origin: these are no hits", misses, m.requests)
		}
		return s, nil
	}
}
