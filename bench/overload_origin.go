package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// workersCommand is the first argument of a bench that is an app server and
// nothing else, in a process of its own on the origin's core.
const workersCommand = "workers"

// tallyPath is where an app server tells what its workers did.
const tallyPath = "/tally"

// runWorkers is the app server's process: it serves until it is told to stop.
func runWorkers(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet(workersCommand, flag.ContinueOnError)
	list := flags.String("ports", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	a := &app{workers: newWorkers(appServer(), sleepUntil)}
	var listeners []net.Listener
	for port := range strings.SplitSeq(*list, ",") {
		l, err := net.Listen("tcp4", "127.0.0.1:"+port)
		if err != nil {
			return err
		}
		listeners = append(listeners, l)
	}
	a.serve(ctx, listeners)
	return nil
}

// app is an HTTP/1.1 server in front of workers: as little as will do, because
// a flood that a proxy lets through must not find it slower than its workers.
type app struct {
	workers *workers
}

// serve answers until it is canceled.
func (a *app) serve(ctx context.Context, listeners []net.Listener) {
	var working, accepting, connections sync.WaitGroup
	working.Go(func() { a.workers.run(ctx) }) // ends when waiting is closed
	for _, l := range listeners {
		accepting.Go(func() { // ends when the listener is closed
			for {
				conn, err := l.Accept()
				if errors.Is(err, net.ErrClosed) {
					return
				}
				if err != nil {
					time.Sleep(time.Millisecond) // no descriptor is left; the proxy waits
					continue
				}
				connections.Go(func() { a.converse(ctx, conn) }) // ends with the connection or ctx
			}
		})
	}
	<-ctx.Done()
	for _, l := range listeners {
		l.Close()
	}
	accepting.Wait()
	connections.Wait()
	close(a.workers.waiting) // now that nobody sends
	working.Wait()
}

// The answers of an app.
var (
	appAnswer = appResponse("200 OK", "application/json", smallJSON())
	appFull   = appResponse("503 Service Unavailable", "text/plain", "the queue is full\n")
)

// appResponse is a whole response. Nobody may keep it, so that no cache can
// answer for the workers.
func appResponse(status, kind, body string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nCache-Control: no-store\r\n\r\n%s", status, kind, len(body), body)
}

// converse answers one request after another.
func (a *app) converse(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	reader := bufio.NewReaderSize(conn, 1024)
	done := make(chan struct{}, 1)
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		if _, err := conn.Write(a.answer(request, done)); err != nil {
			return
		}
	}
}

// answer is what a request gets after its time at a worker.
func (a *app) answer(request *http.Request, done chan struct{}) []byte {
	if request.URL.Path == tallyPath {
		text, err := json.Marshal(a.workers.tally())
		if err != nil {
			panic("internal error: " + err.Error())
		}
		return appResponse("200 OK", "application/json", string(text))
	}
	j := job{came: time.Now(), done: done}
	if due, err := strconv.ParseInt(request.Header.Get(dueField), 10, 64); err == nil {
		j.due = time.Unix(0, due)
	}
	if !a.workers.admit(j) {
		return appFull
	}
	<-done
	return appAnswer
}
