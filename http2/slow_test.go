package http2

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"sluice/message"
	"sluice/socket"
)

// piped connects by a pipe.
func piped(t *testing.T, s *Server, own ...http2.Setting) *client {
	t.Helper()
	peer, ours := net.Pipe()
	return converse(t, s, ours, peer, own...)
}

// after wants that the connection ends, with this code, d from now.
func (c *client) after(d time.Duration, want http2.ErrCode) {
	c.t.Helper()
	began := time.Now()
	if code := c.thrownOut(); code != want {
		c.t.Errorf("GOAWAY with %s, want %s", code, want)
	}
	if took := time.Since(began); took != d {
		c.t.Errorf("after %v, want %v", took, d)
	}
}

// header_timeout is that of "a whole request head", whatever it is made of.
func TestWhatIsBegunMustComeWhole(t *testing.T) {
	for name, send := range map[string]func(c *client){
		"half a frame header": func(c *client) { c.peer.Write([]byte{0, 0, 8}) },
		"half a PING":         func(c *client) { c.peer.Write([]byte{0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2}) },
		"a section without its end": func(c *client) {
			c.must(c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.fields(":method", "GET")}))
		},
		"half a HEADERS frame": func(c *client) { c.peer.Write([]byte{0, 0, 8, 1, 4, 0, 0, 0, 1, 0x82}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := piped(t, newServer(nil))
				send(c)
				c.after(10*time.Second, http2.ErrCodeEnhanceYourCalm)
			})
		})
	}
	t.Run("a byte each second", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := piped(t, newServer(nil))
			began, stopped := time.Now(), make(chan bool)
			go func() {
				defer close(stopped)
				for _, b := range []byte{0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5} {
					if _, err := c.peer.Write([]byte{b}); err != nil {
						return
					}
					time.Sleep(time.Second) // of the bubble's: the drip is what is tested
				}
				t.Error("14 bytes of a frame were let drip for 14 seconds")
			}()
			c.thrownOut()
			if took := time.Since(began); took != 10*time.Second {
				t.Errorf("it took %v", took)
			}
			<-stopped
		})
	})
}

func TestAPrefaceMustComeInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, ours := net.Pipe()
		began := time.Now()
		served := make(chan bool)
		go func() {
			newServer(nil).Serve(&testConn{Conn: socket.New(ours)}, testClient)
			close(served)
		}()
		go peer.Write([]byte(preface[:10]))
		buf := make([]byte, 1<<10)
		for {
			if _, err := peer.Read(buf); err != nil {
				break
			}
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it took %v", took)
		}
		<-served
		peer.Close()
	})
}

// idle_timeout is that "between requests of a connection".
func TestAnIdleConnectionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := piped(t, newServer(func(r *message.Request, w message.ResponseWriter) { reply(w, 200, "fine") }))
		c.open(1, true, "GET", "/")
		c.body(1)
		synctest.Wait()
		c.after(75*time.Second, http2.ErrCodeNo)
	})
}

// PINGs that a client sends to keep its connection open do so.
func TestPingsKeepAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := piped(t, newServer(nil))
		for range 10 {
			time.Sleep(time.Minute)
			c.settle()
		}
		c.after(75*time.Second, http2.ErrCodeNo)
	})
}

// With a stream open the connection may rightly be silent; a PING asks whether
// the client lives.
func TestASilentClientIsAskedWhetherItLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan string, 1)
		c := piped(t, newServer(func(r *message.Request, w message.ResponseWriter) {
			<-canceled(w)
			told <- failureText(w.Gone())
		}))
		c.open(1, true, "GET", "/")
		began := time.Now()
		ping := func(e event) bool { return e.kind == http2.FramePing && !e.ack }
		for range 3 {
			e := c.want("a PING", ping)
			if took := time.Since(began); took != 75*time.Second {
				t.Errorf("a PING after %v", took)
			}
			c.must(c.WritePing(true, [8]byte([]byte(e.text))))
			began = time.Now()
		}
		c.want("a PING", ping)
		// This one is not answered.
		c.after(10*time.Second, 0xff)
		if f := <-told; f != "client body client_gone 0" {
			t.Errorf("the exchange failed with %s", f)
		}
	})
}

// body_timeout is "without progress in a request body".
func TestASilentBodyFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan string, 1)
		c := piped(t, newServer(func(r *message.Request, w message.ResponseWriter) {
			_, err := slurp(r.Body)
			told <- failureText(err)
			reply(w, 408, "")
		}))
		c.open(1, false, "POST", "/")
		time.Sleep(20 * time.Second)
		c.must(c.WriteData(1, false, []byte("progress")))
		began := time.Now()
		if f := <-told; f != "client body client_slow 0" {
			t.Errorf("it failed with %s", f)
		}
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("after %v", took)
		}
		c.head(1)
	})
}

// "Zero or tiny windows held for ever": body_timeout is also that of "a
// response the client doesn't read", and a byte now and then is no reading.
func TestAWindowHeldShutFails(t *testing.T) {
	for _, tt := range []struct {
		name  string
		every time.Duration
		grant uint32
		lives bool
	}{
		{"for ever", 0, 0, false},
		{"but for a byte each second", time.Second, 1, false},
		{"but for 4 KiB in all of the time", 10 * time.Second, 1365, false},
		{"but for more than that", 10 * time.Second, 2100, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testWindowHeldShut(t, tt.every, tt.grant, tt.lives) })
		})
	}
}

func testWindowHeldShut(t *testing.T, every time.Duration, grant uint32, lives bool) {
	const size = 20_000
	told := make(chan string, 1)
	s := newServer(func(r *message.Request, w message.ResponseWriter) {
		err := w.Start(&message.Response{Status: 200, Length: size})
		if err == nil {
			err = w.Write([]byte(strings.Repeat("x", size)))
		}
		told <- failureText(err)
		w.Abort(nil)
	})
	c := piped(t, s, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	c.open(1, true, "GET", "/")
	c.head(1)
	stop := make(chan bool)
	if every > 0 {
		go func() {
			tick := time.NewTicker(every)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					c.WriteWindowUpdate(1, grant)
				case <-stop:
					return
				}
			}
		}()
	}
	defer close(stop)
	if lives {
		c.want("all of it", func(e event) bool { return e.end })
		if f := <-told; f != "<nil>" {
			t.Errorf("it failed with %s", f)
		}
		return
	}
	began := time.Now()
	if code := c.reset(1); code != http2.ErrCodeCancel {
		t.Errorf("reset with %s", code)
	}
	if f := <-told; f != "client body client_slow 8" {
		t.Errorf("it failed with %s", f)
	}
	if took := time.Since(began); took < 30*time.Second || took > 60*time.Second {
		t.Errorf("after %v", took)
	}
	if n := s.Stats().Stalled; n != 1 {
		t.Errorf("%d stalled responses were counted", n)
	}
}

// deaf is a connection whose client does not read from some time on.
type deaf struct {
	net.Conn
	from chan bool // closed: nothing is read any more
}

func (d *deaf) Read(p []byte) (int, error) {
	select {
	case <-d.from:
		<-time.After(time.Hour)
	default:
	}
	return d.Conn.Read(p)
}

// A client that does not read its connection at all holds nothing for longer
// than body_timeout, however wide its windows are.
func TestAClientThatReadsNothingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan string, 3)
		s := newServer(func(r *message.Request, w message.ResponseWriter) {
			err := w.Start(&message.Response{Status: 200, Length: -1})
			for err == nil {
				err = w.Write(make([]byte, 32<<10))
			}
			told <- failureText(err)
		})
		peer, ours := net.Pipe()
		d := &deaf{peer, make(chan bool)}
		c := converse(t, s, ours, d, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 30})
		c.must(c.WriteWindowUpdate(0, 1<<30))
		began := time.Now()
		for id := uint32(1); id <= 5; id += 2 {
			c.open(id, true, "GET", "/")
		}
		c.head(5)
		close(d.from)
		for range 3 {
			if f := <-told; f != "client body client_slow 0" {
				t.Errorf("it failed with %s", f)
			}
		}
		// Something was taken within the first 30 seconds.
		if took := time.Since(began); took < 30*time.Second || took > 60*time.Second {
			t.Errorf("after %v", took)
		}
		<-c.served
	})
}
