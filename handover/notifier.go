package handover

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Notifier tells the service manager what we do, by datagrams to a Unix socket
// (sd_notify(3)). The zero Notifier tells nobody. Its methods may be called by
// any goroutine. Their errors are for the log: whoever serves goes on serving.
type Notifier struct {
	address string // "": nobody listens
}

const (
	// notifyPatience is how long a datagram may wait for room in the manager's
	// queue. It is short: a manager that hangs must not hold us up.
	notifyPatience = 2 * time.Second
	// longestStatus bounds a status, which a person reads in one line. The
	// manager takes a few KiB.
	longestStatus = 512
)

// newNotifier returns the Notifier of a NOTIFY_SOCKET: a path, or an abstract
// name that begins with "@" (unix(7)). The error says that the address is of a
// kind that this machine's processes are not reached by.
func newNotifier(address string) (Notifier, error) {
	if address == "" {
		return Notifier{}, nil
	}
	if address[0] != '/' && address[0] != '@' {
		return Notifier{}, fmt.Errorf("NOTIFY_SOCKET: %q is neither a path nor an abstract name", shorten(address))
	}
	return Notifier{address: address}, nil
}

// On reports whether anybody listens.
func (n Notifier) On() bool { return n.address != "" }

// Ready tells that we serve, and what in a few words: at the start, and when
// what Reloading announced is done.
func (n Notifier) Ready(status string) error { return n.send("READY=1", statusLine(status)) }

// Status tells what we do now, for people who ask how we are.
func (n Notifier) Status(status string) error { return n.send(statusLine(status)) }

// Reloading tells that a reload has begun, of which Ready tells the end. It
// says when, by the clock that the manager compares with, as units of
// Type=notify-reload need it.
func (n Notifier) Reloading() error {
	lines := []string{"RELOADING=1"}
	if now, ok := monotonic(); ok {
		lines = append(lines, "MONOTONIC_USEC="+microseconds(now))
	}
	return n.send(lines...)
}

// Stopping tells that we let Exchanges finish and end then, which may take as
// long as within: the manager waits that long, whatever its unit says.
func (n Notifier) Stopping(status string, within time.Duration) error {
	return n.send("STOPPING=1", statusLine(status), "EXTEND_TIMEOUT_USEC="+microseconds(within))
}

// Alive feeds the manager's watchdog.
func (n Notifier) Alive() error { return n.send("WATCHDOG=1") }

// MainPID tells that another process is the service from now on. Only the one
// that has been so far is believed.
func (n Notifier) MainPID(pid int) error { return n.send("MAINPID=" + strconv.Itoa(pid)) }

// send sends one datagram. Each has a socket of its own: they are rare, and a
// manager that was started anew listens at the same address.
func (n Notifier) send(lines ...string) error {
	if !n.On() {
		return nil
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.address, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	defer c.Close()
	c.SetWriteDeadline(time.Now().Add(notifyPatience))
	if _, err := c.Write([]byte(strings.Join(lines, "\n"))); err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	return nil
}

// statusLine is the assignment of a status. A line's end within would begin
// another assignment.
func statusLine(status string) string {
	if len(status) > longestStatus {
		status = status[:longestStatus]
	}
	status = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(status, ""))
	return "STATUS=" + status
}

// microseconds is how the protocol writes times.
func microseconds(d time.Duration) string { return strconv.FormatInt(max(d, 0).Microseconds(), 10) }
