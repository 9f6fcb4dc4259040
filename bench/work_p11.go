package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

const megabyte = 1 << 20

// worksP11 are what a proxy costs before it does anything.
func worksP11() []work {
	start := work{
		id:         "P11",
		name:       "start to first answer",
		title:      "from start to the first answer over TLS",
		unit:       "ms",
		proxyCores: 1,
		entrants:   everyone,
		measure:    startTime,
		against:    peers(),
		goal:       goal{ask: 100, aim: 50, absolute: true},
		notes:      []string{"From exec to the end of the first 200, asked for every millisecond; a handshake and the start of taskset are in it."},
	}
	memory := start
	memory.name = "idle memory"
	memory.title = "resident memory after the first answer"
	memory.unit = "MB"
	memory.measure = idleMemory
	memory.goal = goal{ask: 20, aim: 15, absolute: true}
	memory.notes = []string{"VmRSS one second after the first answer, of all processes: nginx's master and worker share pages that count twice."}

	binary := start
	binary.name = "binary on disk"
	binary.title = "binary on disk"
	binary.unit = "MB"
	binary.measure = binarySize
	binary.goal = goal{ask: 25, aim: 18, absolute: true}
	binary.mostRounds = 1
	binary.notes = []string{"Sluice built by CGO_ENABLED=0 go build -trimpath -ldflags \"-s -w\"; nginx's and HAProxy's shared libraries are not counted."}
	return []work{start, memory, binary}
}

// startTime is how long the start took.
func startTime(_ context.Context, m *measurement) (sample, error) {
	return sample{value: float64(m.firstAnswer.Microseconds()) / 1000}, nil
}

// idleMemory is what the proxy holds with nothing to do.
func idleMemory(ctx context.Context, m *measurement) (sample, error) {
	if err := pause(ctx, time.Second); err != nil {
		return sample{}, err
	}
	rss, err := groupRSS(m.group)
	return sample{value: float64(rss) / megabyte}, err
}

// binarySize is the size of the executable.
func binarySize(_ context.Context, m *measurement) (sample, error) {
	if m.name == sluiceName {
		if m.sluice.size == 0 {
			return sample{}, fmt.Errorf("the checkout was not built")
		}
		return sample{value: float64(m.sluice.size) / megabyte}, nil
	}
	info, err := os.Stat(m.binary)
	if err != nil {
		return sample{}, fmt.Errorf("size of %s: %w", m.name, err)
	}
	return sample{value: float64(info.Size()) / megabyte}, nil
}
