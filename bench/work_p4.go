package main

// worksP4 are bodies large enough that copying and encrypting them is the work.
func worksP4() []work {
	medium := work{
		id:         "P4",
		name:       "HTTPS/1.1, 100 KB",
		title:      "HTTPS/1.1, 100 KB body, 64 connections, one core",
		unit:       "CPU ns/byte",
		proxyCores: 1,
		entrants:   everyone,
		measure:    underLoad(load{path: mediumPath, connections: 64, perByte: true}),
		against:    peers(),
		goal:       goal{ask: 0.95, aim: 0.85},
	}
	large := medium
	large.name = "HTTPS/1.1, 10 MB"
	large.title = "HTTPS/1.1, 10 MB body, 8 connections, one core"
	large.measure = underLoad(load{path: largePath, connections: 8, perByte: true})
	return []work{medium, large}
}
