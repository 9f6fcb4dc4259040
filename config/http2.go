package config

// HTTP2 is what holds for each client connection that speaks HTTP/2: what one
// client may have us hold, and how often it may do what only costs.
type HTTP2 struct {
	On               bool // offered on the TLS Listener
	MaxStreams       int  // requests at once
	MaxWindow        int  // bytes of request bodies sent ahead of what Upstreams take
	MaxResets        int  // streams taken back, a minute
	MaxErrors        int  // stream errors provoked, a minute
	MaxControlFrames int  // frames that bring nothing, in ten seconds
	MaxContinuations int  // CONTINUATION frames of one request head
	MinProgress      int  // bytes of a response taken within BodyTimeout
}

const (
	mostStreams = 10_000
	leastWindow = 64 << 10
	mostWindow  = 256 << 20
	mostEvents  = 1_000_000
)

// http2 reads [server.http2].
func (d *decoder) http2(s section) HTTP2 {
	v := HTTP2{
		On:               s.boolean("on"),
		MaxStreams:       s.integer("max_streams", 1, mostStreams),
		MaxWindow:        s.size("max_window", leastWindow, mostWindow),
		MaxResets:        s.integer("max_resets", 1, mostEvents),
		MaxErrors:        s.integer("max_errors", 1, mostEvents),
		MaxControlFrames: s.integer("max_control_frames", 10, mostEvents),
		MaxContinuations: s.integer("max_continuations", 0, 1000),
		MinProgress:      s.size("min_progress", 0, 1<<20),
	}
	if v.MaxStreams > 0 && v.MaxWindow > 0 && v.MaxWindow < v.MaxStreams*leastWindow {
		line := "max_window"
		if s.line("max_streams") > s.line(line) {
			line = "max_streams"
		}
		s.fail(line, "write max_window = \""+showSize(int64(v.MaxStreams)*leastWindow)+"\" or more, or fewer max_streams",
			"max_window %s is less than 64KiB for each of %d max_streams", showSize(int64(v.MaxWindow)), v.MaxStreams)
	}
	return v
}
