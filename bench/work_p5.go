package main

// workP5 is what a client costs that is connected and silent.
func workP5() work {
	return work{
		id:         "P5",
		name:       "memory per idle TLS connection",
		title:      "resident memory per idle TLS connection, 5,000 connections that asked once each",
		unit:       "KB/connection",
		proxyCores: 1,
		entrants:   only(sluiceName, "nginx", "HAProxy"),
		measure:    memoryOfCrowd,
		against:    []string{"nginx"},
		goal:       goal{ask: 1.00, aim: 0.70},
		mostRounds: 3,
		notes: []string{
			"VmRSS three seconds after the last answer, less VmRSS after the first answer of the start, by 5,000; " +
				"afterwards every hundredth connection is asked again and must answer.",
		},
	}
}
