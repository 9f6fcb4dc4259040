package http2

import "sync/atomic"

// counts counts since the start.
type counts struct {
	connections, streams, resets, refused, streamErrors, stalled atomic.Uint64

	violations, abuseResets, abuseErrors, abuseHead, abuseFrames atomic.Uint64
}

// Stats is what a Server has counted since its start.
type Stats struct {
	Connections  uint64 // that were served
	Streams      uint64 // that were opened
	Resets       uint64 // streams that clients took back
	Refused      uint64 // streams beyond MaxStreams
	StreamErrors uint64 // streams that were reset because the client broke the rules on them
	Stalled      uint64 // responses given up because the client kept the window shut
	Violations   uint64 // connections ended because the client broke the rules
	Abuse        Abused // connections ended because a budget was used up
}

// Abused counts connections that were ended with ENHANCE_YOUR_CALM, by the
// budget that was used up.
type Abused struct{ Resets, Errors, Head, Frames uint64 }

// Stats returns the counts.
func (s *Server) Stats() Stats {
	n := &s.counts
	return Stats{
		Connections: n.connections.Load(), Streams: n.streams.Load(), Resets: n.resets.Load(),
		Refused: n.refused.Load(), StreamErrors: n.streamErrors.Load(), Stalled: n.stalled.Load(),
		Violations: n.violations.Load(),
		Abuse: Abused{Resets: n.abuseResets.Load(), Errors: n.abuseErrors.Load(),
			Head: n.abuseHead.Load(), Frames: n.abuseFrames.Load()},
	}
}
