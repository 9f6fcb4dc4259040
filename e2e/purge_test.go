package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// "Purge by URL and prefix by the admin API; statistics."
func TestPurge(t *testing.T) {
	t.Parallel()
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		fmt.Fprint(w, "page "+r.URL.Path)
	})
	s := start(t, setup{
		server:    fmt.Sprintf("admin = %q\nstate_dir = %q\n", reserve(t), filepath.Join(t.TempDir(), "state")),
		upstreams: []string{up.address},
		site:      "[[site.route]]\npath = \"/\"\ncache = {}\n",
	})
	c := s.client()
	// visit asks for a page and reports whether a copy answered.
	visit := func(url string) bool {
		return strings.Contains(get(t, c, url).Header.Get("Cache-Status"), "; hit")
	}
	all := []string{secure + "/news/1", secure + "/news/2?a=b", secure + "/news/2", secure + "/about", plain + "/news/1"}
	for _, url := range all {
		if visit(url) || !visit(url) {
			t.Fatalf("%s is not kept", url)
		}
	}
	types := func(words ...string) result {
		return command(t, "", built, append(words, "--config", filepath.Join(s.dir, "sluice.toml"))...)
	}
	for _, tt := range []struct {
		words []string
		said  string
		gone  []string
	}{
		{[]string{"purge", secure + "/news/1"}, "2", []string{all[0], all[4]}}, // over http, too
		{[]string{"purge", secure + "/nobody/asked"}, "0", nil},
		{[]string{"purge", "--prefix", secure + "/news/2"}, "2", []string{all[1], all[2]}},
		{[]string{"purge", "--prefix", secure + "/"}, "5", all},
	} {
		r := types(tt.words...)
		if r.status != 0 || !strings.Contains(r.stdout, tt.said) {
			t.Errorf("%v: %+v", tt.words, r)
		}
		for _, url := range all {
			gone := false
			for _, g := range tt.gone {
				gone = gone || g == url
			}
			if kept := visit(url); kept == gone {
				t.Errorf("after %v: %s is kept: %v", tt.words, url, kept)
			}
		}
	}
	if r := types("purge", "mailto:shop@shop.test"); r.status != 1 || !strings.Contains(r.stderr, "is not the URL of a page") {
		t.Errorf("no URL: %+v", r)
	}
}
