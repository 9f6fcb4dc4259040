package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever answers at server.admin, a terminal obeys none of it.
func TestAnswersMoveNoCursor(t *testing.T) {
	const unseen = "done\u009b2J\u202e"
	for _, tt := range []struct {
		body string
		args []string
	}{
		{"\x1b]0;owned\x07" + unseen, []string{"upstream", "drain", "app", "10.0.0.2:3001"}},
		{"\x1b]0;owned\x07" + unseen, []string{"maintenance", "on", "shop.example.com"}},
		{`[{"site":"` + unseen + `"}]`, []string{"maintenance", "--json"}},
		{`{"file":"` + unseen + `"}`, []string{"reload", "--json"}},
		{`{"version":"` + unseen + `"}`, []string{"upgrade", "--json"}},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, tt.body) }))
		got, err := runCommandLine(t, s.Listener.Addr().String(), "", tt.args...)
		s.Close()
		if err != nil || !strings.Contains(got, "done") || strings.ContainsAny(got, "\x1b\x07\u009b\u202e") {
			t.Errorf("%q: %q, %v", tt.args, got, err)
		}
	}
}
