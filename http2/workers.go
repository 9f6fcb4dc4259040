package http2

import "sync"

// idleWorkers is how many goroutines wait for another stream, at most. Each
// keeps the 8 to 16 KiB of stack that an Exchange needs.
const idleWorkers = 256

// workers runs streams on goroutines that have run others before, because the
// stack of a new one has to grow several times in each Exchange: 7 % of the
// CPU of a request with 10 streams (perf: runtime.morestack). It keeps idle
// ones only as long as there are connections.
type workers struct {
	mu          sync.Mutex
	idle        []*worker // guarded by mu; the last is the one that was busy last
	connections int       // guarded by mu
}

// worker is a goroutine that runs one stream at a time.
type worker struct{ next chan *stream }

// enter notes a connection. It is left once.
func (w *workers) enter() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.connections++
}

// leave ends the idle goroutines with the last connection.
func (w *workers) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.connections--; w.connections > 0 {
		return
	}
	for _, one := range w.idle {
		close(one.next)
	}
	w.idle = nil
}

// run has st served, and returns at once.
func (w *workers) run(st *stream) {
	w.mu.Lock()
	if n := len(w.idle); n > 0 {
		one := w.idle[n-1]
		w.idle = w.idle[:n-1]
		w.mu.Unlock()
		one.next <- st // which has room: it is idle
		return
	}
	w.mu.Unlock()
	go w.work(st)
}

// work is the life of one goroutine: a stream, and others as they come.
func (w *workers) work(st *stream) {
	one := &worker{next: make(chan *stream, 1)}
	for {
		if !st.serve() || !w.rest(one) {
			return
		}
		next, more := <-one.next
		if !more {
			return
		}
		st = next
	}
}

// rest makes a goroutine an idle one, unless there are enough.
func (w *workers) rest(one *worker) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.connections == 0 || len(w.idle) == idleWorkers {
		return false
	}
	w.idle = append(w.idle, one)
	return true
}
