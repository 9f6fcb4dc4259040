package demo

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// What a sample does for long, and at most.
const (
	slowness   = 2 * time.Second
	maxDelay   = 30 * time.Second
	maxEvents  = 60
	eventPause = time.Second
)

// sampleField tells in every answer which sample gave it.
const sampleField = "X-Sample"

// handler returns all that a sample answers.
func (s *Sample) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", s.serveReport)
	mux.HandleFunc("/who", s.serveWho)
	mux.HandleFunc("/slow", s.serveSlow)
	mux.HandleFunc("/fail", s.serveFail)
	mux.HandleFunc("/echo", s.serveEcho)
	mux.HandleFunc("/stream", s.serveStream)
	mux.HandleFunc("/ws", s.serveWebSocket)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(sampleField, s.name)
		w.Header().Set("Cache-Control", "no-store")
		if r.URL.Path == "/healthz" {
			s.serveHealth(w)
			return
		}
		s.requests.Add(1)
		if s.behaves(w, r) {
			mux.ServeHTTP(w, r)
		}
	})
}

// behaves acts as the sample has been told to and reports whether the request
// is still to be answered.
func (s *Sample) behaves(w http.ResponseWriter, r *http.Request) bool {
	switch s.Behaviour() {
	case Fail:
		http.Error(w, "sample "+s.name+" was told to fail", http.StatusServiceUnavailable)
		return false
	case Slow:
		return pause(r, slowness)
	}
	return true
}

// serveHealth answers health checks. A slow sample stays healthy, so that its
// slowness can be seen.
func (s *Sample) serveHealth(w http.ResponseWriter) {
	if s.Behaviour() == Fail {
		http.Error(w, "told to fail", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "healthy\n")
}

// serveWho answers in one short line.
func (s *Sample) serveWho(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, s.name+", request "+strconv.FormatUint(s.Requests(), 10)+"\n")
}

// serveSlow answers after ?ms= milliseconds.
func (s *Sample) serveSlow(w http.ResponseWriter, r *http.Request) {
	ms, err := strconv.Atoi(r.URL.Query().Get("ms"))
	if err != nil || ms < 0 || ms > int(maxDelay/time.Millisecond) {
		http.Error(w, "ms must be between 0 and "+strconv.Itoa(int(maxDelay/time.Millisecond)), http.StatusBadRequest)
		return
	}
	if pause(r, time.Duration(ms)*time.Millisecond) {
		s.serveReport(w, r)
	}
}

// serveFail answers with ?status=, 500 without.
func (s *Sample) serveFail(w http.ResponseWriter, r *http.Request) {
	status := http.StatusInternalServerError
	if text := r.URL.Query().Get("status"); text != "" {
		var err error
		status, err = strconv.Atoi(text)
		if err != nil || status < 400 || status > 599 {
			http.Error(w, "status must be between 400 and 599", http.StatusBadRequest)
			return
		}
	}
	http.Error(w, "sample "+s.name+" was asked to fail", status)
}

// serveEcho sends the body back as it comes.
func (s *Sample) serveEcho(w http.ResponseWriter, r *http.Request) {
	// Without it the server ends the request body at the first byte written.
	_ = http.NewResponseController(w).EnableFullDuplex()
	if t := r.Header.Get("Content-Type"); t != "" {
		w.Header().Set("Content-Type", t)
	} else {
		w.Header().Set("Content-Type", "application/octet-stream")
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = io.Copy(w, r.Body)
}

// pause waits and reports whether the client still does.
func pause(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
