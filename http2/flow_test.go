package http2

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"sluice/message"
)

// settle waits until the server has dealt with all that was sent before, and
// returns how much data came meanwhile.
func (c *client) settle() (data int) {
	c.t.Helper()
	c.must(c.WritePing(false, [8]byte{'s'}))
	c.want("the answer to a PING", func(e event) bool {
		data += len(dataOf(e))
		return e.kind == http2.FramePing && e.ack
	})
	return data
}

// wantData waits for exactly n bytes of data.
func (c *client) wantData(what string, n int) {
	c.t.Helper()
	got := 0
	if n > 0 {
		c.want(what, func(e event) bool { got += len(dataOf(e)); return got >= n })
	}
	if got += c.settle(); got != n {
		c.t.Fatalf("%s: got %d bytes, the window allows %d", what, got, n)
	}
}

// RFC 9113 section 6.9.1: "A sender MUST NOT send a flow-controlled frame with
// a length that exceeds the space available in either of the flow-control
// windows"; section 6.9.2: "A change to SETTINGS_INITIAL_WINDOW_SIZE can cause
// the available space in a flow-control window to become negative."
func TestAResponseKeepsToTheStreamsWindow(t *testing.T) {
	c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
		reply(w, 200, strings.Repeat("x", 1000))
	}), http2.Setting{ID: http2.SettingInitialWindowSize, Val: 100})
	window := func(n uint32) {
		c.must(c.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: n}))
	}
	c.open(1, true, "GET", "/")
	c.wantData("the first window", 100)
	c.must(c.WriteWindowUpdate(1, 1))
	c.wantData("one byte", 1)
	window(300)
	c.wantData("a larger initial window", 200)
	window(50) // -250 are left
	c.wantData("a smaller one", 0)
	c.must(c.WriteWindowUpdate(1, 250))
	c.wantData("up to zero", 0)
	c.must(c.WriteWindowUpdate(1, 7))
	c.wantData("past zero", 7)
	window(0)
	c.must(c.WriteWindowUpdate(1, 1<<20))
	if rest := c.body(1); len(rest) != 1000-308 {
		t.Errorf("the rest is %d bytes", len(rest))
	}
}

// The connection's window is the streams' together.
func TestResponsesKeepToTheConnectionsWindow(t *testing.T) {
	c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
		reply(w, 200, strings.Repeat("x", 40_000))
	}))
	for id := uint32(1); id <= 5; id += 2 {
		c.open(id, true, "GET", "/")
	}
	c.wantData("the first window", 65535)
	c.must(c.WriteWindowUpdate(0, 1))
	c.wantData("one byte", 1)
	c.must(c.WriteWindowUpdate(0, 1<<20))
	c.wantData("the rest", 120_000-65536)
}

// "A stream that does not read does not stall the others."
func TestAStreamThatDoesNotReadStallsNobody(t *testing.T) {
	got := make(chan string, 1)
	c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
		switch string(r.Target) {
		case "/shut":
			reply(w, 200, strings.Repeat("x", 100_000))
		case "/deaf": // does not read its body
			<-canceled(w)
		case "/upload":
			text, err := slurp(r.Body)
			if err != nil {
				t.Error(err)
			}
			got <- text
			reply(w, 200, "")
		case "/fine":
			reply(w, 200, strings.Repeat("y", 100_000))
		}
	}), http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	c.must(c.WriteWindowUpdate(0, 1<<30))
	for id := uint32(1); id < 100; id += 2 {
		c.open(id, true, "GET", "/shut")
	}
	c.open(101, false, "POST", "/deaf")
	for range 3 {
		c.must(c.WriteData(101, false, make([]byte, 16<<10)))
	}
	c.open(103, true, "GET", "/fine")
	c.must(c.WriteWindowUpdate(103, 1<<20))
	if b := c.body(103); len(b) != 100_000 {
		t.Errorf("%d bytes came past the streams that are shut", len(b))
	}
	c.open(105, false, "POST", "/upload")
	sent := c.upload(105, 1<<20)
	if text := within(t, "the upload", got); text != sent {
		t.Error("the upload came otherwise than it was sent")
	}
}

// canceled is closed when the exchange's client is gone.
func canceled(w message.ResponseWriter) chan struct{} {
	c := make(chan struct{})
	w.Watch(cancelFunc(func() { close(c) }))
	return c
}

// upload sends n bytes, no faster than the windows allow, and ends the stream.
func (c *client) upload(stream uint32, n int) (sent string) {
	c.t.Helper()
	var all strings.Builder
	window := 65535
	for i := 0; all.Len() < n; i++ {
		p := []byte(fmt.Sprintf("%08d", i))
		p = []byte(strings.Repeat(string(p), 1000))[:min(8000, n-all.Len())]
		for window < len(p) {
			window += int(c.want("window", func(e event) bool {
				return e.kind == http2.FrameWindowUpdate && e.stream == stream
			}).n)
		}
		window -= len(p)
		c.must(c.WriteData(stream, false, p))
		all.Write(p)
	}
	c.must(c.WriteData(stream, true, nil))
	return all.String()
}

// One frame from each in turn, "the most urgent first" (RFC 9218 section 10:
// "it is RECOMMENDED that [...] urgency" be followed).
func TestUrgencyAndFairness(t *testing.T) {
	const size = 200_000
	c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
		reply(w, 200, strings.Repeat("x", size))
	}), http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
	// The first response shuts the connection's window; those that come then
	// wait for it together.
	c.open(1, true, "GET", "/")
	c.wantData("the first window", 65535)
	urgency := map[uint32]string{3: "u=5", 5: "u=1", 7: "u=5", 9: "u=1", 11: "", 13: "u=5"}
	for id := uint32(3); id <= 13; id += 2 {
		if u := urgency[id]; u != "" {
			c.open(id, true, "GET", "/", "priority", u)
		} else {
			c.open(id, true, "GET", "/")
		}
		c.head(id)
	}
	c.settle()
	// RFC 9218 section 7: a reprioritization by frame.
	c.must(c.WriteRawFrame(0x10, 0, 0, append([]byte{0, 0, 0, 13}, "u=0"...)))
	c.settle()
	c.must(c.WriteWindowUpdate(0, 1<<30))
	sent := map[uint32]int{}
	var ends []uint32
	for len(ends) < 7 {
		e := c.want("data", func(e event) bool { return e.kind == http2.FrameData })
		sent[e.stream] += len(e.text)
		if e.end {
			ends = append(ends, e.stream)
		}
		// Peers of one urgency are never further apart than what is gathered
		// for one write.
		for _, pair := range [][2]uint32{{5, 9}, {3, 7}} {
			if a, b := sent[pair[0]], sent[pair[1]]; max(a, b)-min(a, b) > outboxSize {
				t.Fatalf("stream %d has %d bytes and stream %d has %d", pair[0], a, pair[1], b)
			}
		}
	}
	place := map[uint32]int{}
	for i, id := range ends {
		place[id] = i
	}
	// 13 has become the most urgent, but only "of its next turn on": it had
	// been queued before.
	for _, pair := range [][2]uint32{{5, 11}, {9, 11}, {11, 3}, {11, 7}, {5, 3}, {9, 7}} {
		if place[pair[0]] > place[pair[1]] {
			t.Errorf("stream %d ended after stream %d: %v", pair[0], pair[1], ends)
		}
	}
	if place[13] > place[3] || place[13] > place[7] {
		t.Errorf("stream 13 is not more urgent than before: %v", ends)
	}
}

// Windows grow to full speed where the data is taken, and all of a connection
// together never exceed MaxWindow.
func TestTheReceiveWindowGrowsWithinItsBound(t *testing.T) {
	s := newServer(func(r *message.Request, w message.ResponseWriter) {
		for {
			if _, err := r.Body.Next(); err != nil {
				break
			}
		}
		reply(w, 200, "")
	})
	s.MaxStreams, s.MaxWindow = 4, 4<<20
	c := connect(t, s)
	c.open(1, false, "POST", "/")
	// The client sends half of the window, which is when more is given, and
	// waits for that.
	window, ahead, conn := 65535, 65535, 65535
	for range 50 {
		half := (window + 1) / 2
		for left := half; left > 0; left -= min(left, 16<<10) {
			c.must(c.WriteData(1, false, make([]byte, min(left, 16<<10))))
		}
		ahead -= half
		conn -= half
		n := int(c.want("window", func(e event) bool {
			if e.kind == http2.FrameWindowUpdate && e.stream == 0 {
				conn += int(e.n)
			}
			return e.kind == http2.FrameWindowUpdate && e.stream == 1
		}).n)
		if ahead += n; ahead > s.MaxWindow || conn > s.MaxWindow {
			t.Fatalf("the client may send %d bytes ahead on the stream and %d on the connection", ahead, conn)
		}
		window = max(window, ahead)
	}
	c.must(c.WriteData(1, true, nil))
	c.head(1)
	if want := s.MaxWindow - s.MaxStreams*65535; window < want {
		t.Errorf("the window has grown to %d, want %d", window, want)
	}
	eventually(t, "all growth is given back", func() bool { return s.growth.granted.Load() == 0 })
}

// RFC 9113 section 6.9.1: "A receiver MAY respond with a stream error or
// connection error of type FLOW_CONTROL_ERROR if it is unable to accept a
// frame."
func TestMoreDataThanTheWindowAllows(t *testing.T) {
	deaf := func(r *message.Request, w message.ResponseWriter) { <-canceled(w) }
	t.Run("stream", func(t *testing.T) {
		c := connect(t, newServer(deaf))
		c.open(1, false, "POST", "/")
		for range 4 {
			c.must(c.WriteData(1, false, make([]byte, 16<<10)))
		}
		if code := c.reset(1); code != http2.ErrCodeFlowControl {
			t.Errorf("reset with %s", code)
		}
	})
	t.Run("connection", func(t *testing.T) {
		s := newServer(deaf)
		s.MaxStreams, s.MaxWindow = 2, 65535 // less than the two streams have
		c := connect(t, s)
		for id := uint32(1); id <= 3; id += 2 {
			c.open(id, false, "POST", "/")
			for range 3 {
				c.WriteData(id, false, make([]byte, 16<<10))
			}
		}
		if code := c.thrownOut(); code != http2.ErrCodeFlowControl {
			t.Errorf("GOAWAY with %s", code)
		}
	})
}

// Padding counts and is given back like data.
func TestPaddingIsGivenBack(t *testing.T) {
	c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
		text, err := slurp(r.Body)
		if err != nil {
			t.Error(err)
		}
		reply(w, 200, fmt.Sprint(len(text)))
	}))
	c.open(1, false, "POST", "/")
	left := 65535
	for range 2000 {
		const size = 1 + 10 + 200
		for left < size {
			left += int(c.want("window", func(e event) bool { return e.kind == http2.FrameWindowUpdate && e.stream == 1 }).n)
		}
		left -= size
		c.must(c.WriteDataPadded(1, false, []byte("0123456789"), make([]byte, 200)))
	}
	c.must(c.WriteData(1, true, nil))
	if b := c.body(1); b != "20000" {
		t.Errorf("%s bytes came", b)
	}
}
