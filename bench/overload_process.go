package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// restLimit is how long an app server may take to work off its whole queue.
const restLimit = 30 * time.Second

// startAppServer starts an origin that has an app server's capacity. Its three
// ports lead to the same workers.
func (b *bench) startAppServer(ctx context.Context, pin cores) (*origin, error) {
	dir, err := os.MkdirTemp(b.dir, "app-")
	if err != nil {
		return nil, fmt.Errorf("app server's folder: %w", err)
	}
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("path of the bench itself: %w", err)
	}
	var list []string
	for _, port := range ports {
		list = append(list, strconv.Itoa(port))
	}
	c := command{
		name: "app server",
		argv: []string{self, workersCommand, "-ports", strings.Join(list, ",")},
		// A worker sleeps in a system call. With a processor for each, nobody
		// waits until the runtime notices.
		env: []string{fmt.Sprintf("GOMAXPROCS=%d", appServer().Workers+4)},
		dir: dir,
		out: filepath.Join(dir, "output.txt"),
		pin: pin,
	}
	started, err := c.start(b.tools.taskset)
	if err != nil {
		return nil, err
	}
	for _, port := range ports {
		if err := awaitAnswer(ctx, started, newProbe(port)); err != nil {
			return nil, stopAfter(started, err)
		}
	}
	return &origin{process: started, ports: ports}, nil
}

// appTally asks the app server what it has done so far.
func (m *measurement) appTally(ctx context.Context) (workTally, error) {
	var t workTally
	conn, err := newProbe(m.setup.Origins[0]).dial(ctx)
	if err != nil {
		return t, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(probeTimeout)); err != nil {
		return t, err
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", tallyPath, benchHost); err != nil {
		return t, err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return t, fmt.Errorf("the app server's tally: %w", err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&t); err != nil {
		return t, fmt.Errorf("the app server's tally: %w", err)
	}
	return t, nil
}

// awaitRest waits until the app server has nothing left to do of what the
// measurement before gave it.
func (m *measurement) awaitRest(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, restLimit)
	defer cancel()
	for {
		t, err := m.appTally(ctx)
		if err != nil {
			return err
		}
		if t.Inside == 0 {
			return nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("the app server has still %d requests: %w", t.Inside, err)
		}
	}
}
