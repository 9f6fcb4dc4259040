package admin

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"time"
)

// pageFiles are the live page: nothing of it comes from elsewhere, so that it
// works on a machine without a way out.
//
//go:embed page
var pageFiles embed.FS

// pagePolicy lets the page run its own scripts and ask us, and nothing else:
// what a stranger has sent and the page shows can do nothing there (Content
// Security Policy Level 3).
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// isPage reports whether a path is one of the live page and its files. They hold
// no data: that is in what the page asks for.
func isPage(path string) bool { return path == "/" || strings.HasPrefix(path, "/page/") }

// asset is a file of the page.
type asset struct {
	body []byte
	kind string // Content-Type
	tag  string // ETag
}

// livePage answers with the page under "/" and with its files under "/page/".
func livePage() http.Handler {
	assets := assetsOf(pageFiles)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, known := assets[r.URL.Path]
		if !known {
			say(w, http.StatusNotFound, "the page has no such file")
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.kind)
		h.Set("Cache-Control", "no-cache") // another version of us may answer next time
		h.Set("ETag", a.tag)
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		// Not no-referrer, by which a browser may call its Origin "null": that would
		// be a foreign one.
		h.Set("Referrer-Policy", "same-origin")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
	})
}

// assetsOf returns the files of the page by the path that they are asked for.
func assetsOf(files embed.FS) map[string]asset {
	entries, err := files.ReadDir("page")
	if err != nil {
		panic("internal error: the page: " + err.Error())
	}
	assets := map[string]asset{}
	for _, e := range entries {
		body, err := files.ReadFile("page/" + e.Name())
		if err != nil {
			panic("internal error: the page: " + err.Error())
		}
		sum := sha256.Sum256(body)
		a := asset{body: body, kind: kindOf(e.Name()), tag: `"` + hex.EncodeToString(sum[:8]) + `"`}
		if e.Name() == "index.html" {
			assets["/"] = a
			continue
		}
		assets["/page/"+e.Name()] = a
	}
	return assets
}

// kindOf returns the Content-Type of a file. It does not ask the machine's
// table of types, which may know none or others.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	panic("internal error: the page has a file of an unknown kind: " + name)
}
