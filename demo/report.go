package demo

import (
	"encoding/json"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// report is what a sample saw of a request.
type report struct {
	Sample  string            `json:"sample"`
	Request uint64            `json:"request"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Host    string            `json:"host"`
	From    string            `json:"from"`
	Headers map[string]string `json:"headers"`
}

// serveReport tells what the sample saw: as a page to browsers, and as JSON.
func (s *Sample) serveReport(w http.ResponseWriter, r *http.Request) {
	p := report{
		Sample: s.name, Request: s.Requests(),
		Method: r.Method, Path: r.URL.RequestURI(), Host: r.Host, From: r.RemoteAddr,
		Headers: make(map[string]string, len(r.Header)),
	}
	for name, values := range r.Header {
		p.Headers[name] = strings.Join(values, ", ")
	}
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
		_, _ = w.Write(p.page())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(p)
}

// page renders the report for people.
func (p report) page() []byte {
	var b strings.Builder
	b.WriteString(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Sample ` + p.Sample + `</title><link rel="icon" href="data:,">
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:8vh auto;padding:0 1.5rem}
h1{line-height:1.2;margin-bottom:.25rem}table{border-collapse:collapse;width:100%;margin-top:1.5rem;font-size:.9rem}
td{border-top:1px solid #8885;padding:.35rem 1rem .35rem 0;vertical-align:top;overflow-wrap:anywhere}
td:first-child{white-space:nowrap;opacity:.7}</style></head><body>
<h1>Sample ` + p.Sample + `</h1><p>This is request ` + strconv.FormatUint(p.Request, 10) +
		` of this sample. Reload: the next sample answers.</p><table>`)
	row := func(name, value string) {
		b.WriteString("<tr><td>" + html.EscapeString(name) + "</td><td>" + html.EscapeString(value) + "</td></tr>\n")
	}
	row("request", p.Method+" "+p.Path)
	row("Host", p.Host)
	row("from", p.From)
	for _, name := range sortedKeys(p.Headers) {
		row(name, p.Headers[name])
	}
	b.WriteString("</table></body></html>\n")
	return []byte(b.String())
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
