package http2

import (
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"sluice/message"
)

// Conversations of random frames, most of them plausible, against the same
// invariants as FuzzServerConn's.
func TestRandomConversations(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	var exchanges uint64
	for range 300 {
		s := newServer(fuzzedExchange)
		s.BodyTimeout = 2 * time.Millisecond
		s.MaxStreams, s.MaxWindow = 10, 1<<20
		client := newTape(append([]byte(preface+"\x00\x00\x00\x04\x00\x00\x00\x00\x00"), shape(randomFrames(dice))...))
		c := newConn(s, client, testClient)
		s.workers.enter()
		c.serve()
		s.workers.leave()
		checkAnswers(t, client.out.Bytes())
		checkAccounts(t, c)
		exchanges += s.Stats().Streams
	}
	if exchanges < 300 {
		t.Errorf("only %d exchanges came about", exchanges)
	}
}

// randomFrames are frames as shape takes them.
func randomFrames(dice *rand.Rand) (out []byte) {
	next := byte(1)
	for range dice.IntN(60) {
		stream := byte(2*dice.IntN(max(int(next)/2, 1)) + 1) // one that was opened
		size := byte(dice.IntN(20))
		var kind frameType
		flags := byte(dice.UintN(256)) & (flagEndStream | flagEndHeaders)
		switch roll := dice.IntN(60); {
		case roll < 20 || next == 1:
			kind, stream, flags = frameHeaders, next, flags|flagEndHeaders
			next = min(next+2, 31)
		case roll < 38:
			kind, flags = frameData, flags&flagEndStream
			if dice.IntN(4) == 0 {
				size = byte(250 + dice.IntN(6))
			}
		case roll < 44:
			kind, size = frameReset, 4
		case roll < 54:
			kind, size = frameWindowUpdate, 4
			if dice.IntN(2) == 0 {
				stream = 0
			}
		case roll < 59:
			kind, size, stream, flags = frameSettings, 0, 0, 0
		default:
			kind = frameType(dice.IntN(12))
		}
		out = append(out, byte(kind), flags, stream, size)
		if size < 250 {
			for i := range size {
				b := byte(dice.UintN(256))
				if size == 4 && i < 2 {
					b = 0 // of a number that is no end by itself
				}
				out = append(out, b)
			}
		}
	}
	return out
}

// Windows that open and shut at random, of streams and of the connection,
// against the client's own account of them: no byte more than allowed, and in
// the end all of them.
func TestRandomWindows(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for run := range uint64(20) {
		synctest.Test(t, func(t *testing.T) { testRandomWindows(t, rand.New(rand.NewPCG(seed, run))) })
	}
}

// account is what a client has let a server send.
type account struct {
	initial, conn int
	streams       map[uint32]int // what is left
	owed          map[uint32]int // what has not come yet
}

// take books data that has come.
func (a *account) take(t *testing.T, e event) {
	n := len(dataOf(e))
	a.conn -= n
	a.streams[e.stream] -= n
	a.owed[e.stream] -= n
	if n > 0 && (a.conn < 0 || a.streams[e.stream] < 0) {
		t.Fatalf("%d bytes on stream %d: %d are left of its window, %d of the connection's", n, e.stream, a.streams[e.stream], a.conn)
	}
	if e.end && a.owed[e.stream] == 0 {
		delete(a.owed, e.stream)
		delete(a.streams, e.stream)
	} else if e.end {
		t.Fatalf("stream %d has ended %d bytes too early", e.stream, a.owed[e.stream])
	}
}

func testRandomWindows(t *testing.T, dice *rand.Rand) {
	body := strings.Repeat("0123456789abcdef", 1<<14)
	c := piped(t, newServer(func(r *message.Request, w message.ResponseWriter) {
		if w.Start(&message.Response{Status: 200, Length: -1}) != nil {
			return
		}
		for rest := body[:len(r.Target)*977]; rest != ""; {
			n := min(len(rest), 1+len(r.Target)*37)
			if w.Write([]byte(rest[:n])) != nil {
				return
			}
			rest = rest[n:]
		}
		w.Finish(nil)
	}))
	a := &account{initial: 65535, conn: 65535, streams: map[uint32]int{}, owed: map[uint32]int{}}
	drain := func() {
		synctest.Wait()
		for len(c.events) > 0 {
			if e := <-c.events; e.kind == http2.FrameData || e.kind == http2.FrameHeaders {
				a.take(t, e)
			} else if e.kind == http2.FrameRSTStream || e.kind == http2.FrameGoAway {
				t.Fatalf("%+v", e)
			}
		}
	}
	next := uint32(1)
	for range 200 {
		if dice.IntN(4) > 0 {
			drain()
		}
		switch dice.IntN(4) {
		case 0:
			if len(a.owed) < 50 {
				path := "/" + strings.Repeat("x", dice.IntN(200))
				a.streams[next], a.owed[next] = a.initial, len(path)*977
				c.open(next, true, "GET", path, "priority", "u="+string(rune('0'+dice.IntN(8))))
				next += 2
			}
		case 1:
			n := 1 + dice.IntN(50_000)
			a.conn += n
			c.must(c.WriteWindowUpdate(0, uint32(n)))
		case 2:
			drain() // what a smaller window takes back must not have been used
			n := dice.IntN(100_000) >> dice.IntN(17)
			for id := range a.streams {
				a.streams[id] += n - a.initial
			}
			a.initial = n
			c.must(c.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: uint32(n)}))
		case 3:
			for id := range a.streams {
				n := 1 + dice.IntN(20_000)
				a.streams[id] += n
				c.must(c.WriteWindowUpdate(id, uint32(n)))
				break
			}
		}
	}
	for len(a.owed) > 0 {
		before := len(a.owed)
		a.conn += 1 << 24 // more than all of them have
		c.must(c.WriteWindowUpdate(0, 1<<24))
		for id := range a.streams {
			a.streams[id] += 1 << 19
			c.must(c.WriteWindowUpdate(id, 1<<19))
		}
		drain()
		if len(a.owed) == before {
			t.Fatalf("all windows are open and %d streams do not go on", before)
		}
	}
}
