package server

import (
	"context"
	"runtime/metrics"
	"time"
)

const (
	// pressureEvery is how often the memory in use is looked at. A flood of
	// connections brings some 100 MB in that time.
	pressureEvery = 250 * time.Millisecond

	// Above the first share of the memory limit new connections are refused,
	// below the second they are welcome again.
	pressureBegins = 0.95
	pressureEnds   = 0.85
)

// watchMemory refuses new connections while memory is short, until ctx ends.
// The garbage collector alone would answer a flood by running all the time.
func (s *Server) watchMemory(ctx context.Context) {
	if s.memoryLimit == 0 {
		return
	}
	ticker := time.NewTicker(pressureEvery)
	defer ticker.Stop()
	short := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if now := pressed(short, memoryUsed(), s.memoryLimit); now != short {
			short = now
			s.caps.Press(short)
			s.memoryShort.Store(short)
			s.tellPressure(short)
		}
	}
}

// pressed reports whether memory is short, now that used bytes are in use.
func pressed(before bool, used, limit int64) bool {
	share := float64(used) / float64(limit)
	if before {
		return share > pressureEnds
	}
	return share > pressureBegins
}

func (s *Server) tellPressure(short bool) {
	if short {
		s.timeline.add(LevelError, "memory_pressure", "Memory is short: new connections are refused, those that are open go on.")
		s.errlog.Error("memory is short: new connections are refused, those that are open go on",
			"limit_bytes", s.memoryLimit, "do", "look at sluice_connections_open; give the machine more memory, or set server.max_connections lower")
		return
	}
	s.timeline.add(LevelInfo, "memory_pressure", "Memory is there again: new connections are welcome.")
	s.errlog.Info("memory is there again: new connections are welcome")
}

// memoryUsed is what the memory limit is about: all that the Go runtime has
// mapped, less what it has given back.
func memoryUsed() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64()) - int64(samples[1].Value.Uint64())
}
