package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// originRequests is how many requests the origin has had on all its ports, the
// questions for it among them.
func originRequests(ctx context.Context, ports []int) (int64, error) {
	text, err := readCount(ctx, probe{port: ports[0], host: benchHost, path: countPath})
	if err != nil {
		return 0, fmt.Errorf("count at the origin: %w", err)
	}
	return parseStubStatus(text)
}

// readCount is what the origin says of itself.
func readCount(ctx context.Context, p probe) (string, error) {
	const most = 4 << 10
	conn, err := p.dial(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	resp, err := p.send(conn)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, most))
	return string(text), err
}

// parseStubStatus reads the requests in what nginx's stub_status says: the last
// of the three numbers in the line below "server accepts handled requests".
func parseStubStatus(text string) (int64, error) {
	_, after, found := strings.Cut(text, "server accepts handled requests\n")
	line, _, _ := strings.Cut(after, "\n")
	numbers := strings.Fields(line)
	if !found || len(numbers) != 3 {
		return 0, fmt.Errorf("count at the origin: no requests in %.200q", text)
	}
	n, err := strconv.ParseInt(numbers[2], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("count at the origin: %w", err)
	}
	return n, nil
}
