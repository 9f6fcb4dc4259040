package http2

import "sync/atomic"

const (
	// streamWindow is the receive window that each stream begins with, the
	// protocol's default. It grows while the Upstream takes all that comes.
	streamWindow = 64<<10 - 1

	// growthShare bounds what all connections together may grow their
	// windows by, in units of MaxWindow.
	growthShare = 16
)

// growth counts how much the windows of all connections have grown.
type growth struct{ granted atomic.Int64 }

// take takes n bytes if there are that many left of most.
func (g *growth) take(n, most int64) bool {
	if g.granted.Add(n) > most {
		g.granted.Add(-n)
		return false
	}
	return true
}

func (g *growth) give(n int64) { g.granted.Add(-n) }

// inflow is the receiving side's flow control of one connection (RFC 9113
// section 5.2), guarded by the connection's mu.
//
// The sum of what all streams may send ahead never exceeds the connection's
// window: each begins with streamWindow, and only what MaxStreams of these
// leave over is given to streams that can use more. So a stream whose Upstream
// takes nothing cannot stall the others, and the connection's window is a
// bound of memory and nothing else. One stream alone gets nearly all of
// MaxWindow: 13.5 of 20 MiB, where 100 ms x 1 Gbit/s need 12.5 MB.
type inflow struct {
	srv     *Server
	window  int64 // of the connection: what is left of it
	unsaid  int64 // taken out of buffers and not yet given back to the client
	reserve int64 // what streams may still grow by
}

func newInflow(s *Server) inflow {
	most := max(int64(s.MaxWindow), int64(initialSettings.window)) // less cannot be said in the beginning
	return inflow{srv: s, window: most, reserve: max(most-int64(s.MaxStreams)*streamWindow, 0)}
}

// start returns the first WINDOW_UPDATE's increment; 0: none is needed.
func (f *inflow) start() int64 { return f.window - int64(initialSettings.window) }

// takeData takes a DATA frame.
func (c *conn) takeData(h frameHeader, p []byte) *ending {
	data, v := dataPayload(h, p)
	if v != nil {
		return broken(v)
	}
	if c.isIdle(h.stream) {
		return broken(violationIdle)
	}
	if len(data) == 0 && !h.has(flagEndStream) {
		if !c.mayControl() {
			return endingFrames
		}
	} else {
		c.guard.frames.give(1)
	}
	c.mu.Lock()
	if int64(len(p)) > c.inflow.window {
		c.mu.Unlock()
		return broken(violationOverrun)
	}
	c.inflow.window -= int64(len(p))
	st := c.streams[h.stream]
	known := st != nil && st.failure == nil
	if known {
		v = st.body.take(data, len(p), h.has(flagEndStream))
	} else {
		c.inflow.unsaid += int64(len(p))
		if st == nil && !c.retired.has(h.stream) || st != nil && st.takenBack {
			v = violationClosedData
		}
	}
	c.inflow.update(c)
	c.mu.Unlock()
	if v != nil {
		return c.streamError(h.stream, v)
	}
	return nil
}

// update gives the connection's window back once that is worth a frame. The
// caller holds mu and sees to it that the frame is sent.
func (f *inflow) update(c *conn) {
	if f.unsaid < int64(f.srv.MaxWindow)/4 {
		return
	}
	c.outbox.b = appendWindowUpdate(c.outbox.buffer(), 0, uint32(f.unsaid))
	f.window += f.unsaid
	f.unsaid = 0
}

// updateStream gives a stream's window back once that is worth a frame, and
// more of it to one whose data is taken as fast as it comes: there the window
// may be what holds the client up. The caller holds mu.
func (f *inflow) updateStream(st *stream) {
	b := &st.body
	if st.remoteEnded || st.failure != nil || b.unsaid < b.window/2 {
		return
	}
	n := b.unsaid
	if more := min(b.window, f.reserve); more > 0 && b.first == nil &&
		f.srv.growth.take(more, growthShare*int64(f.srv.MaxWindow)) {
		f.reserve -= more
		b.window += more
		n += more
	}
	st.c.outbox.b = appendWindowUpdate(st.c.outbox.buffer(), st.id, uint32(n))
	b.left += n
	b.unsaid = 0
}

// drop gives back all that an ending stream holds. The caller holds mu.
func (f *inflow) drop(st *stream) {
	b := &st.body
	f.unsaid += b.drop()
	if more := b.window - streamWindow; more > 0 {
		f.reserve += more
		f.srv.growth.give(more)
	}
	b.window = streamWindow
	f.update(st.c)
}
