package http2

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"sluice/message"
)

// attack is one step of an abuse; i counts them.
type attack struct {
	name   string
	step   func(c *client, i int) error
	most   int // steps that are let pass, by the budgets of tightServer
	counts func(Abused) uint64
	cause  message.Cause
	// steady: what was reset has ended before the next step; of streams that
	// are refused for want of a place the same frame means something else.
	steady bool
}

// The budgets of tightServer.
const (
	tightResets = 20
	tightErrors = 10
	tightFrames = 50
)

func byResets(a Abused) uint64 { return a.Resets }
func byErrors(a Abused) uint64 { return a.Errors }
func byFrames(a Abused) uint64 { return a.Frames }
func byHead(a Abused) uint64   { return a.Head }

var attacks = []attack{
	// CVE-2023-44487
	{"rapid reset", func(c *client, i int) error {
		c.tryOpen(id(i), true, "GET", "/hold")
		return c.WriteRSTStream(id(i), http2.ErrCodeCancel)
	}, tightResets, byResets, message.CauseAbuseResets, false},
	{"streams beyond the limit", func(c *client, i int) error {
		return c.tryOpen(id(i), true, "GET", "/hold")
	}, tightResets + tightStreams, byResets, message.CauseAbuseResets, false},
	// CVE-2025-8671, in the ways that its report names
	{"MadeYouReset by a window update of nothing", func(c *client, i int) error {
		c.tryOpen(id(i), true, "GET", "/hold")
		return c.WriteRawFrame(http2.FrameWindowUpdate, 0, id(i), make([]byte, 4))
	}, tightErrors, byErrors, message.CauseAbuseErrors, true},
	{"MadeYouReset by a window too large", func(c *client, i int) error {
		c.tryOpen(id(i), true, "GET", "/hold")
		return c.WriteWindowUpdate(id(i), 1<<31-1)
	}, tightErrors, byErrors, message.CauseAbuseErrors, true},
	{"MadeYouReset by data behind the end", func(c *client, i int) error {
		c.tryOpen(id(i), true, "GET", "/hold")
		return c.WriteData(id(i), false, []byte("x"))
	}, tightErrors, byErrors, message.CauseAbuseErrors, true},
	{"MadeYouReset by a head behind the end", func(c *client, i int) error {
		c.tryOpen(id(i), true, "GET", "/hold")
		return c.tryOpen(id(i), true, "GET", "/hold")
	}, tightErrors, byErrors, message.CauseAbuseErrors, true},
	{"MadeYouReset by a priority of five bytes too few", func(c *client, i int) error {
		c.tryOpen(id(i), true, "GET", "/hold")
		return c.WriteRawFrame(http2.FramePriority, 0, id(i), nil)
	}, tightErrors, byErrors, message.CauseAbuseErrors, true},
	{"MadeYouReset by a stream that depends on itself", func(c *client, i int) error {
		c.tryOpen(id(i), true, "GET", "/hold")
		return c.WritePriority(id(i), http2.PriorityParam{StreamDep: id(i)})
	}, tightErrors, byErrors, message.CauseAbuseErrors, true},
	{"malformed heads", func(c *client, i int) error {
		return c.tryOpen(id(i), true, "GET", "/hold", "Upper", "case")
	}, tightErrors, byErrors, message.CauseAbuseErrors, true},
	// CVE-2019-9512, -9515, -9513, -9518 and their kin
	{"PING", func(c *client, i int) error { return c.WritePing(false, [8]byte{}) },
		tightFrames - 1, byFrames, message.CauseAbuseFrames, false},
	{"SETTINGS", func(c *client, i int) error { return c.WriteSettings() },
		tightFrames - 1, byFrames, message.CauseAbuseFrames, false},
	{"PRIORITY", func(c *client, i int) error { return c.WritePriority(1, http2.PriorityParam{StreamDep: 3}) },
		tightFrames - 1, byFrames, message.CauseAbuseFrames, false},
	{"PRIORITY_UPDATE", func(c *client, i int) error {
		return c.WriteRawFrame(0x10, 0, 0, []byte{0, 0, 0, 1, 'u', '=', '1'})
	}, tightFrames - 1, byFrames, message.CauseAbuseFrames, false},
	{"WINDOW_UPDATE", func(c *client, i int) error { return c.WriteWindowUpdate(0, 1) },
		tightFrames - 1, byFrames, message.CauseAbuseFrames, false},
	{"frames of an unknown type", func(c *client, i int) error { return c.WriteRawFrame(0x77, 0, 0, nil) },
		tightFrames - 1, byFrames, message.CauseAbuseFrames, false},
	{"empty DATA", func(c *client, i int) error {
		if i == 0 {
			return c.tryOpen(1, false, "POST", "/hold")
		}
		return c.WriteData(1, false, nil)
	}, tightFrames, byFrames, message.CauseAbuseFrames, false},
	// VU#421644
	{"CONTINUATION", func(c *client, i int) error {
		if i == 0 {
			return c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.fields(":method", "GET")})
		}
		return c.WriteContinuation(1, false, nil)
	}, 1 + 8, byHead, message.CauseAbuseHead, false},
	{"a head without end", func(c *client, i int) error {
		f := c.fields("x", strings.Repeat("~", 15_000)) // 13 bits a letter: it goes as it is
		if i == 0 {
			return c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f})
		}
		return c.WriteContinuation(1, false, f)
	}, 4 * 32 / 15, byHead, message.CauseAbuseHead, false},
	{"HPACK bomb", func(c *client, i int) error {
		if i == 0 { // one field of nearly the whole table
			return c.tryOpen(1, true, "GET", "/", "a", strings.Repeat("~", 4000))
		}
		return c.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, EndStream: true, EndHeaders: true,
			BlockFragment: []byte(strings.Repeat("\xbe", 1000))}) // 62: the newest entry
	}, 1, byHead, message.CauseAbuseHead, false},
	{"HPACK bomb within the limit on heads", func(c *client, i int) error {
		if i == 0 {
			return c.tryOpen(1, true, "GET", "/", "a", strings.Repeat("~", 4000))
		}
		return c.WriteHeaders(http2.HeadersFrameParam{StreamID: id(i), EndStream: true, EndHeaders: true,
			BlockFragment: append(c.fields(":method", "GET", ":scheme", "https", ":path", "/"), "\xbe\xbe\xbe\xbe\xbe\xbe\xbe"...)})
	}, 1, byHead, message.CauseAbuseHead, false},
	{"a string longer than any head may be", func(c *client, i int) error {
		return c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte("\x00\x01a\x7f\xff\xff\xff\x7f")})
	}, 0, byHead, message.CauseAbuseHead, false},
}

// id numbers a client's streams.
func id(i int) uint32 { return uint32(2*i + 1) }

const tightStreams = 5

// tightServer has small budgets, that only time and good behaviour fill up.
func tightServer(handle func(*message.Request, message.ResponseWriter)) *Server {
	s := newServer(handle)
	s.Abuse.Resets, s.Abuse.Errors, s.Abuse.ControlFrames = tightResets, tightErrors, tightFrames
	s.MaxStreams = tightStreams
	return s
}

// "ENHANCE_YOUR_CALM to the abuser": and what stays within the budget passes.
func TestAbuses(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			t.Run("over", func(t *testing.T) { testAbuse(t, a) })
			t.Run("within", func(t *testing.T) { testWithinBudget(t, a) })
		})
	}
}

// abused serves a client of which the Exchanges last until it takes them back.
func abused(t *testing.T, failed func(*message.Failure)) (*client, *Server) {
	var s *Server
	var open atomic.Int32
	s = tightServer(func(r *message.Request, w message.ResponseWriter) {
		if n := open.Add(1); int(n) > s.MaxStreams {
			t.Errorf("%d exchanges at a time, at most %d may be", n, s.MaxStreams)
		}
		defer open.Add(-1)
		if string(r.Target) == "/hold" && r.Refused == nil {
			<-canceled(w)
			return
		}
		reply(w, 200, "")
	})
	s.Failed = func(client *message.Client, f *message.Failure) {
		if client != testClient {
			t.Errorf("Failed was told of %v", client)
		}
		failed(f)
	}
	return piped(t, s), s
}

func testAbuse(t *testing.T, a attack) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan *message.Failure, 10)
		c, s := abused(t, func(f *message.Failure) { told <- f })
		i := 0
		for a.step(c, i) == nil {
			if a.steady {
				synctest.Wait()
			}
			if i++; i > 100*tightFrames {
				t.Fatalf("%d steps were let through", i)
			}
		}
		if code := c.thrownOut(); code != http2.ErrCodeEnhanceYourCalm {
			t.Errorf("GOAWAY with %s", code)
		}
		<-c.served
		if n := s.Stats().Abuse; a.counts(n) != 1 || n.Resets+n.Errors+n.Head+n.Frames != 1 {
			t.Errorf("counted as %+v", n)
		}
		if len(told) != 1 {
			t.Fatalf("Failed was called %d times", len(told))
		}
		if f := <-told; f.Cause != a.cause || f.Party != message.PartyClient {
			t.Errorf("the failure is %v", f)
		}
	})
}

func testWithinBudget(t *testing.T, a attack) {
	synctest.Test(t, func(t *testing.T) {
		c, s := abused(t, func(f *message.Failure) { t.Errorf("thrown out: %v", f) })
		for i := range a.most {
			c.must(a.step(c, i))
			synctest.Wait() // what was reset has ended, and its place is free
		}
		if n := s.Stats(); n.Abuse != (Abused{}) || n.Violations != 0 {
			t.Errorf("%d steps are within the budget, and counted are %+v", a.most, n)
		}
	})
}

// "All are budgets that fill up again with time."
func TestABudgetFillsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(60, time.Minute, time.Now())
		take := func(n int) (got int) {
			for range n {
				if b.take() {
					got++
				}
			}
			return got
		}
		for _, tt := range []struct {
			after time.Duration
			want  int
		}{
			{0, 60}, {0, 0}, {time.Second - 1, 0}, {1, 1}, {10 * time.Second, 10},
			{30 * time.Second, 30}, {time.Hour, 60}, {time.Second, 1},
		} {
			time.Sleep(tt.after)
			if got := take(100); got != tt.want {
				t.Errorf("after %v more %d were given, want %d", tt.after, got, tt.want)
			}
		}
	})
}

// A page of images that is left, over and over, is within the default budgets,
// as are the WINDOW_UPDATEs of a download.
func TestGoodClientsAreWithinTheBudgets(t *testing.T) {
	const size = 64 << 20
	synctest.Test(t, func(t *testing.T) {
		s := newServer(func(r *message.Request, w message.ResponseWriter) {
			if string(r.Target) == "/image" {
				<-canceled(w)
				return
			}
			if w.Start(&message.Response{Status: 200, Length: size}) != nil {
				return
			}
			for range size >> 14 {
				if w.Write(make([]byte, 16<<10)) != nil {
					return
				}
			}
			w.Finish(nil)
		})
		s.Failed = func(_ *message.Client, f *message.Failure) { t.Error(f) }
		c := piped(t, s)
		next := uint32(1)
		for range 20 { // pages, one in 10 seconds, of 60 images
			first := next
			for ; next < first+120; next += 2 {
				c.open(next, true, "GET", "/image")
			}
			for id := first; id < next; id += 2 {
				c.must(c.WriteRSTStream(id, http2.ErrCodeCancel))
			}
			time.Sleep(10 * time.Second)
		}
		c.open(next, true, "GET", "/download")
		got := 0
		for got < size { // two updates for each DATA frame
			e := c.want("data", func(e event) bool { return e.kind == http2.FrameData })
			got += len(e.text)
			c.must(c.WriteWindowUpdate(0, uint32(len(e.text))))
			c.must(c.WriteWindowUpdate(next, uint32(len(e.text))))
		}
	})
}

// A client whose dynamic table is full of what it always sends, and who sends
// all of it.
func TestAFullTableIsNoBomb(t *testing.T) {
	c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
		reply(w, 200, fmt.Sprint(len(r.Fields)))
	}))
	var fields []string
	for i := range 55 {
		fields = append(fields, fmt.Sprintf("x-field-%02d", i), strings.Repeat("~", 24))
	}
	fields = append(fields, "cookie", strings.Repeat("0", 15_000)) // 5 bits a letter, and too large for the table
	for i := range 5 {
		c.open(id(i), true, "GET", "/", fields...)
		if b := c.body(id(i)); b != "56" {
			t.Fatalf("request %d: %s fields came", i, b)
		}
	}
}

// "A reset stream's upstream attempt is cancelled at once and its slot is
// counted until it is really free."
func TestAResetStreamKeepsItsPlaceUntilItHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan bool)
		c := piped(t, tightServer(func(r *message.Request, w message.ResponseWriter) {
			<-canceled(w)
			<-end // an upstream that takes its time
		}))
		for i := range tightStreams {
			c.open(id(i), true, "GET", "/")
			c.must(c.WriteRSTStream(id(i), http2.ErrCodeCancel))
		}
		c.open(id(tightStreams), true, "GET", "/")
		if code := c.reset(id(tightStreams)); code != http2.ErrCodeRefusedStream {
			t.Errorf("one more was reset with %s", code)
		}
		end <- true
		synctest.Wait()
		c.open(id(tightStreams+1), true, "GET", "/")
		synctest.Wait()
		c.open(id(tightStreams+2), true, "GET", "/")
		if code := c.reset(id(tightStreams + 2)); code != http2.ErrCodeRefusedStream {
			t.Errorf("two more for one place: reset with %s", code)
		}
		close(end)
	})
}

// "a machine that is too busy to get through with them is given some time": a
// stream begins in the moment in which an Exchange is through, and is refused when
// none is in time.
func TestAStreamThatWaitsForEndedExchanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, end := make(chan bool, 3*tightStreams), make(chan bool)
		c := piped(t, tightServer(func(r *message.Request, w message.ResponseWriter) {
			begun <- true
			reply(w, 200, "done")
			<-end // its goroutine is not through
		}))
		for i := range 2 * tightStreams {
			c.open(id(i), true, "GET", "/")
			c.body(id(i))
			<-begun
		}
		const busy = 12345 * time.Microsecond
		asked := time.Now()
		c.open(id(2*tightStreams), true, "GET", "/")
		time.AfterFunc(busy, func() { end <- true })
		if <-begun; time.Since(asked) != busy {
			t.Errorf("it began after %v, want %v", time.Since(asked), busy)
		}
		c.body(id(2 * tightStreams))
		asked = time.Now()
		c.open(id(2*tightStreams+1), true, "GET", "/")
		if code := c.reset(id(2*tightStreams + 1)); code != http2.ErrCodeRefusedStream || time.Since(asked) != endedPatience {
			t.Errorf("one more was reset with %s after %v", code, time.Since(asked))
		}
		close(end)
	})
}
