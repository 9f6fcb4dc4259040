package main

// workP6 is P1 with two workers: it shows what a scheduler across cores costs.
func workP6() work {
	return work{
		id:         "P6",
		name:       "HTTPS/1.1, small, two cores",
		title:      "HTTPS/1.1 keep-alive, small answer, 64 connections, two cores",
		unit:       "CPU µs/request",
		proxyCores: 2,
		entrants:   everyone,
		measure:    underLoad(load{path: smallPath, connections: 64}),
		against:    peers(),
		goal:       goal{ask: 0.95, aim: 0.80},
	}
}
