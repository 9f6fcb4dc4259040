package main

import "fmt"

// worksP7 are what becomes of an app server's users when more come than it can
// answer: once with clients that take no for an answer, once with clients of
// which half do not.
func worksP7() []work {
	s := appServer()
	patient := work{
		id:         "P7",
		name:       "overload",
		title:      "open-loop load of 0.5 to 20 times the capacity of an app server, one core",
		unit:       fmt.Sprintf("goodput in %% of capacity at %gx", judgedAt),
		proxyCores: 1,
		origin:     (*bench).startAppServer,
		entrants:   overloaded,
		measure:    climb(false),
		against:    []string{nginxLimits},
		parts:      overloadParts(),
		mostRounds: 3,
		notes: []string{
			fmt.Sprintf("An app server with %d workers, lognormal service times of mean %v (%.0f requests a second) and a queue of %d; it cannot know who has hung up. "+
				"Clients arrive at random (Poisson) in plain HTTP/1.1, on at most %d kept connections, each with an address of its own in X-Forwarded-For; they hang up %v after they were due, which is what latency counts from. "+
				"Plain, because the handshakes of a flood are another question.",
				s.Workers, s.Mean, s.capacity(), s.Queue, mostCallers, patience),
			fmt.Sprintf("Goodput is good answers in time, by capacity. p50 and p99 are of all that were not refused; who gave up counts with %v. "+
				"The load before and after each overload is %gx; `normal after` is when, after the drop, %d windows of %v begin with a p99 within %g times the unloaded one (one may be slower) and every visit good at once. ∞ is: not within %v. "+
				"The load of %gx lasts as long as -overload says, the others a third of that; what begins with an idle app server does well for the first second of it.",
				patience, unloadedAt, normalRow, normalWindow, normalTimes, recoveryMost, judgedAt),
			fmt.Sprintf("Sluice has max_concurrency = \"auto\", %d, or \"off\", and keeps no last good copies; nginx has limit_req and limit_conn for the whole site as written for this capacity, or nothing. "+
				"No connection: all %d were taken, by visits that waited. Where the generator itself was late by more than a few ms, this machine could not keep up, and that line is worse than the proxy is.", bearable(), mostCallers),
		},
		body: overloadTables,
		plot: overloadPlot,
	}
	impatient := patient
	impatient.mostRounds = 1
	impatient.id = "P7-retry"
	impatient.name = "overload, half retry"
	impatient.title = "the same, half of the clients retrying at once when refused"
	impatient.measure = climb(true)
	impatient.notes = []string{fmt.Sprintf("As P7, but every other client asks again at once when refused, up to %d times. A visit is one request with its retries: it is refused if the last answer was a no, and its latency includes them all.", mostRetries)}
	return []work{patient, impatient}
}

// overloadParts are the three things that are asked.
func overloadParts() []part {
	at := fmt.Sprintf(" at %gx", judgedAt)
	return []part{
		{name: "goodput" + at, unit: "% of capacity", goal: goal{ask: 95, aim: 98, absolute: true, atLeast: true},
			score: func(r result, name string) float64 {
				return 100 * r.stepFigure(name, judgedAt, func(s strain) float64 { return s.goodput })
			}},
		{name: "p99 of the admitted" + at, unit: "x unloaded", goal: goal{ask: 3, aim: 2, absolute: true},
			score: func(r result, name string) float64 {
				return r.overloadFigure(name, func(s *overloadSample) float64 { return s.slowdown(judgedAt) })
			}},
		{name: "normal after" + at, unit: "s", goal: goal{ask: 2, aim: 1, absolute: true},
			score: func(r result, name string) float64 {
				return r.stepFigure(name, judgedAt, func(s strain) float64 { return s.normal })
			}},
	}
}
