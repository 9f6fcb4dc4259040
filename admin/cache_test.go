package admin

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// post sends a body to an action, on a connection of its own.
func (r *running) post(path, body string, fields ...string) (status int, said string) {
	r.t.Helper()
	c := r.dial()
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\n%s\r\n%s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		path, onThisMachine, strings.Join(append(fields, "X-Test: 1"), "\r\n"), len(body), body)
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	all, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, string(all)
}

// "POST /cache/purge {"url":..., "prefix":bool} → JSON {"purged": n}", "GET
// /cache → statistics JSON".
func TestCache(t *testing.T) {
	var asked []string
	r := run(t, Options{
		Cache: func() any { return map[string]int{"hits": 7} },
		Purge: func(url string, prefix bool) (int, error) {
			asked = append(asked, fmt.Sprint(url, " ", prefix))
			if url == "x" {
				return 0, errors.New("x is not a URL")
			}
			return 3, nil
		},
	})
	if response, body := r.ask("GET /cache", onThisMachine); response.StatusCode != 200 || body != "{\n  \"hits\": 7\n}\n" {
		t.Errorf("/cache: %d %q", response.StatusCode, body)
	}
	for _, tt := range []struct {
		body   string
		fields []string
		status int
		said   string
	}{
		{`{"url":"https://a/","prefix":true}`, []string{byACommand}, 200, "{\n  \"purged\": 3\n}\n"},
		{`{"url":"https://a/b"}`, []string{byACommand}, 200, "{\n  \"purged\": 3\n}\n"},
		{`{"url":"x"}`, []string{byACommand}, 409, "x is not a URL\n"},
		{`{"prefix":true}`, []string{byACommand}, 400, ""},
		{`{"url":"https://a/","prefx":true}`, []string{byACommand}, 400, ""}, // it would purge too little
		{`{"url":"https://a/","prefix":"yes"}`, []string{byACommand}, 400, ""},
		{`{"url":`, []string{byACommand}, 400, ""},
		{``, []string{byACommand}, 400, ""},
		{`{"url":"` + strings.Repeat("x", maxBody) + `"}`, []string{byACommand}, 413, ""},
		{`{"url":"https://a/"}`, nil, 403, ""},
		{`{"url":"https://a/"}`, []string{byACommand, "Origin: null"}, 403, ""},
	} {
		status, said := r.post("/cache/purge", tt.body, tt.fields...)
		if status != tt.status || tt.said != "" && said != tt.said {
			t.Errorf("%.60s: %d %q, want %d %q", tt.body, status, said, tt.status, tt.said)
		}
	}
	if got, want := strings.Join(asked, "|"), "https://a/ true|https://a/b false|x false"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

// "the admin API answers 501/"the cache is off"".
func TestACacheThatIsOff(t *testing.T) {
	r := run(t, Options{})
	if response, body := r.ask("GET /cache", onThisMachine); response.StatusCode != 501 || body != "the cache is off\n" {
		t.Errorf("/cache: %d %q", response.StatusCode, body)
	}
	if status, said := r.post("/cache/purge", `{"url":"https://a/"}`, byACommand); status != 501 || said != "the cache is off\n" {
		t.Errorf("purge: %d %q", status, said)
	}
}

// What the guard lets through to be done, somebody does.
func TestEveryActionIsKnownToTheGuard(t *testing.T) {
	all := actions(Options{})
	for path := range all {
		if !isAction(path) {
			t.Errorf("%s: a GET would do it", path)
		}
	}
	if len(all) != 9 || isAction("/metrics") || isAction("") {
		t.Errorf("%d actions", len(all))
	}
}
