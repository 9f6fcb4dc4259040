package listener

import (
	"context"
	"net"
	"time"
)

// Listen binds address, to be given to New.
func Listen(ctx context.Context, network, address string) (net.Listener, error) {
	lc := net.ListenConfig{
		// Requests have deadlines of their own; this is for tunnels, whose
		// peer may be gone without a word.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4},
	}
	// Go listens for MPTCP by default. Its accepted sockets are slower and
	// take fewer options.
	lc.SetMultipathTCP(false)
	return lc.Listen(ctx, network, address)
}
