package main

import "net/http"

// workP8 is what it costs to say no. Caddy has no limits without a plugin.
func workP8() work {
	return work{
		id:         "P8",
		name:       "refusal by rate limit over TLS",
		title:      "a refusal by rate limit over HTTPS/1.1 keep-alive, 64 connections, one core",
		unit:       "CPU µs/refusal",
		proxyCores: 1,
		entrants:   refusing,
		measure:    underLoad(load{path: smallPath, connections: 64, refused: true}),
		against:    []string{"nginx"},
		goal:       goal{ask: 0.80, aim: 0.60},
		notes: []string{
			"Sluice refuses by [[site.limit]] (key client_ip, rate 1/m, burst 1), nginx by limit_req, HAProxy by a stick table, all with 429. " +
				"One request a minute may pass, and has passed before the measurement: every answer must be a refusal.",
		},
	}
}

// refusing enters the proxies that can refuse.
func refusing(list []proxy) []entrant {
	var all []entrant
	for _, e := range only(sluiceName, "nginx", "HAProxy")(list) {
		e.refusal = http.StatusTooManyRequests
		e.change = func(s *setup) { s.Refuse = true }
		all = append(all, e)
	}
	return all
}
