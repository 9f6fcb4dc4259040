package main

// workP8 is what it costs to say no. Caddy has no limits without a plugin.
func workP8() work {
	return work{
		id:         "P8",
		name:       "refusal over TLS (plumbing)",
		title:      "a refusal over HTTPS/1.1 keep-alive, 64 connections, one core",
		unit:       "CPU µs/refusal",
		proxyCores: 1,
		entrants:   refusing,
		measure:    underLoad(load{path: smallPath, connections: 64, refused: true}),
		against:    []string{"nginx"},
		goal:       goal{ask: 0.80, aim: 0.60},
		notes: []string{
			"**Plumbing, not yet P8:** Sluice refuses a host that no Site names (421), because it has no rate limit to refuse by. " +
				"nginx refuses by limit_req (429), HAProxy by a stick table (429). The figure for Sluice says what answering without an upstream costs, and becomes P8 when its config limits.",
		},
	}
}

// refusing enters the proxies that can refuse, with the status they refuse with.
func refusing(list []proxy) []entrant {
	status := map[string]int{sluiceName: 421, "nginx": 429, "HAProxy": 429}
	var all []entrant
	for _, p := range list {
		if code := status[p.name]; code != 0 {
			all = append(all, entrant{name: p.name, proxy: p, refusal: code, change: func(s *setup) { s.Refuse = true }})
		}
	}
	return all
}
