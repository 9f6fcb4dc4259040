package main

// workP1 is the everyday case: small answers over kept-alive HTTPS/1.1.
func workP1() work {
	return work{
		id:         "P1",
		name:       "HTTPS/1.1, small, one core",
		title:      "HTTPS/1.1 keep-alive, small answer, 64 connections, one core",
		unit:       "CPU µs/request",
		proxyCores: 1,
		entrants:   everyone,
		measure:    underLoad(load{path: smallPath, connections: 64}),
		against:    peers(),
		goal:       goal{ask: 0.90, aim: 0.75},
	}
}

// workPlain is the same without TLS.
func workPlain() work {
	return work{
		id:         "plain",
		name:       "HTTP/1.1, small, one core",
		title:      "HTTP/1.1 keep-alive without TLS, small answer, 64 connections, one core",
		unit:       "CPU µs/request",
		proxyCores: 1,
		entrants:   everyone,
		measure:    underLoad(load{plain: true, path: smallPath, connections: 64}),
		against:    peers(),
		notes:      []string{"For information: nothing is asked here."},
	}
}
