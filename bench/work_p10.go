package main

// withoutLog is Sluice with its access log off.
const withoutLog = "Sluice, access log off"

// workP10 is what Sluice's own features cost it.
func workP10() work {
	return work{
		id:         "P10",
		name:       "access log on against off (plumbing)",
		title:      "Sluice with its access log on, against off; HTTPS/1.1, small answer, 64 connections, one core",
		unit:       "CPU µs/request",
		proxyCores: 1,
		entrants:   loggingOrNot,
		measure:    underLoad(load{path: smallPath, connections: 64}),
		against:    []string{withoutLog},
		goal:       goal{ask: 1.15, aim: 1.08},
		notes: []string{
			"**Plumbing, not yet P10:** only the access log is switched; limits, health checks and metrics join when they can be.",
		},
	}
}

// loggingOrNot enters Sluice twice.
func loggingOrNot(list []proxy) []entrant {
	var both []entrant
	for _, e := range only(sluiceName)(list) {
		both = append(both, e, entrant{name: withoutLog, proxy: e.proxy, change: func(s *setup) { s.Access = "" }})
	}
	return both
}
