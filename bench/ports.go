package main

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// freePorts returns n ports of 127.0.0.1 that nobody listens on. They lie below
// the range from which the kernel takes the local ports of outgoing
// connections, so that load of the round before cannot occupy them.
func freePorts(n int) ([]int, error) {
	const low, high, tries = 10240, 32768, 1000
	var ports []int
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	for range tries {
		port := low + rand.IntN(high-low)
		l, err := net.Listen("tcp4", address(port))
		if err != nil {
			continue
		}
		held = append(held, l)
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("no %d free ports of 127.0.0.1 in %d tries", n, tries)
}

// address is a port of the loopback address.
func address(port int) string {
	return fmt.Sprintf("127.0.0.1:%d", port)
}
