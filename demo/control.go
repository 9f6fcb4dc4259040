package demo

import (
	"embed"
	"encoding/json"
	"net/http"
)

// controlPage holds the control page. (It is a variable only because go:embed knows
// no constants; nothing writes to it.)
//
//go:embed control.html control.css control.js
var controlPage embed.FS

// state is what the control page polls.
type state struct {
	Proxy   string        `json:"proxy"` // "" until Visit was called
	Samples []sampleState `json:"samples"`
}

type sampleState struct {
	Name      string    `json:"name"`
	Address   string    `json:"address"`
	Behaviour Behaviour `json:"behaviour"`
	Requests  uint64    `json:"requests"`
}

// control returns the handler of the control listener.
func (d *Demo) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", servePart("control.html", "text/html; charset=utf-8"))
	mux.HandleFunc("GET /control.css", servePart("control.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /control.js", servePart("control.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /state", d.serveState)
	mux.HandleFunc("POST /samples/{name}/{behaviour}", d.serveCommand)
	mux.HandleFunc("POST /visit", d.serveVisit)
	return guarded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		// frame-ancestors: a foreign page must not put its own picture over
		// our buttons.
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; "+
			"connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		mux.ServeHTTP(w, r)
	}))
}

// servePart serves one embedded file.
func servePart(name, contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		content, err := controlPage.ReadFile(name)
		if err != nil {
			panic("internal error: " + err.Error())
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(content)
	}
}

func (d *Demo) serveState(w http.ResponseWriter, _ *http.Request) {
	s := state{}
	if v := d.visitor.Load(); v != nil {
		s.Proxy = v.url
	}
	for _, one := range d.samples {
		s.Samples = append(s.Samples, sampleState{one.name, one.address, one.Behaviour(), one.Requests()})
	}
	serveJSON(w, s)
}

func (d *Demo) serveCommand(w http.ResponseWriter, r *http.Request) {
	b, known := parseBehaviour(r.PathValue("behaviour"))
	if !known {
		http.Error(w, "a sample can be told: ok, slow, fail, die", http.StatusNotFound)
		return
	}
	s := d.Sample(r.PathValue("name"))
	if s == nil {
		http.Error(w, "the samples are: one, two, three", http.StatusNotFound)
		return
	}
	if err := s.Behave(b); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	serveJSON(w, sampleState{s.name, s.address, s.Behaviour(), s.Requests()})
}

func (d *Demo) serveVisit(w http.ResponseWriter, r *http.Request) {
	v := d.visitor.Load()
	if v == nil {
		http.Error(w, "no proxy to visit", http.StatusConflict)
		return
	}
	serveJSON(w, v.visit(r.Context()))
}

func serveJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
